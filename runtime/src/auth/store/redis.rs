//! The store on a Redis server: for several hosts.

mod accounts;
mod connection;
mod durability;
mod flows;
mod record;
mod rekey;
mod revocations;
mod script;
mod tls;

#[cfg(test)]
mod tests;

use std::fmt;

use ::redis::FromRedisValue;
use connection::Connection;
use script::Work;

use crate::{
    auth::{
        StoreError, StorePlace,
        store::{StoreUrl, key_record::KeyRecord},
    },
    base::{files::Owner, key::StoreKey, keys::Keys, net::Net},
};

/// What a store on a Redis server keeps.
///
/// ```text
/// pocket:store              hash: format, key_id, key_check, key_place, key_path
/// pocket:accounts           set: the digests of all accounts
/// pocket:account:<digest>   hash: the names, version, sealed, fence, owner, until, length (these three are the lease's)
/// pocket:flow:<id>          hash: sealed, outcome, expires_at
/// pocket:flows              sorted set: ids by the time at which they are forgotten
/// pocket:revocations        hash: what providers are still to be told, by id
/// ```
///
/// Every operation is one script, so it is atomic; times are those of the server's clock. The digest of an account's names
/// stands in for them, since they may be of any length and content.
pub(crate) struct RedisStore {
    connection: Connection,
    /// Of the key with which it was opened; empty where it keeps only pending sign-ins, which tell no other key.
    key_id: Vec<u8>,
    /// Why it keeps no accounts.
    forgetful: Option<String>,
}

/// What a script gave.
struct Answer<T> {
    value: T,
    /// The connection was lost and the script sent again: the first one may have been done.
    again: bool,
}

const STORE: &str = "pocket:store";
const ACCOUNTS: &str = "pocket:accounts";
const FLOWS: &str = "pocket:flows";
const REVOCATIONS: &str = "pocket:revocations";

impl RedisStore {
    /// Opens the store, or makes it, with the key that was chosen when it was made.
    ///
    /// # Errors
    /// When the server could lose what it said it keeps, among others.
    pub(crate) async fn open(
        url: &StoreUrl,
        net: &Net,
        keys: &Keys,
        owner: Owner,
    ) -> Result<(Self, StoreKey), StoreError> {
        let store = Self::open_for_sign_ins(url, net).await?;
        store.check_accounts()?;
        store.connection.keep_accounts();
        let mut record = match store.read_record().await? {
            Some(record) => record,
            None => store.make_record(keys, owner).await?,
        };
        let key = loop {
            match record.key(keys, owner, store.place()) {
                Ok(key) => break key,
                Err(error) => match store.read_record().await? {
                    // The store may have got another key between the two looks.
                    Some(now) if now != record => record = now,
                    _same => return Err(error),
                },
            }
        };
        let store = Self {
            key_id: key.id().to_vec(),
            ..store
        };
        store.upgrade().await?;
        Ok((store, key))
    }

    /// Opens it for pending sign-ins alone: those a server may forget.
    pub(crate) async fn open_for_sign_ins(url: &StoreUrl, net: &Net) -> Result<Self, StoreError> {
        let connection = Connection::new(url, net)?;
        let forgetful = connection.what_is_missing().await?;
        Ok(Self {
            connection,
            key_id: Vec::new(),
            forgetful,
        })
    }

    pub(super) fn place(&self) -> &StorePlace {
        self.connection.place()
    }

    /// What the store records of its key.
    pub(super) async fn key_record(&self) -> Result<KeyRecord, StoreError> {
        let record = self.read_record().await?;
        record.ok_or_else(|| self.damaged("it does not record its key"))
    }

    fn check_accounts(&self) -> Result<(), StoreError> {
        match &self.forgetful {
            None => Ok(()),
            Some(reason) => Err(StoreError::Forgetful {
                store: self.place().clone(),
                reason: reason.clone(),
            }),
        }
    }

    /// Runs a script on these keys, behind the store's own: it does nothing once the store has another key.
    async fn work<T: FromRedisValue>(
        &self,
        work: Work,
        keys: &[&str],
        given: &[&(dyn ToArg + Sync)],
    ) -> Result<Answer<T>, StoreError> {
        let mut invocation = work.script().prepare_invoke();
        invocation.key(STORE);
        for key in keys {
            invocation.key(*key);
        }
        invocation.arg(self.key_id.as_slice());
        for one in given {
            invocation.arg(one.bytes());
        }
        self.connection.invoke(&invocation).await
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
}

/// What a script can be given: bytes, or a number as its digits.
trait ToArg {
    fn bytes(&self) -> Vec<u8>;
}

impl ToArg for &[u8] {
    fn bytes(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl ToArg for u64 {
    fn bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl ToArg for i64 {
    fn bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("place", self.place())
            .finish_non_exhaustive()
    }
}
