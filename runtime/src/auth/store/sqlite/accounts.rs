//! Accounts in the SQLite file: a row each, which stays when the account is removed.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, Row, Transaction, named_params};

use super::{SqliteStore, fault::Fault};
use crate::auth::{
    AccountId, Lease, StoreError, StoredRecord, TokenStore,
    store::{names, seal::kind_word},
};

/// Binds the six columns of the key, and what else a statement names.
macro_rules! of {
    ($account:expr $(, $name:literal: $value:expr)* $(,)?) => {
        named_params! {
            ":profile": $account.profile.as_str().as_bytes(),
            ":provider": $account.provider.as_bytes(),
            ":handler": $account.handler.as_bytes(),
            ":kind": kind_word($account.kind),
            ":client_id": $account.client_id.as_bytes(),
            ":owner": names::owner(&$account),
            $($name: $value,)*
        }
    };
}

/// A statement on the row of one account.
macro_rules! one {
    ($statement:literal) => {
        concat!(
            $statement,
            " WHERE profile = :profile AND provider = :provider AND handler = :handler AND kind = :kind",
            " AND client_id = :client_id AND owner = :owner"
        )
    };
}

/// What a row says besides its sealed bytes.
#[derive(Default)]
struct State {
    version: u64,
    is_there: bool,
    fence: u64,
    lease_owner: Option<Vec<u8>>,
    lease_until: i64,
    lease_length: i64,
}

impl State {
    fn is_held_by(&self, lease: &Lease) -> bool {
        self.fence == lease.fence && self.lease_owner.as_deref() == Some(&lease.owner)
    }
}

#[async_trait]
impl TokenStore for SqliteStore {
    async fn load(&self, account: &AccountId) -> Result<Option<StoredRecord>, StoreError> {
        let account = account.clone();
        self.read(move |transaction| {
            let found = transaction
                .prepare_cached(one!("SELECT version, sealed FROM accounts"))?
                .query_row(of!(account), |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
                .optional()?;
            match found {
                Some((version, Some(sealed))) => Ok(Some(StoredRecord {
                    sealed,
                    version: count(version)?,
                })),
                Some((_, None)) | None => Ok(None),
            }
        })
        .await
    }

    async fn save(
        &self,
        account: &AccountId,
        sealed: &[u8],
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<u64, StoreError> {
        let (account, sealed, lease) = (account.clone(), sealed.to_vec(), lease.cloned());
        self.write(move |transaction| {
            let state = state(transaction, &account)?;
            if state.version != expected || lease.is_some_and(|lease| !state.is_held_by(&lease)) {
                return Err(StoreError::Conflict.into());
            }
            let version = next(expected)?;
            transaction
                .prepare_cached(
                    "INSERT INTO accounts (profile, provider, handler, kind, client_id, owner, version, sealed)
                     VALUES (:profile, :provider, :handler, :kind, :client_id, :owner, :version, :sealed)
                     ON CONFLICT DO UPDATE SET version = excluded.version, sealed = excluded.sealed",
                )?
                .execute(of!(account, ":version": version, ":sealed": sealed))?;
            count(version)
        })
        .await
    }

    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |transaction| {
            let state = state(transaction, &account)?;
            if state.version != expected || !state.is_there {
                return Err(StoreError::Conflict.into());
            }
            transaction
                .prepare_cached(one!("UPDATE accounts SET version = :version, sealed = NULL"))?
                .execute(of!(account, ":version": next(expected)?))?;
            Ok(())
        })
        .await
    }

