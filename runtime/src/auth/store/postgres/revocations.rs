//! Owed revocations on a PostgreSQL server: a row each.

use async_trait::async_trait;
use tokio_postgres::{Row, types::Type};

use super::{PostgresStore, accounts::with_key};
use crate::auth::{RevocationStore, SealedOwed, StoreError};

const OWE: &str = concat!(
    "INSERT INTO pocket_revocations (id, sealed) SELECT $1, $2 WHERE ",
    with_key!("$3"),
    " ON CONFLICT DO NOTHING RETURNING 1"
);

pub(super) const LIST: &str =
    "SELECT s.key_id, r.id, r.sealed FROM pocket_store s LEFT JOIN pocket_revocations r ON true ORDER BY r.id";

const PUT_OFF: &str = concat!(
    "UPDATE pocket_revocations SET sealed = $3 WHERE id = $1 AND sealed = $2 AND ",
    with_key!("$4"),
    " RETURNING 1"
);

const SETTLE: &str = concat!("DELETE FROM pocket_revocations WHERE id = $1 AND ", with_key!("$2"));

#[async_trait]
impl RevocationStore for PostgresStore {
    async fn owe(&self, id: &[u8; 16], sealed: &[u8]) -> Result<(), StoreError> {
        let owed = self
            .query(
                OWE,
                &[
                    (&id.as_slice(), Type::BYTEA),
                    (&sealed, Type::BYTEA),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?;
        if owed.rows.is_empty() {
            let found = self.owed().await?;
            let is_ours = found.iter().any(|(found, bytes)| found == id && bytes == sealed);
            if !(owed.again && is_ours) {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    async fn owed(&self) -> Result<Vec<SealedOwed>, StoreError> {
        let rows = self.query(LIST, &[]).await?.rows;
        let mut owed = Vec::new();
        for row in &rows {
            owed.extend(self.owed_of(row)?);
        }
        Ok(owed)
    }

    async fn put_off(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let replaced = self
            .query(
                PUT_OFF,
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
        // The one sent first may have done it.
        let found = self.owed().await?;
        Ok(replaced.again && found.iter().any(|(found, bytes)| found == id && bytes == to))
    }

    async fn settle(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.query(SETTLE, &[(&id.as_slice(), Type::BYTEA), (&self.key_id, Type::BYTEA)])
            .await?;
        self.unless_rekeyed(()).await
    }
}

impl PostgresStore {
    /// `None` for the row that only tells the key, where nothing is owed.
    pub(super) fn owed_of(&self, row: &Row) -> Result<Option<SealedOwed>, StoreError> {
        self.has_key(row, 0)?;
        let id: Option<&[u8]> = self.column(row, 1)?;
        let Some(id) = id else { return Ok(None) };
        let id = <[u8; 16]>::try_from(id).map_err(|_of_another_length| self.damaged("an id is not of its length"))?;
        Ok(Some((id, self.column(row, 2)?)))
    }
}
