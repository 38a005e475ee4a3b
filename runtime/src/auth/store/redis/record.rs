//! What the store on a Redis server records of its key.

use std::collections::HashMap;

use ::redis::cmd;

use super::{RedisStore, STORE, script::Work};
use crate::{
    auth::{
        StoreError,
        store::key_record::{KeyRecord, not_a_key},
    },
    base::{files::Owner, key::KeyPlace, keys::Keys},
};

/// The newest format that is known, which is written. A store of an earlier one is brought to it when it is opened.
pub(super) const FORMAT: i64 = 2;

impl RedisStore {
    /// `None` where there is no store yet.
    pub(super) async fn read_record(&self) -> Result<Option<KeyRecord>, StoreError> {
        let mut kept: HashMap<String, Vec<u8>> = self.connection.read(cmd("HGETALL").arg(STORE)).await?;
        if kept.is_empty() {
            return Ok(None);
        }
        let mut text = |name: &str| kept.remove(name).and_then(|bytes| String::from_utf8(bytes).ok());
        match text("format").and_then(|format| format.parse::<i64>().ok()) {
            Some(1..=FORMAT) => {}
            Some(found) if found > FORMAT => {
                return Err(StoreError::NewerFormat {
                    store: self.place().clone(),
                    found,
                    known: FORMAT,
                });
            }
            Some(_) | None => return Err(self.damaged("it does not say its format")),
        }
        let place = text("key_place").and_then(|kind| KeyPlace::from_parts(&kind, text("key_path")));
        let (Some(place), Some(id), Some(check)) = (place, kept.remove("key_id"), kept.remove("key_check")) else {
            return Err(self.damaged("it does not say where its key was kept"));
        };
        Ok(Some(KeyRecord { id, check, place }))
    }

    /// Brings a store of format 1 to the one that is written now. Nothing in it changes but that: an account without an owner is a
    /// shared one. A Pocket of before does not open it any more: it would take an account of a tool's own for a shared one.
    pub(super) async fn upgrade(&self) -> Result<(), StoreError> {
        let upgraded = self.work::<i64>(Work::Upgrade, &[], &[&FORMAT]).await?;
        match upgraded.value {
            -1 => Err(self.rekeyed()),
            _done => Ok(()),
        }
    }

    /// Makes the store, unless another process did so meanwhile.
    pub(super) async fn make_record(&self, keys: &Keys, owner: Owner) -> Result<KeyRecord, StoreError> {
        let (key, place) = keys
            .make(owner)
            .map_err(|error| not_a_key(error, keys.place(None), self.place()))?;
        let record = KeyRecord::of(&key, place);
        let (kind, path) = record.place_parts();
        let path = path.unwrap_or_default();
        self.work::<i64>(
            Work::Make,
            &[],
            &[
                &FORMAT,
                &record.id.as_slice(),
                &record.check.as_slice(),
                &kind.as_bytes(),
                &path.as_bytes(),
            ],
        )
        .await?;
        // Whoever came first made it.
        self.read_record()
            .await?
            .ok_or_else(|| self.damaged("it does not record its key"))
    }
}
