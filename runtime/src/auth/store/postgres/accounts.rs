//! Accounts on a PostgreSQL server: a row each, which stays when the account is removed.

use std::time::Duration;

use async_trait::async_trait;
use tokio_postgres::{Row, types::Type};

use super::PostgresStore;
use crate::auth::{AccountId, Lease, StoreError, StoredRecord, TokenStore, store::names};

/// Every statement that writes does nothing once the store has another key: what it writes could not be opened any more.
macro_rules! with_key {
    ($key:literal) => {
        concat!("EXISTS (SELECT 1 FROM pocket_store WHERE key_id = ", $key, ")")
    };
}
pub(super) use with_key;

/// The server's clock, in milliseconds.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}
pub(super) use now;

const LOAD: &str = "SELECT s.key_id, a.version, a.sealed FROM pocket_store s LEFT JOIN pocket_accounts a ON a.id = $1";

const SAVE_FIRST: &str = concat!(
    "INSERT INTO pocket_accounts AS a (id, profile, provider, handler, kind, client_id, owner, version, sealed)
     SELECT $1, $2, $3, $4, $5, $6, $7, 1, $8 WHERE ",
    with_key!("$9"),
    " ON CONFLICT (id) DO UPDATE SET version = 1, sealed = excluded.sealed WHERE a.version = 0 RETURNING 1"
);

const SAVE: &str = concat!(
    "UPDATE pocket_accounts SET version = $3, sealed = $4 WHERE id = $1 AND version = $2
     AND ($5 IS NULL OR (lease_owner = $5 AND fence = $6)) AND ",
    with_key!("$7"),
    " RETURNING 1"
);

const REMOVE: &str = concat!(
    "UPDATE pocket_accounts SET version = $3, sealed = NULL WHERE id = $1 AND version = $2 AND sealed IS NOT NULL AND ",
    with_key!("$4"),
    " RETURNING 1"
);

pub(super) const LIST: &str =
    "SELECT a.profile, a.provider, a.handler, a.kind, a.client_id, a.owner, a.version, a.sealed, s.key_id
     FROM pocket_accounts a, pocket_store s WHERE a.sealed IS NOT NULL
     ORDER BY a.profile, a.provider, a.handler, a.kind, a.client_id, a.owner";

const LEASE: &str = concat!(
    "INSERT INTO pocket_accounts AS a
     (id, profile, provider, handler, kind, client_id, owner, fence, lease_owner, lease_until, lease_length)
     SELECT $1, $2, $3, $4, $5, $6, $7, 1, $8, ",
    now!(),
    " + $9, $9 WHERE ",
    with_key!("$10"),
    " ON CONFLICT (id) DO UPDATE SET fence = a.fence + 1, lease_owner = excluded.lease_owner, lease_until = ",
    now!(),
    " + excluded.lease_length, lease_length = excluded.lease_length
     WHERE a.lease_owner IS NULL OR a.lease_until <= ",
    now!(),
    " RETURNING fence"
);

/// More is left than was ever asked for: the server's clock went back. Its holder gets one more length from now and would
/// renew within it; without this a holder that died would be waited for until the clock is there again.
const SHORTEN: &str = concat!(
    "UPDATE pocket_accounts SET lease_until = ",
    now!(),
    " + lease_length WHERE id = $1 AND lease_owner IS NOT NULL AND lease_until - ",
    now!(),
    " > lease_length RETURNING 1"
);

const HELD: &str = "SELECT fence FROM pocket_accounts WHERE id = $1 AND lease_owner = $2";

const RENEW: &str = concat!(
    "UPDATE pocket_accounts SET lease_length = $4, lease_until = ",
    now!(),
    " + $4 WHERE id = $1 AND lease_owner = $2 AND fence = $3 RETURNING 1"
);

const RELEASE: &str = "UPDATE pocket_accounts SET lease_owner = NULL, lease_until = 0
     WHERE id = $1 AND lease_owner = $2 AND fence = $3 RETURNING 1";

#[async_trait]
impl TokenStore for PostgresStore {
    async fn load(&self, account: &AccountId) -> Result<Option<StoredRecord>, StoreError> {
        let (version, sealed) = self.state(account).await?;
        Ok(sealed.map(|sealed| StoredRecord { sealed, version }))
    }

