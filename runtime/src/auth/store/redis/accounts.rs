//! Accounts on a Redis server: a hash each, which stays when the account is removed.

use std::time::Duration;

use ::redis::{Cmd, Pipeline, cmd};
use async_trait::async_trait;

use super::{ACCOUNTS, RedisStore, STORE, script::Work};
use crate::auth::{AccountId, Lease, StoreError, StoredRecord, TokenStore, store::names};

/// So many accounts are asked for at once.
const AT_ONCE: usize = 256;

type Bytes = Option<Vec<u8>>;

#[async_trait]
impl TokenStore for RedisStore {
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
        self.check_accounts()?;
        let next = expected.checked_add(1).ok_or(StoreError::Conflict)?;
        let digest = names::digest(account);
        let [profile, provider, handler, kind, client_id] = names::parts(account);
        let (owner, fence): (&[u8], u64) = lease.map_or((&[], 0), |lease| (&lease.owner, lease.fence));
        let saved = self
            .work::<i64>(
                Work::Save,
                &[&key_of(&digest), ACCOUNTS],
                &[
                    &expected,
                    &next,
                    &sealed,
                    &owner,
                    &fence,
                    &digest.as_slice(),
                    &profile,
                    &provider,
                    &handler,
                    &kind,
                    &client_id,
                    &names::owner(account).as_slice(),
                ],
            )
            .await?;
        match saved.value {
            1 => Ok(next),
            -1 => Err(self.rekeyed()),
            _none if saved.again && self.state(account).await? == (next, Some(sealed.to_vec())) => Ok(next),
            _none => Err(StoreError::Conflict),
        }
    }

    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        self.check_accounts()?;
        let next = expected.checked_add(1).ok_or(StoreError::Conflict)?;
        let digest = names::digest(account);
        let removed = self
            .work::<i64>(
                Work::Remove,
                &[&key_of(&digest), ACCOUNTS],
                &[&expected, &next, &digest.as_slice()],
            )
            .await?;
        match removed.value {
            1 => Ok(()),
            -1 => Err(self.rekeyed()),
            _none if removed.again && self.state(account).await? == (next, None) => Ok(()),
            _none => Err(StoreError::Conflict),
        }
    }

    async fn version(&self, account: &AccountId) -> Result<u64, StoreError> {
        Ok(self.state(account).await?.0)
    }

    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError> {
        self.check_accounts()?;
        let digests: Vec<Vec<u8>> = self.connection.read(cmd("SMEMBERS").arg(ACCOUNTS)).await?;
        let mut records = Vec::new();
        for some in digests.chunks(AT_ONCE) {
            let mut asked = Pipeline::new();
            asked.add_command(key_id());
            for digest in some {
                asked.cmd("HMGET").arg(key_of(digest)).arg(&[
                    "profile",
                    "provider",
                    "handler",
                    "kind",
                    "client_id",
                    "account_owner",
                    "version",
                    "sealed",
                ]);
            }
            let mut rows = self.connection.read_all::<Vec<Bytes>>(&asked).await?.into_iter();
            self.check_key(rows.next())?;
            for row in rows {
                records.extend(self.account_of(row)?);
            }
        }
        records.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(records)
    }

    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError> {
        self.check_accounts()?;
        let owner: [u8; 16] = rand::random();
        let leased = self
            .work::<i64>(
                Work::Lease,
                &[&key_of(&names::digest(account))],
                &[&owner.as_slice(), &milliseconds(time)],
            )
            .await?;
        match u64::try_from(leased.value) {
            Ok(0) => Ok(None),
            Ok(fence) => Ok(Some(Lease { owner, fence })),
            Err(_negative) => Err(self.rekeyed()),
        }
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        self.check_accounts()?;
        let renewed = self
            .work::<i64>(
                Work::Renew,
                &[&key_of(&names::digest(account))],
                &[&lease.owner.as_slice(), &lease.fence, &milliseconds(time)],
            )
            .await?;
        if renewed.value == -1 {
            return Err(self.rekeyed());
        }
        Ok(renewed.value == 1)
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        self.check_accounts()?;
        self.work::<i64>(
            Work::Release,
            &[&key_of(&names::digest(account))],
            &[&lease.owner.as_slice(), &lease.fence],
        )
        .await?;
        Ok(())
    }
}

impl RedisStore {
    /// An account's version with its record; those of another key are not given.
    async fn state(&self, account: &AccountId) -> Result<(u64, Bytes), StoreError> {
        self.check_accounts()?;
        let mut asked = Pipeline::new();
        asked.atomic();
        asked.add_command(key_id());
        asked
            .cmd("HMGET")
            .arg(key_of(&names::digest(account)))
            .arg(&["version", "sealed"]);
        let mut rows = self.connection.read_all::<Vec<Bytes>>(&asked).await?.into_iter();
        self.check_key(rows.next())?;
        let mut row = rows.next().unwrap_or_default().into_iter();
        let version = match row.next().flatten() {
            Some(version) => self.count(&version)?,
            None => 0,
        };
        Ok((version, row.next().flatten()))
    }

    pub(super) fn check_key(&self, found: Option<Vec<Bytes>>) -> Result<(), StoreError> {
        let found = found.unwrap_or_default().into_iter().flatten().next();
        if found.as_ref() == Some(&self.key_id) {
            return Ok(());
        }
        Err(self.rekeyed())
    }

    /// `None` for one that was removed since its name was read.
    pub(super) fn account_of(&self, row: Vec<Bytes>) -> Result<Option<(AccountId, StoredRecord)>, StoreError> {
        let Ok([profile, provider, handler, kind, client_id, owner, version, sealed]) = <[Bytes; 8]>::try_from(row)
        else {
            return Err(self.damaged("a record has parts too many or too few"));
        };
        let Some(sealed) = sealed else { return Ok(None) };
        let names = [profile, provider, handler, kind, client_id, owner].map(Option::unwrap_or_default);
        let account =
            names::account(names).ok_or_else(|| self.damaged("a name is not text, or a kind of token is not known"))?;
        let version = self.count(&version.unwrap_or_default())?;
        Ok(Some((account, StoredRecord { sealed, version })))
    }

    /// A version as it is kept.
    fn count(&self, kept: &[u8]) -> Result<u64, StoreError> {
        let text = std::str::from_utf8(kept).ok();
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| self.damaged("a count is no number"))
    }
}

/// The id of the store's key, as the first of several answers.
pub(super) fn key_id() -> Cmd {
    let mut command = cmd("HMGET");
    command.arg(STORE).arg("key_id");
    command
}

pub(super) fn key_of(digest: &[u8]) -> String {
    format!("pocket:account:{}", hex::encode(digest))
}

/// No longer than a millennium: the server adds it to its time.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(1 << 45)
}
