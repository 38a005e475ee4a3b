//! Sends one request and says what came of it.
//!
//! `{"url", "method"?, "headers"?: {}, "body"?, "follow"?, "token"?, "timeout_ms"?, "fail"?}`. In URL, headers and body `{token}` stands
//! for the variable that `token` names. With `"fail": true` an error is the program's own end.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use pocket_tool::http::{Error, Request};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Input {
    url: String,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    follow: u8,
    token: Option<String>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    fail: bool,
}

fn get() -> String {
    "GET".to_owned()
}

fn main() -> ExitCode {
    let input: Input = programs::input();
    let token = input.token.as_deref().map(programs::token);
    let filled = |text: &str| {
        token
            .as_ref()
            .map_or_else(|| text.to_owned(), |token| text.replace("{token}", token))
    };
    let mut request = Request::new(&input.method, filled(&input.url)).follow(input.follow);
    for (name, value) in &input.headers {
        request = request.header(name, filled(value));
    }
    if let Some(timeout) = input.timeout_ms {
        request = request.timeout(Duration::from_millis(timeout));
    }
    if let Some(body) = &input.body {
        request = request.body(filled(body));
    }
    match exchange(request) {
        Ok(reply) => programs::output(reply),
        Err(error) if input.fail => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            let denied = matches!(error, Error::Denied(_));
            programs::output(json!({ "denied": denied, "error": error.to_string() }));
        }
    }
    ExitCode::SUCCESS
}

fn exchange(request: Request) -> Result<serde_json::Value, Error> {
    let response = request.send()?;
    let status = response.status();
    let headers: BTreeMap<_, _> = response.headers().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Ok(json!({ "status": status, "headers": headers, "body": response.text()? }))
}
