//! Finds secret values in text, and puts a mark in their place.
//!
//! It guards against accidents. Whoever wants to give a token away can change it in ways no search finds.

use std::{collections::BTreeMap, fmt};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE};

use crate::base::secret::Secret;

/// A shorter secret would be found in innocent text; it is replaced only where it is all there is.
const SHORTEST_SEARCHED: usize = 8;

/// Replaces secret values by `[redacted:NAME]`. Making one takes longer than a small call: it is worth keeping.
#[derive(Default)]
pub(crate) struct Redactor {
    searcher: Option<AhoCorasick>,
    marks: Vec<String>,
    whole: Vec<(Secret, String)>,
}

impl Redactor {
    /// For secrets and the names that are shown in their place.
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a Secret)>) -> Self {
        let mut forms: BTreeMap<Vec<u8>, String> = BTreeMap::new();
        let mut whole = Vec::new();
        for (name, secret) in secrets {
            let mark = format!("[redacted:{name}]");
            if secret.expose().len() < SHORTEST_SEARCHED {
                whole.push((secret.clone(), mark));
                continue;
            }
            for form in forms_of(secret.expose()) {
                forms.entry(form).or_insert_with(|| mark.clone());
            }
        }
        let (patterns, marks): (Vec<Vec<u8>>, Vec<String>) = forms.into_iter().unzip();
        let searcher = (!patterns.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    // The kind that it would choose itself takes hundreds of kilobytes for one token. What is searched is
                    // passed over by its prefilter, so it would hardly be faster.
                    .kind(Some(AhoCorasickKind::ContiguousNFA))
                    .build(&patterns)
                    .ok()
            })
            .flatten();
        Self { searcher, marks, whole }
    }

    /// The text without the secrets.
    pub(crate) fn text(&self, text: String) -> String {
        if let Some((_, mark)) = self
            .whole
            .iter()
            .find(|(secret, _)| !secret.expose().is_empty() && secret.expose() == text)
        {
            return mark.clone();
        }
        match &self.searcher {
            Some(searcher) if searcher.is_match(&text) => searcher.replace_all(&text, &self.marks),
            _nothing_found => text,
        }
    }

    /// The value with each string and key searched, never its serialised text: that would miss what JSON escapes.
    pub(crate) fn value(&self, value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        if self.searcher.is_none() && self.whole.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.value(item)).collect()),
            Value::Object(fields) => Value::Object(
                fields
                    .into_iter()
                    .map(|(key, item)| (self.text(key), self.value(item)))
                    .collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

/// The ways in which a secret turns up by accident.
fn forms_of(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    forms.push(
        url::form_urlencoded::byte_serialize(bytes)
            .collect::<String>()
            .into_bytes(),
    );
    forms.push(percent_encoded(bytes, false));
    forms.push(percent_encoded(bytes, true));
    if let Ok(escaped) = serde_json::to_string(secret) {
        let unquoted = escaped.get(1..escaped.len() - 1).unwrap_or_default();
        forms.push(unquoted.as_bytes().to_vec());
    }
    // Some encoders escape every byte.
    for form in [
        |byte| format!("%{byte:02X}"),
        |byte| format!("%{byte:02x}"),
        |byte| format!("\\u{byte:04X}"),
        |byte| format!("\\u{byte:04x}"),
    ] as [fn(&u8) -> String; 4]
    {
        forms.push(bytes.iter().map(form).collect::<String>().into_bytes());
    }
    forms.push(hex::encode(bytes).into_bytes());
    forms.push(hex::encode_upper(bytes).into_bytes());
    for offset in 0..3 {
        forms.extend(base64_within(bytes, offset));
    }
    forms.retain(|form| form.len() >= SHORTEST_SEARCHED);
    forms
}

fn percent_encoded(bytes: &[u8], lower: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
        } else if lower {
            out.extend(format!("%{byte:02x}").into_bytes());
        } else {
            out.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    out
}

/// The characters of base64 that depend on nothing but the secret when it begins `offset` bytes after a group of three.
fn base64_within(bytes: &[u8], offset: usize) -> [Vec<u8>; 2] {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    [STANDARD.encode(&padded), URL_SAFE.encode(&padded)].map(|text| text.as_bytes()[first..last].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "xoxb-1/2+planted\"token";

    fn redactor() -> Redactor {
        Redactor::of([("SLACK_BOT_TOKEN", &Secret::new(TOKEN))])
    }

    #[test]
    fn every_usual_form_is_found() {
        let redactor = redactor();
        let embedded = [
            TOKEN.to_owned(),
            hex::encode(TOKEN),
            hex::encode_upper(TOKEN),
            url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect(),
            serde_json::to_string(TOKEN)
                .unwrap_or_default()
                .trim_matches('"')
                .to_owned(),
        ];
        for form in embedded {
            let out = redactor.text(format!("before {form} after"));
            assert_eq!(out, "before [redacted:SLACK_BOT_TOKEN] after", "{form}");
        }
        for prefix in ["", "a", "ab", "abc", "user:"] {
            for engine in [&STANDARD, &URL_SAFE] {
                let out = redactor.text(engine.encode(format!("{prefix}{TOKEN} and more")));
                assert!(out.contains("[redacted:SLACK_BOT_TOKEN]"), "{prefix}: {out}");
            }
        }
    }

    #[test]
    fn keys_and_nested_strings_are_searched() {
        let value = serde_json::json!({ TOKEN: [{ "a": TOKEN }, 1, null] });
        let out = redactor().value(value).to_string();
        assert!(!out.contains("planted"), "{out}");
        assert_eq!(out.matches("[redacted:SLACK_BOT_TOKEN]").count(), 2);
    }

    #[test]
    fn a_short_secret_is_replaced_only_where_it_is_all_there_is() {
        let redactor = Redactor::of([("PIN", &Secret::new("1234"))]);
        assert_eq!(redactor.text("1234".to_owned()), "[redacted:PIN]");
        assert_eq!(redactor.text("in 1234 days".to_owned()), "in 1234 days");
    }

    #[test]
    fn it_shows_nothing_of_what_it_looks_for() {
        assert_eq!(format!("{:?}", redactor()), "Redactor(..)");
    }
}
