//! The keys of a `home`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use pocket_runtime::{Clock as _, Code, Home, LockError, LockHeld, Profile, Secret, SystemClock, ToolName};
use tokio::sync::watch;

use crate::keys::{
    Key, KeyId,
    key::KeyText,
    key_file::{KeyFile, Stamp},
};

/// How long a key that another process revoked may go on with what it has open.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(500);

/// Why keys could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file could not be read or written.
    #[error("the keys cannot be read or written: {error}: `{}`", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is not one of keys.
    #[error("the file of the keys is not valid: {reason}: `{}`", .path.display())]
    NotValid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process does not let go of the file.
    #[error(transparent)]
    Locked(LockHeld),
    /// There is no such key.
    #[error("there is no key with this id: `{0}`")]
    NoKey(String),
}

impl KeysError {
    /// Of a lock that was not had, for what is done under it.
    pub(crate) fn of(error: LockError, path: &Path) -> Self {
        match error {
            LockError::Held(held) => Self::Locked(held),
            LockError::Io(error) => Self::Io {
                path: path.to_owned(),
                error,
            },
        }
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::Internal,
            Self::Locked(_) => Code::Busy,
            Self::NotValid { .. } => Code::NotValid,
            Self::NoKey(_) => Code::NotFound,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Io { .. } => vec!["see that the folder is yours and the disk is not full".to_owned()],
            Self::NotValid { .. } => {
                vec![
                    "put the file aside: every key is then revoked, and `pocket keys create` makes new ones".to_owned(),
                ]
            }
            Self::Locked(held) => held.hints(),
            Self::NoKey(_) => vec!["`pocket keys list` shows those there are".to_owned()],
        }
    }
}

/// A key that was just made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Made {
    /// As it is kept.
    pub key: Key,
    /// What opens the doors: it is told once and kept nowhere.
    pub text: Secret,
}

/// The keys of a `home`: who may come in, as whom, and to which tools.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use pocket_runtime::{Home, Profile};
/// use pocket_server::Keys;
///
/// let keys = Keys::of(&Home::at(folder.path()));
/// let made = keys.create(&Profile::new("alice"), None, Some("laptop".to_owned()))?;
/// assert_eq!(keys.find(made.text.expose())?.map(|key| key.profile.clone()), Some("alice".to_owned()));
/// keys.revoke(&made.key.id)?;
/// assert_eq!(keys.find(made.text.expose())?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Keys {
    file: KeyFile,
    read: Arc<RwLock<Read>>,
}

/// What the file had when it was last read.
#[derive(Debug, Default)]
struct Read {
    stamp: Option<Stamp>,
    keys: BTreeMap<KeyId, Arc<Key>>,
}

