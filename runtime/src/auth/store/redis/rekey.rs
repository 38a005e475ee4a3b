//! Gives the store on a Redis server another key, as one script.

use ::redis::{Pipeline, cmd};

use super::{ACCOUNTS, FLOWS, REVOCATIONS, RedisStore, ToArg, accounts, flows, script::Work};
use crate::auth::{
    RevocationStore as _, StoreError, TokenStore as _,
    store::{RecordKind, Vault, key_record::KeyRecord, names, reseal::Reseal},
};

/// How often it is tried anew when others save at the same time.
const TRIES: usize = 8;

/// One field that is sealed anew: its key, the field, the bytes before and after.
type Change = (String, Vec<u8>, Vec<u8>, Vec<u8>);

impl RedisStore {
    /// Seals everything with the key `to`, of which `record` tells. Nothing of it is done, or all.
    pub(in crate::auth::store) async fn rekey(
        &self,
        from: Vault,
        to: Vault,
        record: KeyRecord,
    ) -> Result<(), StoreError> {
        let reseal = Reseal { from: &from, to: &to };
        for _try in 0..TRIES {
            let (changes, counts) = self.changes(&reseal).await?;
            match self.swap(&record, &changes, counts).await? {
                1 => return Ok(()),
                -1 => return Err(self.rekeyed()),
                -2 => {
                    return Err(StoreError::Renewing {
                        store: self.place().clone(),
                    });
                }
                _changed_meanwhile => {}
            }
        }
        Err(StoreError::Conflict)
    }

    async fn changes(&self, reseal: &Reseal<'_>) -> Result<(Vec<Change>, [u64; 3]), StoreError> {
        let mut changes = Vec::new();
        let records = self.list().await?;
        for (account, record) in &records {
            let key = accounts::key_of(&names::digest(account));
            changes.push((
                key,
                b"sealed".to_vec(),
                record.sealed.clone(),
                reseal.account(account, record)?,
            ));
        }
        let ids: Vec<Vec<u8>> = self.connection.read(cmd("ZRANGE").arg(FLOWS).arg(0).arg(-1)).await?;
        for some in ids.chunks(256) {
            let mut asked = Pipeline::new();
            for id in some {
                asked.cmd("HMGET").arg(flows::key_of(id)).arg(&["sealed", "outcome"]);
            }
            let rows = self.connection.read_all::<[Option<Vec<u8>>; 2]>(&asked).await?;
            for (id, [sealed, outcome]) in some.iter().zip(rows) {
                let Ok(whole) = <[u8; 16]>::try_from(id.as_slice()) else {
                    continue;
                };
                let mut change = |field: &str, kind, bytes: Option<Vec<u8>>| {
                    // Where there is none, none may come meanwhile.
                    let bytes = bytes.unwrap_or_default();
                    let again = reseal.flow(kind, &whole, &bytes).unwrap_or_default();
                    changes.push((flows::key_of(id), field.as_bytes().to_vec(), bytes, again));
                };
                change("sealed", RecordKind::Flow, sealed);
                change("outcome", RecordKind::Outcome, outcome);
            }
        }
        let owed = self.owed().await?;
        for (id, sealed) in &owed {
            // One that does not open stays as it is.
            if let Some(again) = reseal.flow(RecordKind::Revocation, id, sealed) {
                changes.push((REVOCATIONS.to_owned(), id.to_vec(), sealed.clone(), again));
            }
        }
        Ok((changes, [records.len() as u64, ids.len() as u64, owed.len() as u64]))
    }

    async fn swap(
        &self,
        record: &KeyRecord,
        changes: &[Change],
        [accounts, flows, revocations]: [u64; 3],
    ) -> Result<i64, StoreError> {
        let (kind, path) = record.place_parts();
        let path = path.unwrap_or_default();
        let parts: Vec<&[u8]> = changes
            .iter()
            .flat_map(|(_key, field, before, after)| [field.as_slice(), before, after])
            .collect();
        let (id, check) = (record.id.as_slice(), record.check.as_slice());
        let (kind, path) = (kind.as_bytes(), path.as_bytes());
        let mut given: Vec<&(dyn ToArg + Sync)> = vec![&id, &check, &kind, &path, &accounts, &flows, &revocations];
        given.extend(parts.iter().map(|part| part as &(dyn ToArg + Sync)));
        let keys: Vec<&str> = [ACCOUNTS, FLOWS, REVOCATIONS]
            .into_iter()
            .chain(changes.iter().map(|(key, ..)| key.as_str()))
            .collect();
        let done = self.work::<i64>(Work::Rekey, &keys, &given).await?;
        // Sent a second time, it finds the new key where the first was done.
        if done.again && self.key_record().await?.id == record.id {
            return Ok(1);
        }
        Ok(done.value)
    }
}
