//! Pending sign-ins on a Redis server: a hash each, until it is purged.

use ::redis::{Pipeline, Value, cmd};
use async_trait::async_trait;

use super::{FLOWS, RedisStore, script::Work};
use crate::{
    auth::{FlowStore, StoreError},
    base::clock::UnixTime,
};

#[async_trait]
impl FlowStore for RedisStore {
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError> {
        let inserted = self
            .work::<i64>(
                Work::Insert,
                &[&key_of(id), FLOWS],
                &[&sealed, &expires_at.0, &id.as_slice()],
            )
            .await?;
        match inserted.value {
            1 => Ok(()),
            -1 => Err(self.rekeyed()),
            _none if inserted.again && self.peek(id).await?.as_deref() == Some(sealed) => Ok(()),
            _none => Err(StoreError::Conflict),
        }
    }

    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection.read(cmd("HGET").arg(key_of(id)).arg("sealed")).await
    }

    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let replaced = self.work::<i64>(Work::Replace, &[&key_of(id)], &[&from, &to]).await?;
        match replaced.value {
            1 => Ok(true),
            -1 => Err(self.rekeyed()),
            _none => Ok(replaced.again && self.peek(id).await?.as_deref() == Some(to)),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the values are those of Redis's protocol, and only these mean something here"
    )]
    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let taken = self.work::<Value>(Work::Take, &[&key_of(id)], &[]).await?;
        match taken.value {
            Value::BulkString(sealed) => Ok(Some(sealed)),
            Value::Int(-1) => Err(self.rekeyed()),
            // What was taken is not there a second time: another must not hear that it was used.
            Value::Nil if taken.again => Err(StoreError::Server {
                store: self.place().clone(),
                reason: "the connection was lost while a sign-in was taken".to_owned(),
            }),
            Value::Nil => Ok(None),
            _other => Err(self.damaged("a pending sign-in is not of the kind that Pocket keeps")),
        }
    }

    async fn finish(&self, id: &[u8; 16], outcome: &[u8]) -> Result<(), StoreError> {
        let finished = self.work::<i64>(Work::Finish, &[&key_of(id)], &[&outcome]).await?;
        match finished.value {
            1 => Ok(()),
            -1 => Err(self.rekeyed()),
            _none => Err(StoreError::NoSignIn),
        }
    }

    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let [expires_at, outcome]: [Option<Vec<u8>>; 2] = self
            .connection
            .read(cmd("HMGET").arg(key_of(id)).arg(&["expires_at", "outcome"]))
            .await?;
        expires_at.ok_or(StoreError::NoSignIn)?;
        Ok(outcome)
    }

    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError> {
        let ids: Vec<Vec<u8>> = self.connection.read(cmd("ZRANGE").arg(FLOWS).arg(0).arg(-1)).await?;
        let mut pending = Vec::new();
        for some in ids.chunks(256) {
            let mut asked = Pipeline::new();
            for id in some {
                asked.cmd("HGET").arg(key_of(id)).arg("sealed");
            }
            let found = self.connection.read_all::<Option<Vec<u8>>>(&asked).await?;
            for (id, sealed) in some.iter().zip(found) {
                let id = <[u8; 16]>::try_from(id.as_slice());
                let id = id.map_err(|_other_length| self.damaged("the id of a sign-in is none"))?;
                pending.extend(sealed.map(|sealed| (id, sealed)));
            }
        }
        Ok(pending)
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        let over: Vec<Vec<u8>> = self
            .connection
            .read(cmd("ZRANGEBYSCORE").arg(FLOWS).arg("-inf").arg(now.0))
            .await?;
        for some in over.chunks(256) {
            let keys: Vec<String> = some.iter().map(|id| key_of(id)).collect();
            let keys: Vec<&str> = std::iter::once(FLOWS).chain(keys.iter().map(String::as_str)).collect();
            let ids: Vec<&[u8]> = some.iter().map(Vec::as_slice).collect();
            let mut given: Vec<&(dyn super::ToArg + Sync)> = vec![&now.0];
            given.extend(ids.iter().map(|id| id as &(dyn super::ToArg + Sync)));
            self.work::<i64>(Work::Purge, &keys, &given).await?;
        }
        Ok(())
    }
}

pub(super) fn key_of(id: &[u8]) -> String {
    format!("pocket:flow:{}", hex::encode(id))
}
