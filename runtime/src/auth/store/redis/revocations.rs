//! Owed revocations on a Redis server: fields of one hash.

use std::collections::BTreeMap;

use ::redis::cmd;
use async_trait::async_trait;

use super::{REVOCATIONS, RedisStore, script::Work};
use crate::auth::{RevocationStore, SealedOwed, StoreError};

#[async_trait]
impl RevocationStore for RedisStore {
    async fn owe(&self, id: &[u8; 16], sealed: &[u8]) -> Result<(), StoreError> {
        self.check_accounts()?;
        let owed = self
            .work::<i64>(Work::Owe, &[REVOCATIONS], &[&id.as_slice(), &sealed])
            .await?;
        match owed.value {
            1 => Ok(()),
            -1 => Err(self.rekeyed()),
            _none if owed.again && self.has_owed(id, sealed).await? => Ok(()),
            _none => Err(StoreError::Conflict),
        }
    }

    async fn owed(&self) -> Result<Vec<SealedOwed>, StoreError> {
        self.check_accounts()?;
        let mut asked = ::redis::Pipeline::new();
        asked.atomic();
        asked.add_command(super::accounts::key_id());
        asked.cmd("HGETALL").arg(REVOCATIONS);
        let rows = self.connection.read_all::<Vec<Option<Vec<u8>>>>(&asked).await?;
        let mut rows = rows.into_iter();
        self.check_key(rows.next())?;
        let mut parts = rows.next().unwrap_or_default().into_iter().flatten();
        let mut owed = BTreeMap::new();
        while let (Some(id), Some(sealed)) = (parts.next(), parts.next()) {
            let id =
                <[u8; 16]>::try_from(id).map_err(|_of_another_length| self.damaged("an id is not of its length"))?;
            owed.insert(id, sealed);
        }
        Ok(owed.into_iter().collect())
    }

    async fn put_off(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        self.check_accounts()?;
        let replaced = self
            .work::<i64>(Work::PutOff, &[REVOCATIONS], &[&id.as_slice(), &from, &to])
            .await?;
        match replaced.value {
            1 => Ok(true),
            -1 => Err(self.rekeyed()),
            _none => Ok(replaced.again && self.has_owed(id, to).await?),
        }
    }

    async fn settle(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.check_accounts()?;
        let settled = self
            .work::<i64>(Work::Settle, &[REVOCATIONS], &[&id.as_slice()])
            .await?;
        match settled.value {
            -1 => Err(self.rekeyed()),
            _done => Ok(()),
        }
    }
}

impl RedisStore {
    async fn has_owed(&self, id: &[u8; 16], sealed: &[u8]) -> Result<bool, StoreError> {
        let found: Option<Vec<u8>> = self
            .connection
            .read(cmd("HGET").arg(REVOCATIONS).arg(id.as_slice()))
            .await?;
        Ok(found.as_deref() == Some(sealed))
    }
}
