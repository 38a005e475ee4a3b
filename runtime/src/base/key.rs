//! Where the key under which tokens are sealed comes from.

use std::{
    fmt, fs,
    io::{self, Read as _},
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
    digest::Digest,
    files::{self, FileMode, Owner},
    secret::Secret,
    text::shown_on_one_line,
};

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// No key is longer in a file, so that a wrong path does not read a large one.
const LONGEST: u64 = 1024;

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
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The key under which tokens are sealed.
#[derive(Clone)]
pub(crate) struct StoreKey {
    bytes: Arc<Zeroizing<[u8; 32]>>,
}

impl KeySource {
    /// Where it is looked for; `key_file` is the file of ours.
    pub(crate) fn place(&self, key_file: &Path) -> KeyPlace {
        match self {
            Self::Given(_) => KeyPlace::Given,
            Self::File(path) => KeyPlace::File(path.clone()),
            Self::Home => KeyPlace::Home(key_file.to_owned()),
        }
    }

    /// The key, where it is there.
    pub(crate) fn read(&self, key_file: &Path, owner: Owner) -> Result<Option<StoreKey>, KeyError> {
        let read = match self {
            Self::Given(text) => return decode(text.expose().as_bytes()).map(Some),
            // Operators hand out secrets through links; what counts is the file at the end of them.
            Self::File(path) => fs::canonicalize(path).and_then(|path| read_file(&path, owner)),
            Self::Home => read_file(key_file, owner),
        };
        match read {
            Ok(content) if content.len() == 32 => StoreKey::from_slice(&content).map(Some),
            Ok(content) => decode(&content).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The key for a store that is about to be made. Only the file of ours is ever written, and only where there is none.
    pub(crate) fn read_or_make(&self, key_file: &Path, owner: Owner) -> Result<StoreKey, KeyError> {
        match (self.read(key_file, owner)?, self) {
            (Some(key), _) => Ok(key),
            (None, Self::Home) => {
                let key = StoreKey::random();
                if let Some(folder) = key_file.parent().filter(|p| !p.as_os_str().is_empty()) {
                    files::create_private_dir(folder)?;
                }
                let mut text = Zeroizing::new(STANDARD.encode(key.expose()));
                text.push('\n');
                files::write_atomic(key_file, text.as_bytes(), FileMode::Private)?;
                Ok(key)
            }
            (None, Self::Given(_) | Self::File(_)) => Err(KeyError::Missing),
        }
    }
}

impl KeyPlace {
    /// The kind of place in one word, and the file.
    pub(crate) fn parts(&self) -> (&'static str, Option<&Path>) {
        match self {
            Self::Given => ("given", None),
            Self::File(path) => ("file", Some(path)),
            Self::Home(path) => ("home", Some(path)),
        }
    }

    /// From what [`KeyPlace::parts`] gave.
    pub(crate) fn from_parts(kind: &str, path: Option<String>) -> Option<Self> {
        match (kind, path) {
            ("given", None) => Some(Self::Given),
            ("file", Some(path)) => Some(Self::File(path.into())),
            ("home", Some(path)) => Some(Self::Home(path.into())),
            _other => None,
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the variable `POCKET_STORE_KEY` or the setting `[store] key`"),
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

fn read_file(path: &Path, owner: Owner) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: growing would leave copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    files::open_private(path, owner)?
        .take(LONGEST)
        .read_to_end(&mut content)?;
    Ok(content)
}

fn decode(text: &[u8]) -> Result<StoreKey, KeyError> {
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
        let home = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(home.path()).unwrap();
        KeySource::Given(Secret::new(text))
            .read(Path::new("none"), owner)
            .map(Option::unwrap)
    }

    fn at(path: &Path) -> Result<Option<StoreKey>, KeyError> {
        let owner = Owner::of_new_files_in(path.parent().unwrap()).unwrap();
        KeySource::File(path.to_owned()).read(Path::new("none"), owner)
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

    #[cfg(unix)]
    #[test]
    fn a_key_file_holds_32_bytes_or_their_base64_and_is_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let write = |content: &[u8], mode| {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        assert!(at(&path).unwrap().is_none());
        write(&KEY, 0o600);
        assert_eq!(at(&path).unwrap().unwrap().expose(), &KEY);
        write(STANDARD.encode(KEY).as_bytes(), 0o400);
        assert_eq!(at(&path).unwrap().unwrap().expose(), &KEY);
        write(&[1; 31], 0o600);
        at(&path).unwrap_err();
        for mode in [0o640, 0o604, 0o620] {
            write(&KEY, mode);
            let error = at(&path).unwrap_err().to_string();
            assert!(error.contains("chmod go-rwx"), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(at(&link).unwrap().unwrap().expose(), &KEY);
    }

    #[test]
    fn only_our_own_file_is_ever_made_and_never_twice() {
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of_new_files_in(folder.path()).unwrap();
        let (ours, theirs) = (folder.path().join("data/store.key"), folder.path().join("theirs"));
        let error = KeySource::File(theirs.clone()).read_or_make(&ours, owner).unwrap_err();
        assert!(matches!(error, KeyError::Missing));
        assert!(!theirs.exists() && !ours.exists());
        let key = KeySource::Home.read_or_make(&ours, owner).unwrap();
        let content = fs::read(&ours).unwrap();
        let again = KeySource::Home.read_or_make(&ours, owner).unwrap();
        assert_eq!(again.expose(), key.expose());
        assert_eq!(fs::read(&ours).unwrap(), content);
        assert!(key.has_id(&again.id()));
        assert!(!key.has_id(&StoreKey::random().id()));
    }
}
