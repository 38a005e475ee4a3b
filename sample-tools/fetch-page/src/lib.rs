//! Fetches a page and gives its text.

mod html;

use pocket_tool::{Error, http};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    url: String,
    #[serde(default = "default_length")]
    max_characters: usize,
}

fn default_length() -> usize {
    20_000
}

#[derive(Serialize)]
struct Output {
    status: u16,
    content_type: String,
    text: String,
    /// Whether there was more text than was asked for.
    cut: bool,
}

fn run(input: Input) -> Result<Output, Error> {
    let response = http::get(&input.url)
        .header("accept", "text/html, text/plain;q=0.9, */*;q=0.1")
        .follow(5)
        .send()?;
    let response = response.error_for_status()?;
    let status = response.status();
    let content_type = response.header("content-type").unwrap_or_default().to_owned();
    let page = response.text()?;
    let page = if content_type.contains("html") {
        html::text(&page)
    } else {
        page
    };
    let text: String = page.chars().take(input.max_characters).collect();
    Ok(Output {
        status,
        content_type,
        cut: text.len() < page.len(),
        text,
    })
}

pocket_tool::export!(run);
