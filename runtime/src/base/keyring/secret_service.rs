//! The freedesktop Secret Service, over D-Bus: GNOME Keyring, KWallet, KeePassXC.

use std::collections::HashMap;

use secret_service::{EncryptionType, Error, SecretService};
use zeroize::Zeroizing;

use super::{KeyringError, SERVICE};

pub(super) fn read(id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    on_the_bus(async {
        let service = connect().await?;
        let found = service.search_items(attributes(id)).await?;
        match (found.unlocked.first(), found.locked.first()) {
            (Some(item), _) => Ok(Some(Zeroizing::new(item.get_secret().await?))),
            (None, Some(_locked)) => Err(Error::Locked),
            (None, None) => Ok(None),
        }
    })
}

pub(super) fn write(id: &str, key: &[u8]) -> Result<(), KeyringError> {
    on_the_bus(async {
        let service = connect().await?;
        let collection = service.get_default_collection().await?;
        // Else it would ask a person, who may not be there.
        if collection.is_locked().await? {
            return Err(Error::Locked);
        }
        let label = format!("Pocket: key {id} of a token store");
        collection
            .create_item(&label, attributes(id), key, true, "application/octet-stream")
            .await?;
        Ok(())
    })
}

pub(super) fn remove(id: &str) -> Result<(), KeyringError> {
    on_the_bus(async {
        let service = connect().await?;
        for item in service.search_items(attributes(id)).await?.unlocked {
            item.delete().await?;
        }
        Ok(())
    })
}

async fn connect<'a>() -> Result<SecretService<'a>, Error> {
    // Encrypted, so that whoever listens on the bus learns nothing.
    SecretService::connect(EncryptionType::Dh).await
}

fn attributes(id: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("key", id)])
}

/// The thread is the caller's own, with no runtime on it.
fn on_the_bus<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, KeyringError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| KeyringError::Refused(error.to_string()))?;
    runtime.block_on(work).map_err(|error| match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => KeyringError::Locked,
        Error::Unavailable | Error::NoResult => KeyringError::Absent(error.to_string()),
        Error::Zbus(_) | Error::ZbusFdo(_) => KeyringError::Absent(error.to_string()),
        other => KeyringError::Refused(other.to_string()),
    })
}
