//! What stands for one secret in a guest's environment.

use memchr::memmem;

use crate::base::secret::Secret;

/// Characters that no place of a request needs to encode.
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
/// So many of either hold 128 random bits.
const SHORTEST_ALPHANUMERIC: usize = 22;
const SHORTEST_HEX: usize = 32;

/// What stands for one secret in a guest's environment: as long as the secret, with the prefix by which anybody knows the
/// provider's tokens, and otherwise random. It is good for one call.
pub(super) struct Placeholder {
    /// The variable that holds it.
    pub(super) variable: String,
    pub(super) text: String,
    finder: memmem::Finder<'static>,
}

/// Why a credential cannot be given as a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::sandbox) enum NotBrokered {
    #[error("the value of `{0}` is too short for a placeholder that nobody guesses")]
    TooShort(String),
    #[error("the file of the provider does not say where in a request its token goes: {0}")]
    NoPlace(String),
    #[error("its credential has several secrets, and only one of them has a place in a request: {0}")]
    SeveralSecrets(String),
}

impl Placeholder {
    pub(super) fn of(variable: &str, secret: &Secret, prefixes: &[String]) -> Result<Self, NotBrokered> {
        let value = secret.expose();
        let prefix = prefixes
            .iter()
            .filter(|prefix| value.starts_with(prefix.as_str()))
            .max_by_key(|prefix| prefix.len())
            .map_or("", String::as_str);
        let rest = value.len() - prefix.len();
        let is_hex = value.bytes().skip(prefix.len()).all(|byte| LOWER_HEX.contains(&byte));
        let (alphabet, shortest) = if is_hex && rest >= SHORTEST_HEX {
            (LOWER_HEX, SHORTEST_HEX)
        } else {
            (ALPHANUMERIC, SHORTEST_ALPHANUMERIC)
        };
        if rest < shortest {
            return Err(NotBrokered::TooShort(variable.to_owned()));
        }
        let random = (0..rest).filter_map(|_| alphabet.get(rand::random_range(0..alphabet.len())));
        let text: String = prefix.chars().chain(random.map(|&byte| char::from(byte))).collect();
        Ok(Self {
            variable: variable.to_owned(),
            finder: memmem::Finder::new(&text).into_owned(),
            text,
        })
    }

    pub(super) fn is(&self, value: &[u8]) -> bool {
        self.text.as_bytes() == value
    }

    pub(super) fn times_in(&self, text: &[u8]) -> usize {
        self.finder.find_iter(text).count()
    }

    pub(super) fn stands_in(&self, text: &[u8]) -> bool {
        self.finder.find(text).is_some()
    }

    /// Where it stands in a text, for the first time.
    pub(super) fn range_in(&self, text: &[u8]) -> Option<std::ops::Range<usize>> {
        let start = self.finder.find(text)?;
        Some(start..start + self.text.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn of(secret: &str, prefixes: &[&str]) -> Result<String, NotBrokered> {
        let prefixes: Vec<String> = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
        Placeholder::of("TOKEN", &Secret::new(secret), &prefixes).map(|placeholder| placeholder.text)
    }

    #[test]
    fn it_has_the_length_the_prefix_and_the_characters_of_the_secret() {
        let token = "xoxb-1/2+planted-0123456789abcdef";
        let one = of(token, &["xoxb-", "x"]).unwrap();
        assert_eq!(one.len(), token.len());
        let rest = one.strip_prefix("xoxb-").unwrap();
        assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{one}");
        assert_ne!(one, of(token, &["xoxb-"]).unwrap());

        let hex = of("00112233445566778899aabbccddeeff", &[]).unwrap();
        assert!(
            hex.len() == 32 && hex.bytes().all(|byte| LOWER_HEX.contains(&byte)),
            "{hex}"
        );
    }

    #[test]
    fn a_secret_of_which_too_little_is_left_for_chance_has_none() {
        let short = NotBrokered::TooShort("TOKEN".to_owned());
        assert_eq!(of("0123456789", &[]), Err(short.clone()));
        assert_eq!(of("xoxb-012345678901234567890", &["xoxb-"]), Err(short));
        of("xoxb-0123456789012345678901", &["xoxb-"]).unwrap();
    }
}
