//! Where the key under which tokens are sealed comes from.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::base::{
    digest::Digest, file_lock::LockHeld, keyring::KeyringError, secret::Secret, text::shown_on_one_line,
};

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// Where the key under which tokens are sealed comes from.
///
/// ```
/// use pocket_runtime::{KeySource, Secret};
///
/// let key = KeySource::Given(Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
/// assert_eq!(format!("{key:?}"), "Given(Secret(..))");
/// ```
#[derive(Debug, Clone, Default)]
pub enum KeySource {
    /// 32 bytes in base64, standard or URL-safe, padded or not: `POCKET_STORE_KEY`.
    Given(Secret),
    /// A file of the operator's, of 32 bytes or their base64, that only he may read: `[store] key_file`.
    File(PathBuf),
    /// The keyring of the user's system; where there is none when the store is made, as [`KeySource::Home`].
    System,
    /// A file of ours in `home`, made when the store is made (0600).
    #[default]
    Home,
}

/// Where the key of a store was kept when the store was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// It was given: `[store] key` or `POCKET_STORE_KEY`.
    Given,
    /// In this file of the operator's.
    File(PathBuf),
    /// In the keyring of the user's system.
    Keyring,
    /// In this file of ours.
    Home(PathBuf),
}

/// Why there is no key where one should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("it is not base64")]
    Base64,
    #[error("a key has 32 bytes: {0}")]
    Length(usize),
    #[error("the file is not there")]
    Missing,
    #[error("the operator keeps it")]
    Given,
    #[error("it is the key that the store has already")]
    Same,
    #[error(transparent)]
    Locked(LockHeld),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The key under which tokens are sealed.
#[derive(Clone)]
pub(crate) struct StoreKey {
    bytes: Arc<Zeroizing<[u8; 32]>>,
}

impl KeyPlace {
    /// The kind of place in one word, and the file.
    pub(crate) fn parts(&self) -> (&'static str, Option<&Path>) {
        match self {
            Self::Given => ("given", None),
            Self::File(path) => ("file", Some(path)),
            Self::Keyring => ("keyring", None),
            Self::Home(path) => ("home", Some(path)),
        }
    }

    /// From what [`KeyPlace::parts`] gave.
    pub(crate) fn from_parts(kind: &str, path: Option<String>) -> Option<Self> {
        match (kind, path) {
            ("given", None) => Some(Self::Given),
            ("file", Some(path)) => Some(Self::File(path.into())),
            ("keyring", None) => Some(Self::Keyring),
            ("home", Some(path)) => Some(Self::Home(path.into())),
            _other => None,
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the variable `POCKET_STORE_KEY` or the setting `[store] key`"),
            Self::Keyring => f.write_str("the keyring of this user's system"),
            Self::File(path) | Self::Home(path) => {
                write!(f, "the file `{}`", shown_on_one_line(&path.to_string_lossy()))
            }
        }
    }
}

impl StoreKey {
    #[cfg(test)]
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self {
            bytes: Arc::new(Zeroizing::new(bytes)),
        }
    }

    /// One that nobody knows: for a new store, or one that ends with the process.
    pub(crate) fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(bytes.as_mut_slice());
        Self { bytes: Arc::new(bytes) }
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Tells keys apart without telling anything of them.
    pub(crate) fn id(&self) -> [u8; 8] {
        let digest = Digest::of_parts([b"pocket store key id".as_slice(), self.expose()]);
        let mut id = [0; 8];
        id.copy_from_slice(digest.as_bytes().split_at(8).0);
        id
    }

    /// Whether it is the key of this id.
    pub(crate) fn has_id(&self, id: &[u8]) -> bool {
        self.id().as_slice().ct_eq(id).into()
    }

    /// As it is written into a file: a line of base64.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(STANDARD.encode(self.expose()));
        text.push('\n');
        text
    }

    /// From what a file, a variable or a keyring holds: the bytes or their base64.
    pub(crate) fn from_content(content: &[u8]) -> Result<Self, KeyError> {
        if content.len() == 32 {
            return Self::from_slice(content);
        }
        decode(content)
    }

    fn from_slice(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(KeyError::Length(bytes.len()));
        }
        key.copy_from_slice(bytes);
        Ok(Self { bytes: Arc::new(key) })
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}

pub(super) fn decode(text: &[u8]) -> Result<StoreKey, KeyError> {
    let text = text.trim_ascii();
    let url_safe = text.iter().any(|c| matches!(c, b'-' | b'_'));
    let engine = if url_safe { URL_SAFE } else { STANDARD };
    let bytes = Zeroizing::new(engine.decode(text).map_err(|_not_base64| KeyError::Base64)?);
    StoreKey::from_slice(&bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const KEY: [u8; 32] = [0xfb; 32];

    fn given(text: &str) -> Result<StoreKey, KeyError> {
        decode(text.as_bytes())
    }

    #[test]
    fn a_given_key_may_be_standard_or_url_safe_padded_or_not() {
        for text in [STANDARD.encode(KEY), URL_SAFE.encode(KEY)] {
            assert!(text.ends_with('='));
            for text in [text.as_str(), text.trim_end_matches('='), &format!(" {text}\n")] {
                assert_eq!(given(text).unwrap().expose(), &KEY, "{text}");
            }
        }
    }

    #[test]
    fn a_given_key_of_another_length_or_alphabet_is_refused_without_being_shown() {
        assert!(matches!(given("").unwrap_err(), KeyError::Length(0)));
        assert!(matches!(
            given(&STANDARD.encode([7; 31])).unwrap_err(),
            KeyError::Length(31)
        ));
        assert!(matches!(
            given(&STANDARD.encode([7; 33])).unwrap_err(),
            KeyError::Length(33)
        ));
        let error = given("CANARY CANARY CANARY").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"));
        assert_eq!(format!("{:?}", StoreKey::new([65; 32])), "StoreKey(..)");
    }
}
