//! A function of this program as a tool, signed in to Slack.
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
//! Then `cargo run -p pocket-runtime --example function_tool -- C0123456789` prints where to sign in, waits, and prints the
//! channel's messages.
#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use std::{env, error::Error, fmt::Display};

use pocket_runtime::{Call, FunctionError, FunctionTool, Pocket, Secret};
use reqwest::{StatusCode, Url, header::RETRY_AFTER};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the tool is called with.
#[derive(Deserialize, JsonSchema)]
struct GetMessages {
    /// The Slack channel to be fetched.
    channel: String,
    /// How many messages at most.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
}

const fn ten() -> u32 {
    10
}

fn slack_get_messages() -> FunctionTool {
    let slack = reqwest::Client::new();
    let description = "Get recent messages from a Slack channel.";
    FunctionTool::new(
        "slack_get_messages",
        description,
        move |args: GetMessages, call: Call| {
            let slack = slack.clone();
            async move { history(&slack, &args, &call.credential("SLACK_BOT_TOKEN")?).await }
        },
    )
    .auth_provider("slack")
    .scopes([
        "channels:history",
        "im:history",
        "mpim:history",
        "groups:history",
        "mpim:read",
        "im:read",
    ])
}

/// Slack's `conversations.history`.
async fn history(slack: &reqwest::Client, args: &GetMessages, token: &Secret) -> Result<Value, FunctionError> {
    let api = env::var("SLACK_API_URL").unwrap_or_else(|_not_set| "https://slack.com/api".to_owned());
    let arguments = [("channel", args.channel.clone()), ("limit", args.limit.to_string())];
    let url = Url::parse_with_params(&format!("{api}/conversations.history"), arguments).map_err(failed)?;
    let reply = slack
        .get(url)
        .bearer_auth(token.expose())
        .send()
        .await
        .map_err(failed)?;
    let status = reply.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = reply
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(FunctionError::RateLimited(seconds.unwrap_or(60)));
    }
    let text = reply.text().await.map_err(failed)?;
    let mut reply: Value =
        serde_json::from_str(&text).map_err(|_not_json| failed(format!("Slack answered {status}")))?;
    match reply["error"].as_str() {
        None => Ok(reply["messages"].take()),
        Some(error @ ("invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive")) => {
            Err(FunctionError::Unauthorized(error.to_owned()))
        }
        Some("channel_not_found") => Err(FunctionError::InvalidInput(format!(
            "Slack knows no channel `{}`",
            args.channel
        ))),
        Some(error) => Err(FunctionError::Failed(error.to_owned())),
    }
}

fn failed(error: impl Display) -> FunctionError {
    FunctionError::Failed(error.to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let channel = env::args()
        .nth(1)
        .ok_or("say which channel: its id, such as C0123456789")?;
    // `reqwest` is built here without a TLS provider of its own; with its default features this line is not needed.
    let _ = rustls::crypto::ring::default_provider().install_default();

    let pocket = Pocket::builder()
        .project(".")
        .function(slack_get_messages())
        .build()
        .await?;

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
