//! Pending sign-ins on a PostgreSQL server: a row each, until it is purged.

use async_trait::async_trait;
use tokio_postgres::types::Type;

use super::{PostgresStore, accounts::with_key};
use crate::{
    auth::{FlowStore, StoreError},
    base::clock::UnixTime,
};

const INSERT: &str = concat!(
    "INSERT INTO pocket_flows (id, sealed, expires_at) SELECT $1, $2, $3 WHERE ",
    with_key!("$4"),
    " ON CONFLICT DO NOTHING RETURNING 1"
);

const READ: &str =
    "SELECT s.key_id, f.id IS NOT NULL, f.sealed, f.outcome FROM pocket_store s LEFT JOIN pocket_flows f ON f.id = $1";

const PENDING: &str =
    "SELECT s.key_id, f.id, f.sealed FROM pocket_store s LEFT JOIN pocket_flows f ON f.sealed IS NOT NULL";

const REPLACE: &str = concat!(
    "UPDATE pocket_flows SET sealed = $3 WHERE id = $1 AND sealed = $2 AND ",
    with_key!("$4"),
    " RETURNING 1"
);

/// Who comes second waits for the row, and then finds nothing in it.
const TAKE: &str = concat!(
    "WITH taken AS (SELECT id, sealed FROM pocket_flows WHERE id = $1 AND sealed IS NOT NULL AND ",
    with_key!("$2"),
    " FOR UPDATE)
     UPDATE pocket_flows f SET sealed = NULL FROM taken WHERE f.id = taken.id RETURNING taken.sealed"
);

const FINISH: &str = concat!(
    "UPDATE pocket_flows SET sealed = NULL, outcome = coalesce(outcome, $2) WHERE id = $1 AND ",
    with_key!("$3"),
    " RETURNING 1"
);

/// A sign-in as it is kept.
struct Kept {
    sealed: Option<Vec<u8>>,
    outcome: Option<Vec<u8>>,
}

#[async_trait]
impl FlowStore for PostgresStore {
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError> {
        let inserted = self
            .query(
                INSERT,
                &[
                    (&id.as_slice(), Type::BYTEA),
                    (&sealed, Type::BYTEA),
                    (&expires_at.0, Type::INT8),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?;
        if inserted.rows.is_empty() {
            let found = self.kept(id).await?;
            let is_ours = found.is_some_and(|kept| kept.sealed.as_deref() == Some(sealed));
            if !(inserted.again && is_ours) {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.kept(id).await?.and_then(|kept| kept.sealed))
    }

    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let replaced = self
            .query(
                REPLACE,
                &[
                    (&id.as_slice(), Type::BYTEA),
                    (&from, Type::BYTEA),
                    (&to, Type::BYTEA),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?;
        if !replaced.rows.is_empty() {
            return Ok(true);
        }
        let found = self.kept(id).await?;
        Ok(replaced.again && found.is_some_and(|kept| kept.sealed.as_deref() == Some(to)))
    }

    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let taken = self
            .query(TAKE, &[(&id.as_slice(), Type::BYTEA), (&self.key_id, Type::BYTEA)])
            .await?;
        match taken.rows.first() {
            Some(row) => Ok(Some(self.column(row, 0)?)),
            // What was taken is not there a second time: another must not hear that it was used.
            None if taken.again => Err(StoreError::Server {
                store: self.place().clone(),
                reason: "the connection was lost while a sign-in was taken".to_owned(),
            }),
            None => self.unless_rekeyed(None).await,
        }
    }

    async fn finish(&self, id: &[u8; 16], outcome: &[u8]) -> Result<(), StoreError> {
        let finished = self
            .query(
                FINISH,
                &[
                    (&id.as_slice(), Type::BYTEA),
                    (&outcome, Type::BYTEA),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?;
        if finished.rows.is_empty() {
            return Err(self.unless_rekeyed(StoreError::NoSignIn).await?);
        }
        Ok(())
    }

    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.kept(id).await?.ok_or(StoreError::NoSignIn)?.outcome)
    }

    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError> {
        let found = self.query(PENDING, &[]).await?;
        if found.rows.is_empty() {
            return Err(self.damaged("it does not record its key"));
        }
        let mut pending = Vec::new();
        for row in &found.rows {
            self.has_key(row, 0)?;
            // One row without any where none is pending.
            let Some(id) = self.column::<Option<&[u8]>>(row, 1)? else {
                continue;
            };
            let id = <[u8; 16]>::try_from(id).map_err(|_other_length| self.damaged("the id of a sign-in is none"))?;
            pending.push((id, self.column(row, 2)?));
        }
        Ok(pending)
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.query(
            "DELETE FROM pocket_flows WHERE expires_at <= $1",
            &[(&now.0, Type::INT8)],
        )
        .await?;
        Ok(())
    }
}

impl PostgresStore {
    async fn kept(&self, id: &[u8; 16]) -> Result<Option<Kept>, StoreError> {
        let found = self.query(READ, &[(&id.as_slice(), Type::BYTEA)]).await?;
        let row = found
            .rows
            .first()
            .ok_or_else(|| self.damaged("it does not record its key"))?;
        self.has_key(row, 0)?;
        if !self.column::<bool>(row, 1)? {
            return Ok(None);
        }
        Ok(Some(Kept {
            sealed: self.column(row, 2)?,
            outcome: self.column(row, 3)?,
        }))
    }
}
