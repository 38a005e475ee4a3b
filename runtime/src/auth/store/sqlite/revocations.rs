//! Owed revocations in the SQLite file: a row each.

use async_trait::async_trait;
use rusqlite::{Transaction, params};

use super::{SqliteStore, fault::Fault};
use crate::auth::{RevocationStore, SealedOwed, StoreError};

#[async_trait]
impl RevocationStore for SqliteStore {
    async fn owe(&self, id: &[u8; 16], sealed: &[u8]) -> Result<(), StoreError> {
        let (id, sealed) = (*id, sealed.to_vec());
        self.write(move |transaction| {
            let inserted = transaction
                .prepare_cached("INSERT INTO revocations (id, sealed) VALUES (?, ?) ON CONFLICT DO NOTHING")?
                .execute(params![id, sealed])?;
            match inserted {
                0 => Err(StoreError::Conflict.into()),
                _one => Ok(()),
            }
        })
        .await
    }

    async fn owed(&self) -> Result<Vec<SealedOwed>, StoreError> {
        self.read(list).await
    }

    async fn put_off(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let (id, from, to) = (*id, from.to_vec(), to.to_vec());
        self.write(move |transaction| {
            let replaced = transaction
                .prepare_cached("UPDATE revocations SET sealed = ? WHERE id = ? AND sealed = ?")?
                .execute(params![to, id, from])?;
            Ok(replaced == 1)
        })
        .await
    }

    async fn settle(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        let id = *id;
        self.write(move |transaction| {
            transaction
                .prepare_cached("DELETE FROM revocations WHERE id = ?")?
                .execute(params![id])?;
            Ok(())
        })
        .await
    }
}

pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<SealedOwed>, Fault> {
    let mut statement = transaction.prepare_cached("SELECT id, sealed FROM revocations ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
