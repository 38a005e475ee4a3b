//! The keyring of the user's system: the Secret Service, the keychain or the credential manager.

use std::{
    fmt,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

#[cfg(all(unix, not(target_vendor = "apple")))]
#[path = "keyring/secret_service.rs"]
mod native;

#[cfg(any(target_os = "macos", windows))]
#[path = "keyring/credential_store.rs"]
mod native;

/// Under this name entries are kept.
const SERVICE: &str = "pocket";

/// A desktop's keyring answers in milliseconds. One that does not would otherwise hold every command up for good.
const PATIENCE: Duration = Duration::from_secs(8);

/// Keeps keys, each under an id.
pub(crate) trait Keyring: Send + Sync {
    /// The key of this id, where there is one.
    fn read(&self, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError>;
    /// Keeps a key under an id.
    fn write(&self, id: &str, key: &[u8]) -> Result<(), KeyringError>;
    /// Forgets the key of an id, if there is one.
    fn remove(&self, id: &str) -> Result<(), KeyringError>;
}

/// Why a keyring could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    /// There is none: a machine without a desktop.
    #[error("this system has no keyring that answers: {0}")]
    Absent(String),
    /// A person has to unlock it first. It is never asked for here: nobody may be there to answer.
    #[error("the keyring is locked")]
    Locked,
    #[error("the keyring did not answer within {} s", PATIENCE.as_secs())]
    Slow,
    #[error("the keyring refused: {0}")]
    Refused(String),
}

/// The keyring of the system that this process runs on, for the user as whom it runs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemKeyring;

impl Keyring for SystemKeyring {
    fn read(&self, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        let id = id.to_owned();
        in_time(move || native::read(&id))
    }

    fn write(&self, id: &str, key: &[u8]) -> Result<(), KeyringError> {
        let (id, key) = (id.to_owned(), Zeroizing::new(key.to_vec()));
        in_time(move || native::write(&id, &key))
    }

    fn remove(&self, id: &str) -> Result<(), KeyringError> {
        let id = id.to_owned();
        in_time(move || native::remove(&id))
    }
}

/// On a thread of its own, since the other side may never answer; the thread is then left behind.
fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    let (give, given) = mpsc::channel();
    thread::Builder::new()
        .name("pocket-keyring".to_owned())
        .spawn(move || {
            // Nobody waits any more when the time was over.
            let _ = give.send(work());
        })
        .map_err(|error| KeyringError::Refused(error.to_string()))?;
    match given.recv_timeout(PATIENCE) {
        Ok(done) => done,
        Err(RecvTimeoutError::Timeout) => Err(KeyringError::Slow),
        Err(RecvTimeoutError::Disconnected) => Err(KeyringError::Refused("it ended without an answer".to_owned())),
    }
}

#[cfg(not(any(all(unix, not(target_vendor = "apple")), target_os = "macos", windows)))]
mod native {
    use super::{KeyringError, Zeroizing};

    fn none() -> KeyringError {
        KeyringError::Absent("none is known for it".to_owned())
    }

    pub(super) fn read(_id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
        Err(none())
    }

    pub(super) fn write(_id: &str, _key: &[u8]) -> Result<(), KeyringError> {
        Err(none())
    }

    pub(super) fn remove(_id: &str) -> Result<(), KeyringError> {
        Err(none())
    }
}

impl fmt::Debug for dyn Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}
