//! The store on a PostgreSQL server: for several hosts.

mod accounts;
mod connection;
mod fault;
mod flows;
mod line;
mod rekey;
mod revocations;
mod schema;
mod tls;

#[cfg(test)]
mod tests;

use std::fmt;

use connection::Pool;
use tokio_postgres::{
    Row,
    types::{FromSql, ToSql, Type},
};

use crate::{
    auth::{
        StoreError, StorePlace,
        store::{StoreUrl, key_record::KeyRecord},
    },
    base::{files::Owner, key::StoreKey, keys::Keys, net::Net},
};

/// What a statement is given: a value and its type.
type Given<'a> = (&'a (dyn ToSql + Sync), Type);

/// Keeps accounts and pending sign-ins on a PostgreSQL server. Every operation is one statement, so it is atomic; times are
/// those of the server's clock.
pub(crate) struct PostgresStore {
    pool: Pool,
    key_id: Vec<u8>,
}

/// What a statement gave.
struct Rows {
    rows: Vec<Row>,
    /// The connection was lost and the statement sent again: the first one may have been done.
    again: bool,
}

impl PostgresStore {
    /// Opens the store, or makes its tables, with the key that was chosen when it was made.
    pub(crate) async fn open(
        url: &StoreUrl,
        net: &Net,
        keys: &Keys,
        owner: Owner,
    ) -> Result<(Self, StoreKey), StoreError> {
        let pool = Pool::new(url, net)?;
        let place = pool.place().clone();
        let record = match schema::record(&pool).await? {
            Some(record) => record,
            None => schema::make(&pool, keys, owner).await?,
        };
        let mut record = record;
        let key = loop {
            match record.key(keys, owner, &place) {
                Ok(key) => break key,
                Err(error) => match schema::record(&pool).await? {
                    // The store may have got another key between the two looks.
                    Some(now) if now != record => record = now,
                    _same => return Err(error),
                },
            }
        };
        schema::upgrade(&pool).await?;
        let store = Self {
            pool,
            key_id: key.id().to_vec(),
        };
        Ok((store, key))
    }

    pub(super) fn place(&self) -> &StorePlace {
        self.pool.place()
    }

    /// What the store records of its key.
    pub(super) async fn key_record(&self) -> Result<KeyRecord, StoreError> {
        let record = schema::record(&self.pool).await?;
        record.ok_or_else(|| self.damaged("it does not record its key"))
    }

    /// Sends a statement; anew where the connection was lost before it was answered.
    async fn query(&self, statement: &str, given: &[Given<'_>]) -> Result<Rows, StoreError> {
        self.pool.query(statement, given).await
    }

    /// After a statement on a row that changed nothing: because the store has another key by now, or for the reason at hand.
    async fn unless_rekeyed<T>(&self, otherwise: T) -> Result<T, StoreError> {
        if self.key_record().await?.id == self.key_id {
            return Ok(otherwise);
        }
        Err(self.rekeyed())
    }

    fn column<'a, T: FromSql<'a>>(&self, row: &'a Row, column: usize) -> Result<T, StoreError> {
        fault::column(self.place(), row, column)
    }

    /// Whether a statement gave the id of the key with which the store was opened.
    fn has_key(&self, row: &Row, column: usize) -> Result<(), StoreError> {
        if self.column::<&[u8]>(row, column)? == self.key_id {
            return Ok(());
        }
        Err(self.rekeyed())
    }

    fn rekeyed(&self) -> StoreError {
        StoreError::Rekeyed {
            store: self.place().clone(),
        }
    }

    fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Damaged {
            store: self.place().clone(),
            reason: reason.to_owned(),
        }
    }

    /// A version or fence as it is kept.
    fn count(&self, kept: i64) -> Result<u64, StoreError> {
        u64::try_from(kept).map_err(|_negative| self.damaged("a count is below zero"))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("place", self.place())
            .finish_non_exhaustive()
    }
}
