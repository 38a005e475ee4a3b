//! The accounts' records: opened, sealed, and the hot ones held in memory for a moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::auth::{
    AccountId, AuthError, Credential, Lease, StoreError, StoredRecord, TokenStore, record::Record, store::Vault,
};

/// How old what is held in memory may be. Another process may have changed the account meanwhile: a token that it renewed is
/// still good for a minute then, and one that the provider no longer takes is answered with 401, after which the store is
/// read. A sign-out elsewhere is seen this much later.
const HOT: Duration = Duration::from_secs(1);

/// How many accounts are held in memory before those not used lately are let go.
const MOST_HOT: usize = 4_096;

/// A record and the version the store has it under.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) record: Arc<Record>,
    pub(super) version: u64,
}

struct Hot {
    loaded: Loaded,
    read_at: Instant,
    /// What the record was given as before, so that a call makes it only once.
    credential: Option<Credential>,
}

/// The accounts' records.
pub(super) struct Records {
    store: Arc<dyn TokenStore>,
    vault: Arc<Vault>,
    hot: Mutex<HashMap<AccountId, Hot>>,
}

impl Records {
    pub(super) fn new(store: Arc<dyn TokenStore>, vault: Arc<Vault>) -> Self {
        Self {
            store,
            vault,
            hot: Mutex::default(),
        }
    }

    pub(super) fn store(&self) -> &dyn TokenStore {
        &*self.store
    }

    /// The record as it was at most a second ago, and what it was given as.
    pub(super) async fn hot(&self, account: &AccountId) -> Result<Option<(Loaded, Option<Credential>)>, AuthError> {
        if let Some(hot) = self.still_hot(account) {
            return Ok(Some(hot));
        }
        let loaded = self.load(account).await?;
        Ok(loaded.map(|loaded| (loaded, self.given(account))))
    }

    fn still_hot(&self, account: &AccountId) -> Option<(Loaded, Option<Credential>)> {
        let hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hot.get(account).filter(|entry| entry.read_at.elapsed() < HOT)?;
        Some((entry.loaded.clone(), entry.credential.clone()))
    }

    fn given(&self, account: &AccountId) -> Option<Credential> {
        let hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        hot.get(account)?.credential.clone()
    }

    /// Keeps what a record was given as, for the next call.
    pub(super) fn keep_given(&self, account: &AccountId, of: &Loaded, credential: &Credential) {
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = hot.get_mut(account)
            && entry.loaded.version == of.version
        {
            entry.credential = Some(credential.clone());
        }
    }

    /// The record as the store has it now.
    pub(super) async fn load(&self, account: &AccountId) -> Result<Option<Loaded>, AuthError> {
        let Some(stored) = self.store.load(account).await? else {
            self.forget(account);
            return Ok(None);
        };
        if let Some(same) = self.seen(account, stored.version) {
            return Ok(Some(same));
        }
        let loaded = self.open(account, &stored)?;
        self.keep(account, loaded.clone());
        Ok(Some(loaded))
    }

    /// What is held in memory of this version; it is as good as read now.
    fn seen(&self, account: &AccountId, version: u64) -> Option<Loaded> {
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = hot.get_mut(account).filter(|entry| entry.loaded.version == version)?;
        entry.read_at = Instant::now();
        Some(entry.loaded.clone())
    }

    /// Opens a record.
    pub(super) fn open(&self, account: &AccountId, stored: &StoredRecord) -> Result<Loaded, AuthError> {
        let plain = self.vault.open_account(account, stored.version, &stored.sealed)?;
        let record = Record::from_bytes(&plain).map_err(|reason| AuthError::Unreadable {
            provider: account.provider.clone(),
            reason,
        })?;
        Ok(Loaded {
            record: Arc::new(record),
            version: stored.version,
        })
    }

    /// Saves a record over the version `expected`, durably, before anyone is given it.
    pub(super) async fn save(
        &self,
        account: &AccountId,
        record: Record,
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<Loaded, AuthError> {
        let version = expected.saturating_add(1);
        let plain = record.to_bytes().ok_or_else(|| AuthError::Unreadable {
            provider: account.provider.clone(),
            reason: "it cannot be written as JSON".to_owned(),
        })?;
        let sealed = self.vault.seal_account(account, version, &plain);
        let saved = self.store.save(account, &sealed, expected, lease).await;
        if saved.is_err() {
            self.forget(account);
        }
        let loaded = Loaded {
            record: Arc::new(record),
            version: saved?,
        };
        self.keep(account, loaded.clone());
        Ok(loaded)
    }

    /// Saves a record whose tokens are new.
    pub(super) async fn save_tokens(
        &self,
        account: &AccountId,
        mut record: Record,
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<Loaded, AuthError> {
        record.token_version = expected.saturating_add(1);
        self.save(account, record, expected, lease).await
    }

    /// Removes a record that still has this version.
    pub(super) async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        self.forget(account);
        self.store.remove(account, expected).await
    }

    fn forget(&self, account: &AccountId) {
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        hot.remove(account);
    }

    fn keep(&self, account: &AccountId, loaded: Loaded) {
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        if hot.len() >= MOST_HOT {
            hot.retain(|_account, entry| entry.read_at.elapsed() < HOT);
        }
        if hot
            .get(account)
            .is_none_or(|entry| entry.loaded.version <= loaded.version)
        {
            let entry = Hot {
                loaded,
                read_at: Instant::now(),
                credential: None,
            };
            hot.insert(account.clone(), entry);
        }
    }
}
