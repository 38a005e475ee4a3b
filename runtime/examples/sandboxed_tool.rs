//! A tool from a folder or a git repository, run in the sandbox and signed in to Slack.
//!
//! Register an app at Slack with the redirect URI `https://localhost:8976/auth/slack/callback`, and write its client into
//! `.secrets.toml` of the folder in which this runs:
//!
//! ```toml
//! [auth.slack]
//! client_id = "..."
//! client_secret = "..."
//! ```
//!
//! Then `cargo run -p pocket-runtime --example sandboxed_tool -- sample-tools/slack-get-messages C0123456789` (or with the URL
//! of a git repository) prints where to sign in, waits, and prints the channel's messages.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::{env, error::Error};

use pocket_runtime::Pocket;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let source = args
        .next()
        .ok_or("say where the tool is: `your/local/tool`, or the URL of a git repository")?;
    let channel = args.next().ok_or("say which channel: its id, such as C0123456789")?;

    // Naming the tool here grants it the credential of the provider that its `pocket.json` names.
    let pocket = Pocket::builder().project(".").tool(source).build().await?;

    // The user opens each of these URLs in a browser.
    for sign_in in pocket.initialize_tool_auth().await? {
        println!("{}", sign_in.url);
    }
    pocket.wait_tool_auth().await?;

    let output = pocket
        .invoke("slack_get_messages", json!({ "channel": channel, "limit": 10 }))
        .await?;
    println!("{:#}", output.value.into_json());
    Ok(())
}
