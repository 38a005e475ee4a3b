//! The forms in which a provider's reply may hold a secret, and what the guest reads in their place.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use memchr::memmem;
use zeroize::Zeroizing;

use crate::base::secret::Secret;

/// The forms in which a provider's reply may hold a secret as it was sent, each with a text of equal length that holds the
/// placeholder instead, so that no length in the reply becomes wrong.
#[derive(Clone, Default)]
pub(in crate::sandbox) struct Echoes(Vec<Arc<Echo>>);

struct Echo {
    form: Zeroizing<Vec<u8>>,
    finder: memmem::Finder<'static>,
    instead: Vec<u8>,
}

/// How an encoder writes one byte of a secret: as it is (nothing), or at some length.
type Escape = fn(u8) -> Option<Vec<u8>>;

const PERCENT: [Escape; 3] = [
    |byte| (!is_unreserved(byte)).then(|| format!("%{byte:02X}").into_bytes()),
    |byte| (!is_unreserved(byte)).then(|| format!("%{byte:02x}").into_bytes()),
    // Of forms, which leave other characters as they are, and write a space as a plus.
    |byte| match byte {
        b' ' => Some(vec![b'+']),
        byte if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => None,
        byte => Some(format!("%{byte:02X}").into_bytes()),
    },
];

const JSON: [Escape; 4] = [
    |byte| matches!(byte, b'"' | b'\\').then(|| vec![b'\\', byte]),
    |byte| matches!(byte, b'"' | b'\\' | b'/').then(|| vec![b'\\', byte]),
    |byte| (!is_unreserved(byte)).then(|| format!("\\u{byte:04x}").into_bytes()),
    |byte| (!is_unreserved(byte)).then(|| format!("\\u{byte:04X}").into_bytes()),
];

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

impl Echoes {
    /// Looks for a secret too, which the guest knows as `placeholder`.
    pub(super) fn add(&mut self, secret: &Secret, placeholder: &str) {
        let secret = secret.expose().as_bytes();
        let placeholder: Vec<u8> = placeholder.bytes().cycle().take(secret.len()).collect();
        self.add_form(secret.to_vec(), placeholder.clone());
        for escape in PERCENT.into_iter().chain(JSON) {
            let (mut form, mut instead) = (Vec::new(), Vec::new());
            for (&byte, &stand_in) in secret.iter().zip(&placeholder) {
                match escape(byte) {
                    None => {
                        form.push(byte);
                        instead.push(stand_in);
                    }
                    Some(escaped) => {
                        instead.extend(escaped_alike(&escaped, stand_in));
                        form.extend(escaped);
                    }
                }
            }
            self.add_form(form, instead);
        }
    }

    /// Looks for one more text; `instead` is as long.
    pub(super) fn add_form(&mut self, form: Vec<u8>, instead: Vec<u8>) {
        let known = self.0.iter().any(|echo| *echo.form == form);
        if known || form.is_empty() || form.len() != instead.len() {
            return;
        }
        self.0.push(Arc::new(Echo {
            finder: memmem::Finder::new(&form).into_owned(),
            form: Zeroizing::new(form),
            instead,
        }));
    }

    /// Replaces what is found in `text`; whether anything was.
    pub(super) fn replace(&self, text: &mut [u8]) -> bool {
        let mut found = false;
        for echo in &self.0 {
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| echo.finder.find(rest)) {
                let start = from + at;
                from = start + echo.instead.len();
                if let Some(place) = text.get_mut(start..from) {
                    place.copy_from_slice(&echo.instead);
                }
                found = true;
            }
        }
        found
    }

    fn stand_in(&self, text: &[u8]) -> bool {
        self.0.iter().any(|echo| echo.finder.find(text).is_some())
    }

    /// Where the end of a text begins that may be the beginning of what is looked for.
    fn unfinished(&self, text: &[u8]) -> usize {
        let mut first = text.len();
        for echo in &self.0 {
            let Some(&begin) = echo.form.first() else { continue };
            let mut at = text.len().saturating_sub(echo.form.len() - 1);
            while at < first {
                let Some(found) = text.get(at..).and_then(|rest| memchr::memchr(begin, rest)) else {
                    break;
                };
                at += found;
                if text.get(at..).is_some_and(|end| echo.form.starts_with(end)) {
                    first = first.min(at);
                    break;
                }
                at += 1;
            }
        }
        first
    }

    /// The values of a reply's headers, or trailers, with the placeholder instead.
    pub(in crate::sandbox) fn replace_in_headers(&self, headers: &mut http::HeaderMap) {
        for value in headers.values_mut() {
            let mut text = value.as_bytes().to_vec();
            if self.replace(&mut text)
                && let Ok(replaced) = http::HeaderValue::from_bytes(&text)
            {
                *value = replaced;
            }
        }
    }
}

/// The same kind of escape for another byte, at the same length. One that takes two characters has none for a letter: its
/// reader gets two letters.
fn escaped_alike(escaped: &[u8], stand_in: u8) -> Vec<u8> {
    match escaped {
        [b'%', ..] => format!("%{stand_in:02X}").into_bytes(),
        [b'\\', b'u', ..] => format!("\\u{stand_in:04X}").into_bytes(),
        _ => vec![stand_in; escaped.len()],
    }
}

