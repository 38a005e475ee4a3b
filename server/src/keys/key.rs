//! A key, as it is kept: never the secret itself.

use std::{collections::BTreeSet, fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pocket_runtime::{Profile, Secret, ToolName, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What every key begins with, so that one that got into a repository or a log is found there.
const PREFIX: &str = "pocket_";
/// Bytes of the secret part: no guess finds one, so a plain hash is enough (no salt, no slow hash).
const SECRET_BYTES: usize = 32;

/// Names a key in lists and logs; it opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub(crate) String);

impl KeyId {
    /// As text: 12 hexadecimal digits, or `none` where no key is needed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn made() -> Self {
        Self(hex::encode(rand::random::<[u8; 6]>()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is `pocket_`, its id, `_` and 43 more letters, as `pocket keys create` prints it")]
pub struct NotAKey;

/// A key, as it is kept: whose accounts it uses and which tools it may call, with the hash of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Key {
    /// Names it.
    pub id: KeyId,
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose accounts its calls use: the profile's name.
    pub profile: String,
    /// The tools that it may see and call; `None` where it may all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeSet<String>>,
    /// Whether it reads `/metrics` and opens nothing else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub metrics: bool,
    /// When it was made: seconds since 1970.
    pub created_at: i64,
    /// SHA-256 of the secret part, in hexadecimal digits.
    hash: String,
}

impl Key {
    /// Makes one, with the text that opens the doors: it is told once and kept nowhere.
    pub(super) fn make(
        profile: &Profile,
        tools: Option<BTreeSet<ToolName>>,
        name: Option<String>,
        now: UnixTime,
    ) -> (Self, Secret) {
        let id = KeyId::made();
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>()));
        let key = Self {
            hash: hash(secret.expose()),
            name,
            profile: profile.as_str().to_owned(),
            tools: tools.map(|tools| tools.iter().map(ToString::to_string).collect()),
            metrics: false,
            created_at: now.0,
            id,
        };
        let text = format!("{PREFIX}{}_{}", key.id, secret.expose());
        (key, Secret::new(text))
    }

    /// Whether this is its secret part.
    pub(super) fn is_opened_by(&self, secret: &str) -> bool {
        hash(secret).as_bytes().ct_eq(self.hash.as_bytes()).into()
    }

    /// Whether it may see and call this tool.
    #[must_use]
    pub fn reaches(&self, tool: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.contains(tool))
    }
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// The text of a key, taken apart.
pub(super) struct KeyText<'a> {
    pub(super) id: KeyId,
    pub(super) secret: &'a str,
}

impl<'a> KeyText<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, NotAKey> {
        let (id, secret) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(NotAKey)?;
        let id = id.parse()?;
        Ok(Self { id, secret })
    }
}

impl FromStr for KeyId {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let is_id = text.len() == 12 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_id { Ok(Self(text.to_owned())) } else { Err(NotAKey) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_its_own_text_opens_a_key_and_what_is_kept_does_not_have_it() {
        let made = || Key::make(&Profile::default(), None, None, UnixTime(0));
        let ((key, text), (other, _)) = (made(), made());
        let parsed = KeyText::parse(text.expose()).unwrap();
        assert_eq!(parsed.id, key.id);
        assert!(key.is_opened_by(parsed.secret));
        assert!(!other.is_opened_by(parsed.secret));
        assert!(!key.is_opened_by(""));
        assert!(!serde_json::to_string(&key).unwrap().contains(parsed.secret));
        assert!(!format!("{key:?}{text:?}").contains(parsed.secret));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "pocket_",
            "pocket_0123456789ab",
            "pocket_0123456789AB_x",
            "pocket_0123456789a_x",
            "sk-0123456789ab_x",
        ] {
            assert!(KeyText::parse(text).is_err(), "{text}");
        }
    }
}
