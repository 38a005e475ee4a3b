//! Sees in a provider's reply that the token lacks a scope.

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};

use crate::{provider::ScopeError, sandbox::outbound::ledger::Ledger};

/// How many scopes are heard of, and how long one may be.
const MOST: usize = 32;
const LONGEST: usize = 200;

/// A reply that says no more than that a scope is missing is short.
const LARGEST: usize = 8 << 10;

/// The scopes that a head of a reply says the token lacks: `403` with a challenge of RFC 6750 section 3.1. None of them where it
/// does not say which.
pub(super) fn in_head(status: StatusCode, headers: &HeaderMap) -> Option<Vec<String>> {
    if status != StatusCode::FORBIDDEN {
        return None;
    }
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
    values.filter_map(|value| value.to_str().ok()).find_map(bearer)
}

/// The scopes of a Bearer challenge whose error is `insufficient_scope`.
fn bearer(text: &str) -> Option<Vec<String>> {
    let mut is_bearer = false;
    let (mut is_lacking, mut scopes) = (false, Vec::new());
    for item in items(text) {
        let (front, value) = item.split_once('=').unwrap_or((item, ""));
        // The first parameter of a challenge stands after the name of its scheme.
        let name = match front.trim().split_once([' ', '\t']) {
            Some((scheme, name)) => {
                if is_lacking {
                    break;
                }
                is_bearer = scheme.eq_ignore_ascii_case("bearer");
                scopes.clear();
                name.trim()
            }
            None => front.trim(),
        };
        if !is_bearer {
            continue;
        }
        let value = unquoted(value.trim());
        if name.eq_ignore_ascii_case("error") {
            is_lacking = value == "insufficient_scope";
        } else if name.eq_ignore_ascii_case("scope") {
            scopes = kept(value.split(' '));
        }
    }
    is_lacking.then_some(scopes)
}

/// What stands between commas that are in no quotes.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |letter: char| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && letter == '\\' && !was_escaped;
        if letter == '"' && !was_escaped {
            is_quoted = !is_quoted;
        }
        letter == ',' && !is_quoted
    })
}

/// Without its quotes. What is escaped in it is no letter of a scope.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

/// Those that are scopes by their letters (RFC 6749 section 3.3), each once.
fn kept<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let is_scope = |word: &str| {
        let is_letter = |letter: u8| matches!(letter, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !word.is_empty() && word.len() <= LONGEST && word.bytes().all(is_letter)
    };
    let mut kept: Vec<String> = Vec::new();
    for word in words.filter(|word| is_scope(word)) {
        if kept.len() < MOST && !kept.iter().any(|known| known == word) {
            kept.push(word.to_owned());
        }
    }
    kept
}

/// Reads along in the body of a reply, for a provider that says it there.
pub(super) struct InBody {
    shape: Arc<ScopeError>,
    ledger: Arc<Ledger>,
    read: Vec<u8>,
}

impl InBody {
    /// For a reply that is JSON, and not too long to say just this.
    pub(super) fn of(shape: &Arc<ScopeError>, ledger: &Arc<Ledger>, headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_json = text(header::CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        (is_json && length.is_none_or(|length| length <= LARGEST)).then(|| Self {
            shape: Arc::clone(shape),
            ledger: Arc::clone(ledger),
            read: Vec::new(),
        })
    }

    /// Reads on; `false` where it is too long.
    pub(super) fn read(&mut self, piece: &[u8]) -> bool {
        let fits = self.read.len().saturating_add(piece.len()) <= LARGEST;
        if fits {
            self.read.extend_from_slice(piece);
        }
        fits
    }

    /// The whole body was read.
    pub(super) fn end(self) {
        let Ok(reply) = serde_json::from_slice(&self.read) else {
            return;
        };
        if let Some(scopes) = self.shape.scopes_in(&reply) {
            self.ledger.lacks_scopes(kept(scopes.into_iter()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn head(status: u16, values: &[&str]) -> Option<Vec<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        in_head(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn a_challenge_names_the_scopes_that_are_lacking() {
        let two = Some(vec!["read".to_owned(), "admin:x".to_owned()]);
        for values in [
            vec![r#"Bearer error="insufficient_scope", scope="read admin:x""#],
            vec![r#"bearer realm="a, b", scope="read admin:x read",ERROR=insufficient_scope"#],
            vec![r#"Basic realm="x\", y", Bearer scope="read admin:x", error="insufficient_scope""#],
            vec![r#"Bearer scope="read admin:x", error="insufficient_scope", Basic realm="x""#],
            vec![
                "Basic realm=x",
                r#"Bearer error="insufficient_scope",scope="read admin:x""#,
            ],
        ] {
            assert_eq!(head(403, &values), two, "{values:?}");
        }
        assert_eq!(head(403, &[r#"Bearer error="insufficient_scope""#]), Some(Vec::new()));
    }

    #[test]
    fn nothing_else_is_taken_for_it() {
        for value in [
            r#"Bearer error="invalid_token", scope="read""#,
            r#"Basic error="insufficient_scope", scope="read""#,
            r#"Bearer realm="error=insufficient_scope, scope=read""#,
            r#"Bearer scope="read""#,
            "Bearer",
            "",
        ] {
            assert_eq!(head(403, &[value]), None, "{value}");
        }
        let other = r#"Bearer error="insufficient_scope", scope="read""#;
        for status in [200, 401, 404, 500] {
            assert_eq!(head(status, &[other]), None);
        }
    }

    #[test]
    fn what_is_no_scope_is_left_out_and_their_number_is_bounded() {
        let long = "x".repeat(LONGEST + 1);
        let value = format!(r#"Bearer error="insufficient_scope", scope="a\\b {long} ok""#);
        assert_eq!(head(403, &[&value]), Some(vec!["ok".to_owned()]));
        let many: Vec<String> = (0..1_000).map(|number| format!("s{number}")).collect();
        let value = format!(r#"Bearer error="insufficient_scope", scope="{}""#, many.join(" "));
        assert_eq!(head(403, &[&value]).map(|scopes| scopes.len()), Some(MOST));
    }
}