impl fmt::Debug for Echoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Echoes(..)")
    }
}

/// A stream that is searched as it passes. What may be the beginning of a secret waits for what follows.
#[derive(Default)]
pub(super) struct Searching {
    echoes: Echoes,
    held_back: Zeroizing<Vec<u8>>,
}

impl Searching {
    pub(super) fn new(echoes: Echoes) -> Self {
        Self {
            echoes,
            held_back: Zeroizing::new(Vec::new()),
        }
    }

    pub(super) fn held_back(&self) -> usize {
        self.held_back.len()
    }

    /// What of the stream may go on.
    pub(super) fn pass(&mut self, piece: Bytes) -> Bytes {
        let untouched =
            self.held_back.is_empty() && !self.echoes.stand_in(&piece) && self.echoes.unfinished(&piece) == piece.len();
        if untouched {
            return piece;
        }
        let mut text = std::mem::take(&mut *self.held_back);
        text.extend_from_slice(&piece);
        self.echoes.replace(&mut text);
        let kept = self.echoes.unfinished(&text);
        *self.held_back = text.split_off(kept);
        text.into()
    }

    /// What was held back, when nothing follows.
    pub(super) fn end(&mut self) -> Bytes {
        std::mem::take(&mut *self.held_back).into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "xoxb-1/2+planted\"token";
    const PLACEHOLDER: &str = "xoxb-QWERTYuiopASDFghj";

    fn echoes(secret: &str, placeholder: &str) -> Echoes {
        let mut echoes = Echoes::default();
        echoes.add(&Secret::new(secret), placeholder);
        echoes
    }

    fn passed(echoes: &Echoes, pieces: &[&[u8]]) -> Vec<u8> {
        let mut searching = Searching::new(echoes.clone());
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&searching.pass(Bytes::copy_from_slice(piece)));
        }
        out.extend_from_slice(&searching.end());
        out
    }

    #[test]
    fn an_echo_becomes_the_placeholder_in_the_way_it_is_written() {
        let echoes = echoes(TOKEN, PLACEHOLDER);
        let decoded = |text: &str| percent_decode(text);
        for form in [
            TOKEN.to_owned(),
            url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect(),
            "xoxb-1%2f2%2bplanted%22token".to_owned(),
        ] {
            let text = format!("before {form} after");
            let out = String::from_utf8(passed(&echoes, &[text.as_bytes()])).unwrap();
            assert_eq!(out.len(), text.len(), "{out}");
            assert_eq!(decoded(&out), format!("before {PLACEHOLDER} after"));
        }
        for form in [
            serde_json::to_string(TOKEN).unwrap(),
            serde_json::to_string(TOKEN).unwrap().replace('/', "\\/"),
            "\"xoxb-1\\u002f2\\u002bplanted\\u0022token\"".to_owned(),
        ] {
            let out = String::from_utf8(passed(&echoes, &[form.as_bytes()])).unwrap();
            assert_eq!(out.len(), form.len(), "{out}");
            let read: String = serde_json::from_str(&out).unwrap();
            assert!(read.starts_with("xoxb-Q") && !read.contains("planted"), "{read}");
        }
    }

    fn percent_decode(text: &str) -> String {
        let (key, _) = url::form_urlencoded::parse(text.as_bytes()).next().unwrap();
        key.into_owned()
    }

    #[test]
    fn a_space_that_a_form_wrote_as_a_plus_is_found() {
        let echoes = echoes("a password of words/0", "PLACEHOLDER0123456789");
        let out = passed(&echoes, &[b"token=a+password+of+words%2F0&b"]);
        assert_eq!(out, b"token=PLACEHOLDER01234567%389&b".as_slice());
    }

    #[test]
    fn a_token_of_another_length_is_replaced_at_its_own() {
        let echoes = echoes("a-much-longer-token-than-before-0123456789", "PLACEHOLDER");
        let out = passed(&echoes, &[b"<a-much-longer-token-than-before-0123456789>"]);
        assert_eq!(out, b"<PLACEHOLDERPLACEHOLDERPLACEHOLDERPLACEHOLD>".to_vec().as_slice());
    }

    #[test]
    fn innocent_pieces_pass_at_once() {
        let mut searching = Searching::new(echoes(TOKEN, PLACEHOLDER));
        assert_eq!(searching.pass(Bytes::from_static(b"innocent")), "innocent");
        assert_eq!(searching.pass(Bytes::from_static(b"a xoxb-")), "a ");
        assert_eq!(searching.held_back(), 5);
        assert_eq!(searching.pass(Bytes::from_static(b"other xox")), "xoxb-other ");
        assert_eq!(searching.end(), "xox");
    }

    proptest! {
        /// However a reply is cut into pieces, its length stays, and nothing of the secret comes through.
        #[test]
        fn a_secret_in_pieces_is_found(
            secret in "[ab]{8,12}",
            text in prop::collection::vec("[ab]{0,9}|SECRET", 0..8),
            cuts in prop::collection::vec(0_usize..80, 0..12),
        ) {
            let text = text.concat().replace("SECRET", &secret);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let out = passed(&echoes(&secret, "PLACEHOLDER0"), &pieces);
            prop_assert_eq!(out.len(), text.len());
            prop_assert!(!String::from_utf8(out).unwrap().contains(&secret));
        }
    }
}
