//! Finds secret values in text, and puts a mark in their place.
//!
//! It guards against accidents. Whoever wants to give a token away can change it in ways no search finds.

use std::{collections::BTreeMap, fmt};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE};

use crate::base::secret::Secret;

/// A shorter secret would be found in innocent text; it is replaced only where it is all there is.
const SHORTEST_SEARCHED: usize = 8;

/// So much of a longer secret in a stranger's words is no coincidence.
const LONGEST_UNNOTICED: usize = 12;

/// Replaces secret values by `[redacted:NAME]`. Making one takes longer than a small call: it is worth keeping.
#[derive(Default)]
pub(crate) struct Redactor {
    searcher: Option<AhoCorasick>,
    marks: Vec<String>,
    whole: Vec<(Secret, String)>,
    /// How many bytes the longest form has.
    longest: usize,
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
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
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
        Self {
            searcher,
            marks,
            whole,
            longest,
        }
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
            Some(searcher) if searcher.is_match(&text) => self.across_lines(searcher.replace_all(&text, &self.marks)),
            Some(_) => self.across_lines(text),
            None => text,
        }
    }

    /// The text without the secrets that stand in several of its lines, a part in each. Its lines stay as many.
    fn across_lines(&self, text: String) -> String {
        let is_break = |c: char| matches!(c, '\r' | '\n');
        let Some(searcher) = self.searcher.as_ref().filter(|_| text.contains(is_break)) else {
            return text;
        };
        let joined: String = text.chars().filter(|&c| !is_break(c)).collect();
        let mut found = searcher.find_iter(&joined).peekable();
        if found.peek().is_none() {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        let (mut at, mut begins_line) = (0, true);
        for c in text.chars() {
            if is_break(c) {
                out.push(c);
                begins_line = true;
                continue;
            }
            while found.next_if(|one| one.end() <= at).is_some() {}
            match found.peek() {
                Some(one) if one.start() == at || (one.start() < at && begins_line) => {
                    let mark = self.marks.get(one.pattern().as_usize());
                    out.push_str(mark.map_or("[redacted]", String::as_str));
                }
                Some(one) if one.start() < at => {}
                Some(_) | None => out.push(c),
            }
            at += c.len_utf8();
            begins_line = false;
        }
        out
    }

    /// Several lines without the secrets, also without those of which each line has a part.
    pub(crate) fn lines(&self, lines: Vec<String>) -> Vec<String> {
        if lines.is_empty() {
            return lines;
        }
        let lines = lines.into_iter().map(|line| self.text(line).replace('\n', " "));
        let together = lines.collect::<Vec<_>>().join("\n");
        let redacted = self.across_lines(together);
        redacted.split('\n').map(str::to_owned).collect()
    }

    /// A line without the secrets, also without the rest of one that began in the lines before it. Their end is kept in
    /// `before`.
    pub(crate) fn line_after(&self, before: &mut String, line: String) -> String {
        if self.searcher.is_none() {
            return self.text(line);
        }
        let line = self.text(line.replace('\n', " "));
        let redacted = self.across_lines(format!("{before}\n{line}"));
        before.push_str(&line);
        let cut = before.ceil_char_boundary(before.len().saturating_sub(self.longest));
        before.drain(..cut);
        redacted
            .split_once('\n')
            .map(|(_before, line)| line.to_owned())
            .unwrap_or(redacted)
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
            Value::Number(number) => {
                let text = number.to_string();
                let redacted = self.text(text.clone());
                if redacted == text {
                    Value::Number(number)
                } else {
                    Value::String(redacted)
                }
            }
            Value::Null | Value::Bool(_) => value,
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

/// Whether a text quotes a secret, in the clear or as encoders write it, or a long part of it: a stranger's words may have been cut.
pub(crate) fn quotes(text: &str, secret: &str) -> bool {
    if secret.is_empty() {
        return false;
    }
    if secret.len() < SHORTEST_SEARCHED {
        return text.contains(secret);
    }
    // What is sent as basic authentication was form-encoded before (RFC 6749 section 2.3.1).
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = forms_of(secret);
    forms.extend(forms_of(&encoded));
    let text = text.as_bytes();
    forms
        .iter()
        .any(|form| stands_in(text, form) || text.windows(LONGEST_UNNOTICED).any(|part| stands_in(form, part)))
}

fn stands_in(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
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
    if bytes.iter().all(u8::is_ascii_digit) {
        forms.extend(as_numbers(secret));
    }
    forms.retain(|form| form.len() >= SHORTEST_SEARCHED);
    forms
}

/// What becomes of a secret of digits that was read as a number: zeros in front are lost, and what is longer than 64 bits is
/// rounded.
fn as_numbers(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.trim_start_matches('0').as_bytes().to_vec()];
    let rounded = secret.parse().ok().and_then(serde_json::Number::from_f64);
    forms.extend(rounded.map(|number| number.to_string().into_bytes()));
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
    fn a_secret_of_digits_is_found_as_a_number_too() {
        for secret in ["1234567890", "0012345678", "123456789012345678901234567890"] {
            let redactor = Redactor::of([("PIN", &Secret::new(secret))]);
            let printed: serde_json::Value =
                serde_json::from_str(&format!("[{}, 7]", secret.trim_start_matches('0'))).unwrap_or_default();
            let out = redactor.value(printed).to_string();
            assert_eq!(out, "[\"[redacted:PIN]\",7]", "{secret}");
        }
    }

    #[test]
    fn a_secret_that_stands_in_several_lines_is_found_in_each() {
        let (first, rest) = TOKEN.split_at(9);
        let (second, third) = rest.split_at(4);
        let mark = "[redacted:SLACK_BOT_TOKEN]";
        let text = format!("a {first}\r\n{second}\n{third} b\nc");
        assert_eq!(redactor().text(text), format!("a {mark}\r\n{mark}\n{mark} b\nc"));
        // A carriage return alone begins a line anew.
        let text = format!("a {first}\r{rest} b");
        assert_eq!(redactor().text(text), format!("a {mark}\r{mark} b"));
        let lines = [format!("a {first}"), format!("{second}{third} b"), "c".to_owned()];
        let expected = [format!("a {mark}"), format!("{mark} b"), "c".to_owned()];
        assert_eq!(redactor().lines(lines.to_vec()), expected);

        let mut before = String::new();
        let shown: Vec<String> = lines.map(|line| redactor().line_after(&mut before, line)).to_vec();
        assert_eq!(shown[1..], expected[1..]);
        assert!(before.len() <= redactor().longest);
    }

    #[test]
    fn innocent_lines_stay_as_they_are() {
        let text = "one\n\ntwo\r\n three\n";
        assert_eq!(redactor().text(text.to_owned()), text);
        assert_eq!(redactor().lines(Vec::new()).len(), 0);
        assert_eq!(redactor().lines(vec![String::new()]), [""]);
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

    #[test]
    fn a_secret_is_found_in_strangers_words_however_it_is_quoted() {
        let secret = "pl4nted/secret+0123456789";
        let base64 = STANDARD.encode(format!("client:{secret}"));
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let basic = STANDARD.encode(format!("client:{form}"));
        for text in [
            format!("the secret {secret} is wrong"),
            format!("got Basic {base64}"),
            format!("got Basic {basic}"),
            format!("got Basic {}", &base64[..30]),
            format!("got {form}"),
            format!("it ends in {}", &secret[10..]),
            format!("hex {}", hex::encode(secret)),
        ] {
            assert!(quotes(&text, secret), "{text}");
        }
        for innocent in ["the client is not known", "pl4nted", "secret", ""] {
            assert!(!quotes(innocent, secret), "{innocent}");
        }
        assert!(quotes("pin 1234", "1234") && !quotes("pin 123", "1234") && !quotes("x", ""));
    }
}
