//! Gives away the token in every encoding, in pieces and in log lines: `{"variable": "SLACK_BOT_TOKEN"}`.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn each(token: &str, form: impl Fn(u8) -> String) -> String {
    token.bytes().map(form).collect()
}

/// Base64 with nothing, one byte and two bytes before the token.
fn at_each_offset(token: &str, engine: &impl Engine) -> Vec<String> {
    ["", "a", "ab"]
        .map(|before| engine.encode(format!("{before}{token}~~")))
        .to_vec()
}

fn main() -> io::Result<()> {
    let input: Value = programs::input();
    let token = programs::token(input["variable"].as_str().unwrap_or("SLACK_BOT_TOKEN"));
    let (left, right) = token.split_at(token.len() / 2);
    let mut log = io::stderr();
    writeln!(log, "in one line: {token}")?;
    write!(log, "in two writes: {left}")?;
    log.flush()?;
    writeln!(log, "{right}")?;
    writeln!(log, "in two lines: {left}\n{right}")?;
    programs::output(json!({
        "raw": token,
        "within": format!("before {token} after"),
        "percent": each(&token, |b| format!("%{b:02X}")),
        "hex": each(&token, |b| format!("{b:02x}")),
        "upper_hex": each(&token, |b| format!("{b:02X}")),
        "json_escaped": each(&token, |b| format!("\\u{b:04x}")),
        "base64": at_each_offset(&token, &STANDARD),
        "base64url": at_each_offset(&token, &URL_SAFE_NO_PAD),
        "pieces": [left, right],
        "key": { token.clone(): 1 },
    }));
    Ok(())
}
