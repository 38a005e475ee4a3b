//! Pending sign-ins in the SQLite file: a row each, until it is purged.

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::{SqliteStore, fault::Fault};
use crate::{
    auth::{FlowStore, StoreError},
    base::clock::UnixTime,
};

#[async_trait]
impl FlowStore for SqliteStore {
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError> {
        let (id, sealed) = (*id, sealed.to_vec());
        self.write(move |transaction| {
            let inserted = transaction
                .prepare_cached("INSERT INTO flows (id, sealed, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")?
                .execute(params![id, sealed, expires_at.0])?;
            if inserted == 0 {
                return Err(StoreError::Conflict.into());
            }
            Ok(())
        })
        .await
    }

    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let id = *id;
        self.read(move |transaction| pending(transaction, &id)).await
    }

    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let (id, from, to) = (*id, from.to_vec(), to.to_vec());
        self.write(move |transaction| {
            let replaced = transaction
                .prepare_cached("UPDATE flows SET sealed = ? WHERE id = ? AND sealed = ?")?
                .execute(params![to, id, from])?;
            Ok(replaced == 1)
        })
        .await
    }

    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let id = *id;
        self.write(move |transaction| {
            let taken = pending(transaction, &id)?;
            transaction
                .prepare_cached("UPDATE flows SET sealed = NULL WHERE id = ?")?
                .execute([id])?;
            Ok(taken)
        })
        .await
    }

    async fn finish(&self, id: &[u8; 16], outcome: &[u8]) -> Result<(), StoreError> {
        let (id, outcome) = (*id, outcome.to_vec());
        self.write(move |transaction| {
            let finished = transaction
                .prepare_cached("UPDATE flows SET sealed = NULL, outcome = coalesce(outcome, ?) WHERE id = ?")?
                .execute(params![outcome, id])?;
            if finished == 0 {
                return Err(StoreError::NoSignIn.into());
            }
            Ok(())
        })
        .await
    }

    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let id = *id;
        self.read(move |transaction| {
            let found = transaction
                .prepare_cached("SELECT outcome FROM flows WHERE id = ?")?
                .query_row([id], |row| row.get(0))
                .optional()?;
            found.ok_or_else(|| StoreError::NoSignIn.into())
        })
        .await
    }

    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError> {
        self.read(|transaction| {
            let mut asked = transaction.prepare_cached("SELECT id, sealed FROM flows WHERE sealed IS NOT NULL")?;
            let rows = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction
                .prepare_cached("DELETE FROM flows WHERE expires_at <= ?")?
                .execute([now.0])?;
            Ok(())
        })
        .await
    }
}

fn pending(transaction: &Transaction<'_>, id: &[u8; 16]) -> Result<Option<Vec<u8>>, Fault> {
    let found: Option<Option<Vec<u8>>> = transaction
        .prepare_cached("SELECT sealed FROM flows WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}
