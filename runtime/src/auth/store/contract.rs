//! What a store of accounts, and one of pending sign-ins, does.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    auth::{AccountId, StoreError},
    base::clock::UnixTime,
};

/// A record as a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Sealed bytes.
    pub sealed: Vec<u8>,
    /// Counts up at every save.
    pub version: u64,
}

/// A lease on an account: only its holder may refresh. `fence` is handed to every save made under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it: random.
    pub owner: [u8; 16],
    /// Counts up whenever the lease changes hands.
    pub fence: u64,
}

/// Keeps accounts. Every operation is atomic between all processes that use the store.
///
/// A lease whose time is over still counts as held until another took it: what its holder got from the provider
/// meanwhile is then saved rather than lost.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The record, where there is one that was not removed.
    async fn load(&self, account: &AccountId) -> Result<Option<StoredRecord>, StoreError>;
    /// Saves when the record still has version `expected` (0: there is none). Gives the new version, which is one more; a
    /// removal counts as a version too, so that no late save can pass it. With a lease: only while that lease is held.
    async fn save(
        &self,
        account: &AccountId,
        sealed: &[u8],
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<u64, StoreError>;
    /// Removes when the record still has this version; leaves a tombstone of a higher version.
    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError>;
    /// The version that a save has to expect: that of the record or of the tombstone, 0 where there never was one.
    async fn version(&self, account: &AccountId) -> Result<u64, StoreError>;
    /// Every account with its record.
    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError>;
    /// Takes the lease where nobody holds it or its time is over, by the store's own clock.
    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError>;
    /// Holds it longer; `false` when it was lost.
    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError>;
    /// Gives it back; nothing happens when it was lost.
    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError>;
}

/// The id of something that is owed, with its sealed bytes.
pub type SealedOwed = ([u8; 16], Vec<u8>);

/// Keeps what providers are still to be told: that a token is no longer used. Every operation is atomic between all processes that
/// use the store.
///
/// Nothing of it is read by a store: when one is due, whose it is, how often it was tried, all of that is sealed. Whoever replaces the
/// bytes that he read tries it, and the others wait, so it is its own lease.
#[async_trait]
pub trait RevocationStore: Send + Sync {
    /// Keeps one under an id that was never used.
    async fn owe(&self, id: &[u8; 16], sealed: &[u8]) -> Result<(), StoreError>;
    /// All of them.
    async fn owed(&self) -> Result<Vec<SealedOwed>, StoreError>;
    /// Replaces the bytes of one that still has the bytes `from`; `false` when not.
    async fn put_off(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError>;
    /// Removes one; nothing happens when it is gone.
    async fn settle(&self, id: &[u8; 16]) -> Result<(), StoreError>;
}

/// Keeps pending sign-ins, so that whichever process owns the port can complete one begun in another.
///
/// The store forgets only in [`FlowStore::purge`], at the time it is told; whether a sign-in's time is over is for its
/// reader to see.
#[async_trait]
pub trait FlowStore: Send + Sync {
    /// Keeps a pending sign-in until it is taken or its time is over.
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError>;
    /// Reads one without taking it.
    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Replaces the bytes of one that is still pending and still has the bytes `from`; `false` when not.
    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError>;
    /// Takes one: only one caller ever gets it. It then has no outcome yet.
    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keeps how one ended, for who waits, until the time it would have expired. One that is still pending is no longer;
    /// the first outcome stands.
    async fn finish(&self, id: &[u8; 16], outcome: &[u8]) -> Result<(), StoreError>;
    /// How one ended; `None` while it is pending or taken. An unknown one is an error.
    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError>;
    /// Every one that is pending, by its id, with its bytes.
    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError>;
    /// Forgets those whose time is over.
    async fn purge(&self, now: UnixTime) -> Result<(), StoreError>;
}