    async fn version(&self, account: &AccountId) -> Result<u64, StoreError> {
        let account = account.clone();
        self.read(move |transaction| Ok(state(transaction, &account)?.version))
            .await
    }

    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError> {
        self.read(list).await
    }

    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError> {
        let account = account.clone();
        self.write(move |transaction| {
            let (now, state) = (now(transaction)?, state(transaction, &account)?);
            if state.lease_owner.is_some() && now < state.lease_until {
                // More is left than was ever asked for: the clock went back. Its holder gets one more length from now and would
                // renew within it; without this a holder that died would be waited for until the clock is there again.
                if state.lease_until.saturating_sub(now) > state.lease_length {
                    transaction
                        .prepare_cached(one!("UPDATE accounts SET lease_until = :until"))?
                        .execute(of!(account, ":until": now.saturating_add(state.lease_length)))?;
                }
                return Ok(None);
            }
            let owner: [u8; 16] = rand::random();
            let (fence, length) = (next(state.fence)?, milliseconds(time));
            transaction
                .prepare_cached(
                    "INSERT INTO accounts (profile, provider, handler, kind, client_id, owner,
                                           fence, lease_owner, lease_until, lease_length)
                     VALUES (:profile, :provider, :handler, :kind, :client_id, :owner, :fence, :holder, :until, :length)
                     ON CONFLICT DO UPDATE SET fence = excluded.fence, lease_owner = excluded.lease_owner,
                                               lease_until = excluded.lease_until, lease_length = excluded.lease_length",
                )?
                .execute(of!(
                    account,
                    ":fence": fence,
                    ":holder": owner,
                    ":until": now.saturating_add(length),
                    ":length": length,
                ))?;
            Ok(Some(Lease {
                owner,
                fence: count(fence)?,
            }))
        })
        .await
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        let (account, lease) = (account.clone(), lease.clone());
        self.write(move |transaction| {
            if !state(transaction, &account)?.is_held_by(&lease) {
                return Ok(false);
            }
            let length = milliseconds(time);
            let until = now(transaction)?.saturating_add(length);
            transaction
                .prepare_cached(one!("UPDATE accounts SET lease_until = :until, lease_length = :length"))?
                .execute(of!(account, ":until": until, ":length": length))?;
            Ok(true)
        })
        .await
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        let (account, lease) = (account.clone(), lease.clone());
        self.write(move |transaction| {
            if state(transaction, &account)?.is_held_by(&lease) {
                transaction
                    .prepare_cached(one!("UPDATE accounts SET lease_owner = NULL, lease_until = 0"))?
                    .execute(of!(account))?;
            }
            Ok(())
        })
        .await
    }
}

pub(super) fn list(transaction: &Transaction<'_>) -> Result<Vec<(AccountId, StoredRecord)>, Fault> {
    let mut statement = transaction.prepare_cached(
        "SELECT profile, provider, handler, kind, client_id, owner, version, sealed FROM accounts
         WHERE sealed IS NOT NULL ORDER BY profile, provider, handler, kind, client_id, owner",
    )?;
    let mut rows = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let record = StoredRecord {
            version: count(row.get(6)?)?,
            sealed: row.get(7)?,
        };
        records.push((account_of(row)?, record));
    }
    Ok(records)
}

fn state(transaction: &Transaction<'_>, account: &AccountId) -> Result<State, Fault> {
    let found = transaction
        .prepare_cached(one!(
            "SELECT version, sealed IS NOT NULL, fence, lease_owner, lease_until, lease_length FROM accounts"
        ))?
        .query_row(of!(account), |row| {
            let state = State {
                is_there: row.get(1)?,
                lease_owner: row.get(3)?,
                lease_until: row.get(4)?,
                lease_length: row.get(5)?,
                ..State::default()
            };
            Ok((row.get(0)?, row.get(2)?, state))
        })
        .optional()?;
    let Some((version, fence, state)) = found else {
        return Ok(State::default());
    };
    Ok(State {
        version: count(version)?,
        fence: count(fence)?,
        ..state
    })
}

fn account_of(row: &Row<'_>) -> Result<AccountId, Fault> {
    let kind: String = row.get(3)?;
    let names = [
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        kind.into_bytes(),
        row.get(4)?,
        row.get(5)?,
    ];
    names::account(names)
        .ok_or_else(|| Fault::Damaged("a name is not text, or a kind of token is not known".to_owned()))
}

/// Of the machine, whose processes share the store.
pub(super) fn now(transaction: &Transaction<'_>) -> Result<i64, Fault> {
    Ok(transaction
        .prepare_cached("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)")?
        .query_row([], |row| row.get(0))?)
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A version or fence as it is kept.
fn count(kept: i64) -> Result<u64, Fault> {
    u64::try_from(kept).map_err(|_negative| Fault::Damaged("a count is below zero".to_owned()))
}

/// The one after, as it is kept.
fn next(count: u64) -> Result<i64, Fault> {
    i64::try_from(count)
        .ok()
        .and_then(|count| count.checked_add(1))
        .ok_or(Fault::Store(StoreError::Conflict))
}
