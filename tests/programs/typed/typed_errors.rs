//! Fails as it is told: `{"error": "invalid-input" | "unauthorized" | "rate-limited" | "failed" | "panic", "text"?, "seconds"?}`.

use pocket_tool::Error;
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    error: Option<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    seconds: u32,
}

fn run(input: Input) -> Result<String, Error> {
    match input.error.as_deref() {
        None => Ok(input.text),
        Some("invalid-input") => Err(Error::invalid_input(input.text)),
        Some("unauthorized") => Err(Error::unauthorized(input.text)),
        Some("rate-limited") => Err(Error::rate_limited(input.seconds)),
        Some("failed") => Err(Error::failed(input.text)),
        Some("panic") => panic!("{}", input.text),
        Some(other) => Err(Error::invalid_input(format!("no such error: `{other}`"))),
    }
}

pocket_tool::export!(run);