    async fn save(
        &self,
        account: &AccountId,
        sealed: &[u8],
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<u64, StoreError> {
        let (now, next) = (kept(expected)?, kept(expected.saturating_add(1))?);
        let id = names::digest(account);
        let saved = if expected == 0 && lease.is_none() {
            let [profile, provider, handler, kind, client_id] = names::parts(account);
            self.query(
                SAVE_FIRST,
                &[
                    (&id, Type::BYTEA),
                    (&profile, Type::BYTEA),
                    (&provider, Type::BYTEA),
                    (&handler, Type::BYTEA),
                    (&kind, Type::BYTEA),
                    (&client_id, Type::BYTEA),
                    (&names::owner(account), Type::BYTEA),
                    (&sealed, Type::BYTEA),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?
        } else {
            let owner = lease.map(|lease| lease.owner.as_slice());
            let fence = lease.map(|lease| kept(lease.fence)).transpose()?;
            self.query(
                SAVE,
                &[
                    (&id, Type::BYTEA),
                    (&now, Type::INT8),
                    (&next, Type::INT8),
                    (&sealed, Type::BYTEA),
                    (&owner, Type::BYTEA),
                    (&fence, Type::INT8),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?
        };
        if saved.rows.is_empty() {
            let (version, found) = self.state(account).await?;
            let is_ours = version == expected.saturating_add(1) && found.as_deref() == Some(sealed);
            if !(saved.again && is_ours) {
                return Err(StoreError::Conflict);
            }
        }
        self.count(next)
    }

    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        let (now, next) = (kept(expected)?, kept(expected.saturating_add(1))?);
        let removed = self
            .query(
                REMOVE,
                &[
                    (&names::digest(account), Type::BYTEA),
                    (&now, Type::INT8),
                    (&next, Type::INT8),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?;
        if removed.rows.is_empty() {
            let (version, found) = self.state(account).await?;
            if !(removed.again && version == expected.saturating_add(1) && found.is_none()) {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    async fn version(&self, account: &AccountId) -> Result<u64, StoreError> {
        Ok(self.state(account).await?.0)
    }

    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError> {
        let rows = self.query(LIST, &[]).await?.rows;
        rows.iter().map(|row| self.account_of(row)).collect()
    }

    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError> {
        let owner: [u8; 16] = rand::random();
        let id = names::digest(account);
        let [profile, provider, handler, kind, client_id] = names::parts(account);
        let taken = self
            .query(
                LEASE,
                &[
                    (&id, Type::BYTEA),
                    (&profile, Type::BYTEA),
                    (&provider, Type::BYTEA),
                    (&handler, Type::BYTEA),
                    (&kind, Type::BYTEA),
                    (&client_id, Type::BYTEA),
                    (&names::owner(account), Type::BYTEA),
                    (&owner.as_slice(), Type::BYTEA),
                    (&milliseconds(time), Type::INT8),
                    (&self.key_id, Type::BYTEA),
                ],
            )
            .await?;
        let fence = match taken.rows.first() {
            Some(row) => self.column(row, 0)?,
            None if taken.again => {
                let held = self
                    .query(HELD, &[(&id, Type::BYTEA), (&owner.as_slice(), Type::BYTEA)])
                    .await?;
                match held.rows.first() {
                    Some(row) => self.column(row, 0)?,
                    None => return self.unless_rekeyed(None).await,
                }
            }
            None => {
                self.query(SHORTEN, &[(&id, Type::BYTEA)]).await?;
                return self.unless_rekeyed(None).await;
            }
        };
        Ok(Some(Lease {
            owner,
            fence: self.count(fence)?,
        }))
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        let renewed = self
            .query(
                RENEW,
                &[
                    (&names::digest(account), Type::BYTEA),
                    (&lease.owner.as_slice(), Type::BYTEA),
                    (&kept(lease.fence)?, Type::INT8),
                    (&milliseconds(time), Type::INT8),
                ],
            )
            .await?;
        Ok(!renewed.rows.is_empty())
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        self.query(
            RELEASE,
            &[
                (&names::digest(account), Type::BYTEA),
                (&lease.owner.as_slice(), Type::BYTEA),
                (&kept(lease.fence)?, Type::INT8),
            ],
        )
        .await?;
        Ok(())
    }
}

impl PostgresStore {
    /// An account's version with its record; those of another key are not given.
    async fn state(&self, account: &AccountId) -> Result<(u64, Option<Vec<u8>>), StoreError> {
        let found = self.query(LOAD, &[(&names::digest(account), Type::BYTEA)]).await?;
        let row = found
            .rows
            .first()
            .ok_or_else(|| self.damaged("it does not record its key"))?;
        self.has_key(row, 0)?;
        let version: Option<i64> = self.column(row, 1)?;
        Ok((self.count(version.unwrap_or(0))?, self.column(row, 2)?))
    }

    pub(super) fn account_of(&self, row: &Row) -> Result<(AccountId, StoredRecord), StoreError> {
        self.has_key(row, 8)?;
        let name = |column| self.column(row, column);
        let account = names::account([name(0)?, name(1)?, name(2)?, name(3)?, name(4)?, name(5)?])
            .ok_or_else(|| self.damaged("a name is not text, or a kind of token is not known"))?;
        let record = StoredRecord {
            version: self.count(self.column(row, 6)?)?,
            sealed: self.column(row, 7)?,
        };
        Ok((account, record))
    }
}

/// A version or fence as it is kept; one that was never given does not fit any.
fn kept(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_too_large| StoreError::Conflict)
}

/// No longer than a millennium: the server adds it to its time.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).min(1 << 45)
}
