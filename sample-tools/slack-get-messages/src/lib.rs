//! Gets recent messages of a Slack channel, page by page.

use pocket_tool::{Error, progress};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Slack advises no more than 200 messages a page.
const PAGE: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    channel: String,
    #[serde(default = "default_limit")]
    limit: u32,
    oldest: Option<String>,
    latest: Option<String>,
    cursor: Option<String>,
}

fn default_limit() -> u32 {
    100
}

#[derive(Serialize)]
struct Output {
    /// Newest first, as Slack gives them.
    messages: Vec<Value>,
    has_more: bool,
    /// Where the next call goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Arguments<'a> {
    channel: &'a str,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

#[derive(Deserialize)]
struct History {
    messages: Vec<Value>,
    response_metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    next_cursor: String,
}

fn run(input: Input) -> Result<Output, Error> {
    let limit = input.limit as usize;
    let mut messages = Vec::new();
    let mut cursor = input.cursor;
    loop {
        let left = limit.saturating_sub(messages.len());
        if left == 0 {
            break;
        }
        let page: History = slack_api::get(
            "conversations.history",
            &Arguments {
                channel: &input.channel,
                limit: u32::try_from(left).unwrap_or(PAGE).min(PAGE),
                oldest: input.oldest.as_deref(),
                latest: input.latest.as_deref(),
                cursor: cursor.as_deref(),
            },
        )?;
        messages.extend(page.messages);
        cursor = page
            .response_metadata
            .map(|m| m.next_cursor)
            .filter(|cursor| !cursor.is_empty());
        progress(messages.len() as f64, f64::from(input.limit), "reading messages");
        if cursor.is_none() {
            break;
        }
    }
    Ok(Output {
        messages,
        has_more: cursor.is_some(),
        next_cursor: cursor,
    })
}

pocket_tool::export!(run);
