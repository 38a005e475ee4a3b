//! The ways in which a secret is written, told apart from the code that looks for them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

/// A text that stands in an input for what no input knows beforehand: its name in braces, and its value.
pub(super) type Mark = (&'static str, Vec<u8>);

/// What a test's input says with each mark replaced by its value.
pub(super) fn filled(template: &[u8], marks: &[Mark]) -> Vec<u8> {
    let mut out = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some((&first, after)) = rest.split_first() {
        let found = marks.iter().find(|(name, _)| rest.starts_with(name.as_bytes()));
        if let Some((name, value)) = found {
            out.extend_from_slice(value);
            rest = rest.get(name.len()..).unwrap_or_default();
        } else {
            out.push(first);
            rest = after;
        }
    }
    out
}

/// What stands between the marks `{|}`.
pub(super) fn pieces(text: &[u8]) -> Vec<&[u8]> {
    const CUT: &[u8] = b"{|}";
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, CUT) {
        pieces.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + CUT.len()..).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

pub(super) fn stands_in(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// How often it stands there, where it overlaps itself too.
pub(super) fn times_in(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).filter(|window| *window == part).count()
}

pub(super) fn form(text: &str) -> Vec<u8> {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.into_bytes()
}

pub(super) fn json(text: &str) -> Vec<u8> {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.as_bytes().get(1..quoted.len() - 1).unwrap_or_default().to_vec()
}

/// JSON as encoders write it that escape slashes too.
pub(super) fn json_with_slashes(text: &str) -> Vec<u8> {
    String::from_utf8_lossy(&json(text)).replace('/', "\\/").into_bytes()
}

/// Every byte escaped by `escape`, or all but those that no URL escapes.
pub(super) fn escaped(text: &str, all: bool, escape: fn(u8) -> String) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let bytes = text.bytes().flat_map(|byte| {
        if !all && plain(&byte) {
            vec![byte]
        } else {
            escape(byte).into_bytes()
        }
    });
    bytes.collect()
}

pub(super) fn percent(byte: u8) -> String {
    format!("%{byte:02X}")
}

pub(super) fn percent_lower(byte: u8) -> String {
    format!("%{byte:02x}")
}

pub(super) fn unicode(byte: u8) -> String {
    format!("\\u{byte:04X}")
}

pub(super) fn unicode_lower(byte: u8) -> String {
    format!("\\u{byte:04x}")
}

/// Base64 of the text after so many other bytes, as far as it depends on the text alone.
pub(super) fn base64_after(text: &str, before: usize) -> [Vec<u8>; 2] {
    let whole = [vec![b'x'; before], text.as_bytes().to_vec()].concat();
    let (first, last) = ((before * 8).div_ceil(6), whole.len() * 8 / 6);
    [STANDARD.encode(&whole), URL_SAFE.encode(&whole)]
        .map(|text| text.as_bytes().get(first..last).unwrap_or_default().to_vec())
}
