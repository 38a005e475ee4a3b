//! What a store records of the key with which it was made.

use std::io;

use crate::{
    auth::{
        StoreError,
        store::{StorePlace, Vault, sqlite_io_at},
    },
    base::{
        files::Owner,
        key::{KeyError, KeyPlace, StoreKey},
        keys::Keys,
    },
};

/// What a store records of its key: enough to know it again, and where it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyRecord {
    pub(super) id: Vec<u8>,
    pub(super) check: Vec<u8>,
    pub(super) place: KeyPlace,
}

impl KeyRecord {
    pub(super) fn of(key: &StoreKey, place: KeyPlace) -> Self {
        Self {
            id: key.id().to_vec(),
            check: Vault::new(key.clone()).seal_check(),
            place,
        }
    }

    /// The place as it is kept: its kind in one word, with the file.
    pub(super) fn place_parts(&self) -> (&'static str, Option<String>) {
        let (kind, path) = self.place.parts();
        (kind, path.map(|path| path.to_string_lossy().into_owned()))
    }

    /// The key that this is the record of, where it is now.
    pub(super) fn key(&self, keys: &Keys, owner: Owner, store: &StorePlace) -> Result<StoreKey, StoreError> {
        let found = keys
            .find(&self.place, &self.id, owner)
            .map_err(|error| not_a_key(error, keys.place(Some(&self.place)), store))?;
        let Some(key) = found else {
            return Err(StoreError::KeyLost {
                store: store.clone(),
                place: self.place.clone(),
            });
        };
        if !key.has_id(&self.id) {
            return Err(StoreError::WrongKey {
                store: store.clone(),
                place: self.place.clone(),
            });
        }
        if !Vault::new(key.clone()).opens_check(&self.check) {
            return Err(StoreError::Altered {
                record: "the check value of the key".to_owned(),
            });
        }
        Ok(key)
    }
}

/// Why there is no key in this place for this store.
pub(super) fn not_a_key(error: KeyError, place: KeyPlace, store: &StorePlace) -> StoreError {
    match (error, store) {
        (KeyError::Io(error), StorePlace::File(path))
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
        {
            sqlite_io_at(path)(error)
        }
        (KeyError::Given, _) => StoreError::TheirKey { place },
        (KeyError::Locked(held), _) => StoreError::of_lock(held),
        (error, _) => StoreError::NotAKey {
            place,
            reason: error.to_string(),
        },
    }
}
