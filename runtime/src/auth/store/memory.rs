//! A store that lasts as long as the process.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use crate::{
    auth::{AccountId, FlowStore, Lease, RevocationStore, SealedOwed, StoreError, StoredRecord, TokenStore},
    base::clock::{Clock, UnixTime},
};

/// Keeps accounts and pending sign-ins for as long as the process runs. One is shared by all that use it, in an [`Arc`].
///
/// ```
/// use std::sync::Arc;
///
/// use pocket_runtime::{FlowStore, MemoryStore, TokenStore, UnixTime};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = Arc::new(MemoryStore::new());
/// let (tokens, flows): (Arc<dyn TokenStore>, Arc<dyn FlowStore>) = (store.clone(), store);
/// assert!(tokens.list().await?.is_empty());
///
/// let id = [7; 16];
/// flows.insert(&id, b"sealed", UnixTime(1_800_000_000)).await?;
/// assert_eq!(flows.take(&id).await?.as_deref(), Some(b"sealed".as_slice()));
/// assert_eq!(flows.take(&id).await?, None);
/// # Ok::<(), pocket_runtime::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    timer: Timer,
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<AccountId, Account>,
    flows: HashMap<[u8; 16], Flow>,
    owed: BTreeMap<[u8; 16], Vec<u8>>,
}

/// Stays when the account is removed: its version and fence may not be used again.
#[derive(Default)]
struct Account {
    sealed: Option<Vec<u8>>,
    version: u64,
    fence: u64,
    held: Option<Held>,
}

struct Held {
    owner: [u8; 16],
    until: Duration,
}

struct Flow {
    sealed: Option<Vec<u8>>,
    outcome: Option<Vec<u8>>,
    expires_at: UnixTime,
}

/// What times leases.
enum Timer {
    Process(Instant),
    Clock(Arc<dyn Clock>),
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that times leases by this clock rather than by the time that passes.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Mutex::default(),
            timer: Timer::Clock(clock),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No operation leaves the state half changed, so one that panicked spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Timer {
    fn default() -> Self {
        Self::Process(Instant::now())
    }
}

impl Timer {
    fn now(&self) -> Duration {
        match self {
            Self::Process(start) => start.elapsed(),
            Self::Clock(clock) => clock.now().since(UnixTime(0)),
        }
    }
}

impl Account {
    fn is_held_by(&self, lease: &Lease) -> bool {
        self.fence == lease.fence && self.held.as_ref().is_some_and(|held| held.owner == lease.owner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, account: &AccountId) -> Result<Option<StoredRecord>, StoreError> {
        Ok(self.state().accounts.get(account).and_then(record))
    }

    async fn save(
        &self,
        account: &AccountId,
        sealed: &[u8],
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let found = state.accounts.get(account);
        let held = lease.is_none_or(|lease| found.is_some_and(|found| found.is_held_by(lease)));
        if found.map_or(0, |found| found.version) != expected || !held {
            return Err(StoreError::Conflict);
        }
        let kept = state.accounts.entry(account.clone()).or_default();
        kept.version = expected.checked_add(1).ok_or(StoreError::Conflict)?;
        kept.sealed = Some(sealed.to_vec());
        Ok(kept.version)
    }

    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        let mut state = self.state();
        let kept = state
            .accounts
            .get_mut(account)
            .filter(|kept| kept.version == expected && kept.sealed.is_some())
            .ok_or(StoreError::Conflict)?;
        kept.version = expected.checked_add(1).ok_or(StoreError::Conflict)?;
        kept.sealed = None;
        Ok(())
    }

    async fn version(&self, account: &AccountId) -> Result<u64, StoreError> {
        Ok(self.state().accounts.get(account).map_or(0, |kept| kept.version))
    }

    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError> {
        let state = self.state();
        let records = state.accounts.iter();
        Ok(records
            .filter_map(|(account, kept)| Some((account.clone(), record(kept)?)))
            .collect())
    }

    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError> {
        let now = self.timer.now();
        let mut state = self.state();
        let kept = state.accounts.entry(account.clone()).or_default();
        if kept.held.as_ref().is_some_and(|held| now < held.until) {
            return Ok(None);
        }
        let owner = rand::random();
        kept.fence = kept.fence.checked_add(1).ok_or(StoreError::Conflict)?;
        kept.held = Some(Held {
            owner,
            until: now.saturating_add(time),
        });
        Ok(Some(Lease {
            owner,
            fence: kept.fence,
        }))
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        let until = self.timer.now().saturating_add(time);
        let mut state = self.state();
        let Some(kept) = state.accounts.get_mut(account).filter(|kept| kept.is_held_by(lease)) else {
            return Ok(false);
        };
        kept.held = Some(Held {
            owner: lease.owner,
            until,
        });
        Ok(true)
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(kept) = state.accounts.get_mut(account).filter(|kept| kept.is_held_by(lease)) {
            kept.held = None;
        }
        Ok(())
    }
}

fn record(kept: &Account) -> Option<StoredRecord> {
    Some(StoredRecord {
        sealed: kept.sealed.clone()?,
        version: kept.version,
    })
}

#[async_trait]
impl FlowStore for MemoryStore {
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.flows.contains_key(id) {
            return Err(StoreError::Conflict);
        }
        let flow = Flow {
            sealed: Some(sealed.to_vec()),
            outcome: None,
            expires_at,
        };
        state.flows.insert(*id, flow);
        Ok(())
    }

    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().flows.get(id).and_then(|flow| flow.sealed.clone()))
    }

    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let mut state = self.state();
        let pending = state.flows.get_mut(id).and_then(|flow| flow.sealed.as_mut());
        let Some(sealed) = pending.filter(|sealed| sealed.as_slice() == from) else {
            return Ok(false);
        };
        *sealed = to.to_vec();
        Ok(true)
    }

    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().flows.get_mut(id).and_then(|flow| flow.sealed.take()))
    }

    async fn finish(&self, id: &[u8; 16], outcome: &[u8]) -> Result<(), StoreError> {
        let mut state = self.state();
        let flow = state.flows.get_mut(id).ok_or(StoreError::NoSignIn)?;
        flow.sealed = None;
        flow.outcome.get_or_insert_with(|| outcome.to_vec());
        Ok(())
    }

    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.state();
        let flow = state.flows.get(id).ok_or(StoreError::NoSignIn)?;
        Ok(flow.outcome.clone())
    }

    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError> {
        let state = self.state();
        let pending = state.flows.iter();
        Ok(pending
            .filter_map(|(id, flow)| Some((*id, flow.sealed.clone()?)))
            .collect())
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.state().flows.retain(|_id, flow| flow.expires_at > now);
        Ok(())
    }
}

#[async_trait]
impl RevocationStore for MemoryStore {
    async fn owe(&self, id: &[u8; 16], sealed: &[u8]) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.owed.contains_key(id) {
            return Err(StoreError::Conflict);
        }
        state.owed.insert(*id, sealed.to_vec());
        Ok(())
    }

    async fn owed(&self) -> Result<Vec<SealedOwed>, StoreError> {
        let state = self.state();
        Ok(state.owed.iter().map(|(id, sealed)| (*id, sealed.clone())).collect())
    }

    async fn put_off(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(sealed) = state.owed.get_mut(id).filter(|sealed| sealed.as_slice() == from) else {
            return Ok(false);
        };
        *sealed = to.to_vec();
        Ok(true)
    }

    async fn settle(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.state().owed.remove(id);
        Ok(())
    }
}
