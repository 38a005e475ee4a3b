//! What serde says of a setting that is wrong, in words for who wrote it.

use crate::base::{nearest::nearest, word::in_plain_words};

/// What would mend it.
pub(super) fn hint(text: &str, message: &str) -> Option<String> {
    if text.lines().any(|line| line.starts_with("<<<<<<< ")) {
        return Some("solve the merge conflict in it first".to_owned());
    }
    nearest_key(message).or_else(|| {
        let wants_text = message.starts_with("invalid type: ") && message.ends_with("expected a string");
        wants_text.then(|| "write it as text, in double quotes".to_owned())
    })
}

/// Line and column, both from 1, of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// serde quotes the value it could not use, and in `.secrets.toml` that value may be a secret.
pub(super) fn message_without_values(message: &str) -> String {
    let message = in_plain_words(message);
    let shown = message.lines().next().unwrap_or_default();
    if let Some((_value, known)) = shown
        .strip_prefix("unknown word `")
        .and_then(|rest| rest.rsplit_once("`, expected "))
    {
        return format!("this is no word that is known here, expected {known}");
    }
    if let Some(rest) = shown
        .strip_prefix("invalid type: ")
        .or_else(|| shown.strip_prefix("invalid value: "))
    {
        let kind = rest.split([' ', ',', '`', '"']).next().unwrap_or_default();
        let expected = rest
            .rsplit_once(", expected ")
            .map_or("something else", |(_, expected)| expected);
        let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        return format!("this is {article} {kind}, expected {expected}");
    }
    shown.to_owned()
}

/// The known key that an unknown one most likely meant.
fn nearest_key(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    Some(match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    })
}
