//! Posts a message to a Slack channel.

use pocket_tool::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Input {
    channel: String,
    text: String,
    /// The thread to answer in.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Output {
    channel: String,
    ts: String,
    message: Value,
}

fn run(input: Input) -> Result<Output, Error> {
    if input.text.trim().is_empty() {
        return Err(Error::invalid_input("`text` is empty"));
    }
    slack_api::post("chat.postMessage", &input)
}

pocket_tool::export!(run);
