//! The keychain of macOS, or the credential manager of Windows.

use std::sync::Arc;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
use keyring_core::{Entry, Error, api::CredentialStoreApi as _};
#[cfg(windows)]
use windows_native_keyring_store::Store;
use zeroize::Zeroizing;

use super::{KeyringError, SERVICE};

pub(super) fn read(id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    match entry(id)?.get_secret() {
        Ok(key) => Ok(Some(Zeroizing::new(key))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(in_words(error)),
    }
}

pub(super) fn write(id: &str, key: &[u8]) -> Result<(), KeyringError> {
    entry(id)?.set_secret(key).map_err(in_words)
}

pub(super) fn remove(id: &str) -> Result<(), KeyringError> {
    match entry(id)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(in_words(error)),
    }
}

fn entry(id: &str) -> Result<Entry, KeyringError> {
    let store: Arc<Store> = Store::new().map_err(in_words)?;
    store.build(SERVICE, id, None).map_err(in_words)
}

/// Errors of a value that cannot be read hold that value.
fn in_words(error: Error) -> KeyringError {
    match error {
        Error::NoStorageAccess(_) => KeyringError::Locked,
        Error::PlatformFailure(cause) => KeyringError::Absent(cause.to_string()),
        _other => KeyringError::Refused("it does not keep such an entry".to_owned()),
    }
}