impl Keys {
    /// Those kept in this `home`.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        Self {
            file: KeyFile::in_folder(home.data()),
            read: Arc::default(),
        }
    }

    /// Makes a key for a profile: to all tools, or to these.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(
        &self,
        profile: &Profile,
        tools: Option<BTreeSet<ToolName>>,
        name: Option<String>,
    ) -> Result<Made, KeysError> {
        self.keep(Key::make(profile, tools, name, SystemClock.now()))
    }

    /// Makes a key that reads `/metrics` and opens nothing else: they tell of all profiles.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create_for_metrics(&self, name: Option<String>) -> Result<Made, KeysError> {
        let (mut key, text) = Key::make(&Profile::default(), Some(BTreeSet::new()), name, SystemClock.now());
        key.metrics = true;
        self.keep((key, text))
    }

    fn keep(&self, (key, text): (Key, Secret)) -> Result<Made, KeysError> {
        self.file.change(|keys| {
            keys.push(key.clone());
            Ok(())
        })?;
        Ok(Made { key, text })
    }

    /// All of them, in the order in which they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<Key>, KeysError> {
        self.file.read()
    }

    /// Takes a key away: what it has open ends within a second.
    ///
    /// # Errors
    /// When there is no such key, or the file cannot be written.
    pub fn revoke(&self, id: &KeyId) -> Result<Key, KeysError> {
        self.file.change(|keys| {
            let at = keys.iter().position(|key| key.id == *id);
            at.map(|at| keys.remove(at))
                .ok_or_else(|| KeysError::NoKey(id.to_string()))
        })
    }

    /// The key whose text this is, as the file has it now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(&self, text: &str) -> Result<Option<Arc<Key>>, KeysError> {
        let Ok(text) = KeyText::parse(text) else {
            return Ok(None);
        };
        let key = self.get(&text.id)?;
        Ok(key.filter(|key| key.is_opened_by(text.secret)))
    }

    /// Where they are kept.
    pub(crate) fn folder(&self) -> &Path {
        self.file.folder()
    }

    /// The key of this id, as the file has it now.
    pub(crate) fn get(&self, id: &KeyId) -> Result<Option<Arc<Key>>, KeysError> {
        let stamp = self.file.stamp()?;
        {
            let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
            if read.stamp == stamp {
                return Ok(read.keys.get(id).cloned());
            }
        }
        let keys = self.file.read()?;
        let keys: BTreeMap<_, _> = keys.into_iter().map(|key| (key.id.clone(), Arc::new(key))).collect();
        let found = keys.get(id).cloned();
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = Read { stamp, keys };
        Ok(found)
    }

    /// Watches for keys that are revoked, by whichever process, for as long as it lives.
    pub(crate) fn watch(&self) -> Revocations {
        let (changed, seen) = watch::channel(());
        let keys = self.clone();
        tokio::spawn(async move {
            let mut stamp = keys.file.stamp().ok().flatten();
            let mut ticks = tokio::time::interval(LOOKED_AT_EVERY);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = changed.closed() => return,
                }
                let now = keys.file.stamp().ok().flatten();
                if now != stamp {
                    stamp = now;
                    changed.send_replace(());
                }
            }
        });
        Revocations {
            keys: self.clone(),
            seen,
        }
    }
}

/// Tells what is open under a key that the key is no more.
#[derive(Debug, Clone)]
pub(crate) struct Revocations {
    keys: Keys,
    seen: watch::Receiver<()>,
}

impl Revocations {
    /// Ends once this key is revoked.
    pub(crate) async fn of(&self, id: &KeyId) {
        let mut seen = self.seen.clone();
        loop {
            // A file that cannot be read now is no revocation.
            if self.has(id) {
                return;
            }
            if seen.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends once some key may have been revoked since it ended last.
    pub(crate) async fn any(&mut self) {
        if self.seen.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether this key is revoked.
    pub(crate) fn has(&self, id: &KeyId) -> bool {
        matches!(self.keys.get(id), Ok(None))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn a_key_that_another_process_revokes_is_told_to_what_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let (ours, theirs) = (Keys::of(&home), Keys::of(&home));
        let made = ours.create(&Profile::default(), None, None).unwrap();
        let revocations = ours.watch();
        let other = theirs.create(&Profile::default(), None, None).unwrap();
        assert!(theirs.find(made.text.expose()).unwrap().is_some());
        theirs.revoke(&made.key.id).unwrap();
        tokio::time::timeout(Duration::from_secs(30), revocations.of(&made.key.id))
            .await
            .unwrap();
        assert!(ours.find(made.text.expose()).unwrap().is_none());
        assert!(ours.find(other.text.expose()).unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_not_one_of_keys_opens_no_door() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let keys = Keys::of(&home);
        let made = keys.create(&Profile::default(), None, None).unwrap();
        for text in ["", "{}", "{\"version\":2,\"keys\":[]}", "[1,2"] {
            std::fs::write(home.data().join("keys.json"), text).unwrap();
            assert!(keys.find(made.text.expose()).is_err(), "{text}");
        }
    }
}
