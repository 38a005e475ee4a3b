//! Searches its own memory for a text: `{"reversed": "...", "url"?, "variable"?}`.
//!
//! The text comes reversed, so that asking does not put it there. With `url` it is searched after a request that
//! bears the credential of that variable.

use std::env;

use pocket_tool::http;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Input {
    reversed: String,
    url: Option<String>,
    #[serde(default = "usual")]
    variable: String,
}

fn usual() -> String {
    "SLACK_BOT_TOKEN".to_owned()
}

fn main() {
    let input: Input = programs::input();
    let token = env::var(&input.variable).unwrap_or_default();
    let reply = input.url.map(|url| match http::get(url).bearer(&token).send() {
        Ok(reply) => format!("{} {}", reply.status(), reply.text().unwrap_or_default()),
        Err(error) => error.to_string(),
    });
    let size = core::arch::wasm32::memory_size(0) * 65536;
    // SAFETY: none by Rust's rules; every address of linear memory can be read, and nothing else runs.
    let memory = unsafe { std::slice::from_raw_parts(std::ptr::without_provenance::<u8>(1), size - 1) };
    let found = memory
        .windows(input.reversed.len())
        .filter(|at| at.iter().eq(input.reversed.as_bytes().iter().rev()));
    programs::output(json!({ "searched": size, "found": found.count(), "token_length": token.len(), "reply": reply }));
}
