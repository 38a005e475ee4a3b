//! What every store has to do, run over each of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod flows;
mod owed;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;

use crate::{
    auth::{
        AccountId, FlowStore, Lease, MemoryStore, RevocationStore, SealedOwed, SqliteStore, StoreError, StoredRecord,
        TokenStore,
        store::servers::{PostgresPlace, RedisPlace},
    },
    base::{clock::UnixTime, key::KeySource, name::Profile},
    package::{AccountOwner, TokenKind},
};

use flows::*;
use owed::*;

pub(super) trait Both: TokenStore + FlowStore + RevocationStore {}

impl<T: TokenStore + FlowStore + RevocationStore> Both for T {}

const LONG: Duration = Duration::from_secs(60);
const LATER: UnixTime = UnixTime(2_000_000_000);

/// Two connections to one store, as two processes have them, used in turns.
struct InTurns {
    stores: [Arc<dyn Both>; 2],
    next: AtomicUsize,
}

impl InTurns {
    fn next(&self) -> &dyn Both {
        let next = self.next.fetch_add(1, Ordering::SeqCst) % self.stores.len();
        &*self.stores[next]
    }
}

#[async_trait]
impl TokenStore for InTurns {
    async fn load(&self, account: &AccountId) -> Result<Option<StoredRecord>, StoreError> {
        self.next().load(account).await
    }

    async fn save(
        &self,
        account: &AccountId,
        sealed: &[u8],
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<u64, StoreError> {
        self.next().save(account, sealed, expected, lease).await
    }

    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        self.next().remove(account, expected).await
    }

    async fn version(&self, account: &AccountId) -> Result<u64, StoreError> {
        self.next().version(account).await
    }

    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError> {
        self.next().list().await
    }

    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError> {
        self.next().lease(account, time).await
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        self.next().renew(account, lease, time).await
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        self.next().release(account, lease).await
    }
}

#[async_trait]
impl RevocationStore for InTurns {
    async fn owe(&self, id: &[u8; 16], sealed: &[u8]) -> Result<(), StoreError> {
        self.next().owe(id, sealed).await
    }

    async fn owed(&self) -> Result<Vec<SealedOwed>, StoreError> {
        self.next().owed().await
    }

    async fn put_off(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        self.next().put_off(id, from, to).await
    }

    async fn settle(&self, id: &[u8; 16]) -> Result<(), StoreError> {
        self.next().settle(id).await
    }
}

#[async_trait]
impl FlowStore for InTurns {
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError> {
        self.next().insert(id, sealed, expires_at).await
    }

    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.next().peek(id).await
    }

    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        self.next().replace(id, from, to).await
    }

    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.next().take(id).await
    }

    async fn finish(&self, id: &[u8; 16], outcome: &[u8]) -> Result<(), StoreError> {
        self.next().finish(id, outcome).await
    }

    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.next().outcome(id).await
    }

    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError> {
        self.next().pending().await
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.next().purge(now).await
    }
}

macro_rules! run_over_each_store {
    ($($name:ident)*) => {
        mod memory {
            use super::*;

            $(#[tokio::test]
            async fn $name() {
                super::$name(Arc::new(MemoryStore::new())).await;
            })*
        }

        mod sqlite {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let home = tempfile::tempdir().unwrap();
                let (file, key) = (home.path().join("data/accounts.sqlite"), home.path().join("data/store.key"));
                let (store, _key) = SqliteStore::open(&file, &KeySource::Home, &key).unwrap();
                super::$name(Arc::new(store)).await;
            })*
        }

        mod sqlite_by_two_connections {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let home = tempfile::tempdir().unwrap();
                let (file, key) = (home.path().join("data/accounts.sqlite"), home.path().join("data/store.key"));
                let open = || Arc::new(SqliteStore::open(&file, &KeySource::Home, &key).unwrap().0);
                super::$name(in_turns([open(), open()])).await;
            })*
        }

        mod postgres_by_two_connections {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(place) = PostgresPlace::new() else { return };
                super::$name(in_turns([place.open().await, place.open().await])).await;
            })*
        }

        mod postgres_by_a_socket_and_tls {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(place) = PostgresPlace::new() else { return };
                super::$name(in_turns([place.open().await, place.open_with_tls().await])).await;
            })*
        }

        mod redis_by_a_socket_and_tls {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(place) = RedisPlace::new() else { return };
                super::$name(in_turns([place.open().await, place.open_with_tls().await])).await;
            })*
        }

        mod redis_by_two_connections {
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(place) = RedisPlace::new() else { return };
                super::$name(in_turns([place.open().await, place.open().await])).await;
            })*
        }
    };
}

fn in_turns<T: Both + 'static>(stores: [Arc<T>; 2]) -> Arc<dyn Both> {
    Arc::new(InTurns {
        stores: stores.map(|store| store as Arc<dyn Both>),
        next: AtomicUsize::new(0),
    })
}

run_over_each_store! {
    a_saved_record_is_loaded_with_its_version
    a_save_that_expects_another_version_changes_nothing
    of_many_saves_at_once_one_passes
    a_removal_leaves_a_tombstone_that_no_late_save_passes
    one_lease_is_held_at_a_time
    a_lease_ends_by_itself_and_its_late_holder_cannot_save
    a_lease_that_is_over_but_not_taken_still_saves_and_renews
    a_released_lease_is_free_and_saves_no_more
    of_many_that_want_a_lease_one_gets_it
    a_lease_on_an_account_without_record_makes_no_record
    hostile_names_stay_apart
    a_pending_sign_in_is_taken_by_one_of_many
    a_pending_sign_in_is_replaced_only_as_it_was_read
    an_outcome_stays_until_its_time_is_over
    an_unknown_sign_in_has_no_outcome
    what_is_pending_is_listed_until_it_is_taken_or_ends
    accounts_of_tools_own_stay_apart
    what_is_owed_stays_until_it_is_settled
    of_many_that_put_off_what_is_owed_one_does
}

pub(super) fn account(profile: &str) -> AccountId {
    AccountId {
        profile: Profile::new(profile),
        provider: "slack".to_owned(),
        handler: "slack-oauth2".to_owned(),
        kind: TokenKind::Bot,
        client_id: "c1".to_owned(),
        owner: AccountOwner::SHARED,
    }
}

#[track_caller]
fn conflicts<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
}

async fn a_saved_record_is_loaded_with_its_version(store: Arc<dyn Both>) {
    let account = account("a");
    assert_eq!(store.load(&account).await.unwrap(), None);
    assert_eq!(store.version(&account).await.unwrap(), 0);
    assert!(store.list().await.unwrap().is_empty());
    for (expected, content) in [(0, b"one".as_slice()), (1, b""), (2, &[0; 300_000])] {
        let version = store.save(&account, content, expected, None).await.unwrap();
        assert_eq!(version, expected + 1);
        let record = store.load(&account).await.unwrap().unwrap();
        assert_eq!((record.sealed.as_slice(), record.version), (content, version));
        assert_eq!(store.version(&account).await.unwrap(), version);
        assert_eq!(store.list().await.unwrap(), [(account.clone(), record)]);
    }
}

async fn a_save_that_expects_another_version_changes_nothing(store: Arc<dyn Both>) {
    let account = account("a");
    conflicts(store.save(&account, b"x", 1, None).await);
    store.save(&account, b"one", 0, None).await.unwrap();
    for expected in [0, 2, u64::MAX] {
        conflicts(store.save(&account, b"x", expected, None).await);
        conflicts(store.remove(&account, expected).await);
    }
    let record = store.load(&account).await.unwrap().unwrap();
    assert_eq!((record.sealed.as_slice(), record.version), (b"one".as_slice(), 1));
}

async fn of_many_saves_at_once_one_passes(store: Arc<dyn Both>) {
    let tasks: Vec<_> = (0..20_u8)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.save(&account("a"), &[n], 0, None).await.map(|_version| n) })
        })
        .collect();
    let mut passed = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(n) => passed.push(n),
            other => conflicts(other),
        }
    }
    assert_eq!(passed.len(), 1);
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, passed);
}

async fn a_removal_leaves_a_tombstone_that_no_late_save_passes(store: Arc<dyn Both>) {
    let account = account("a");
    conflicts(store.remove(&account, 0).await);
    let lease = store.lease(&account, LONG).await.unwrap().unwrap();
    store.save(&account, b"one", 0, Some(&lease)).await.unwrap();
    store.remove(&account, 1).await.unwrap();
    assert_eq!(store.load(&account).await.unwrap(), None);
    assert!(store.list().await.unwrap().is_empty());
    assert_eq!(store.version(&account).await.unwrap(), 2);
    conflicts(store.remove(&account, 2).await);
    // A refresh that had begun before the removal, with or without its lease, and a first save by who knows nothing of it.
    conflicts(store.save(&account, b"late", 1, Some(&lease)).await);
    conflicts(store.save(&account, b"late", 1, None).await);
    conflicts(store.save(&account, b"first", 0, None).await);
    assert_eq!(store.save(&account, b"new", 2, None).await.unwrap(), 3);
    conflicts(store.save(&account, b"late", 1, None).await);
    assert_eq!(store.load(&account).await.unwrap().unwrap().sealed, b"new");
}

async fn one_lease_is_held_at_a_time(store: Arc<dyn Both>) {
    let lease = store.lease(&account("a"), LONG).await.unwrap().unwrap();
    assert_eq!(store.lease(&account("a"), LONG).await.unwrap(), None);
    assert!(store.lease(&account("b"), LONG).await.unwrap().is_some());
    assert!(store.renew(&account("a"), &lease, LONG).await.unwrap());
    let forged = [
        Lease {
            owner: [0; 16],
            ..lease.clone()
        },
        Lease {
            fence: lease.fence + 1,
            ..lease.clone()
        },
    ];
    for forged in forged {
        assert!(!store.renew(&account("a"), &forged, LONG).await.unwrap());
        conflicts(store.save(&account("a"), b"x", 0, Some(&forged)).await);
        store.release(&account("a"), &forged).await.unwrap();
    }
    conflicts(store.save(&account("b"), b"x", 0, Some(&lease)).await);
    assert_eq!(store.lease(&account("a"), LONG).await.unwrap(), None);
    assert_eq!(store.save(&account("a"), b"one", 0, Some(&lease)).await.unwrap(), 1);
    assert_eq!(
        store.lease(&account("a"), LONG).await.unwrap(),
        None,
        "a save gave the lease back"
    );
}

/// Waits until the lease is free, which it has to be soon.
async fn taken_when_over(store: &Arc<dyn Both>, account: &AccountId) -> Lease {
    let start = Instant::now();
    loop {
        if let Some(lease) = store.lease(account, LONG).await.unwrap() {
            return lease;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the lease did not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_lease_ends_by_itself_and_its_late_holder_cannot_save(store: Arc<dyn Both>) {
    let account = account("a");
    let old = store.lease(&account, Duration::from_millis(30)).await.unwrap().unwrap();
    let new = taken_when_over(&store, &account).await;
    assert!(new.fence > old.fence);
    assert!(!store.renew(&account, &old, LONG).await.unwrap());
    conflicts(store.save(&account, b"late", 0, Some(&old)).await);
    store.release(&account, &old).await.unwrap();
    assert!(
        store.renew(&account, &new, LONG).await.unwrap(),
        "another gave our lease back"
    );
    store.save(&account, b"one", 0, Some(&new)).await.unwrap();
}

async fn a_lease_that_is_over_but_not_taken_still_saves_and_renews(store: Arc<dyn Both>) {
    let account = account("a");
    let lease = store.lease(&account, Duration::ZERO).await.unwrap().unwrap();
    store.save(&account, b"one", 0, Some(&lease)).await.unwrap();
    assert!(store.renew(&account, &lease, LONG).await.unwrap());
    assert_eq!(store.lease(&account, LONG).await.unwrap(), None);
    assert!(store.renew(&account, &lease, Duration::ZERO).await.unwrap());
    assert!(store.lease(&account, LONG).await.unwrap().is_some());
    assert!(!store.renew(&account, &lease, LONG).await.unwrap());
}

async fn a_released_lease_is_free_and_saves_no_more(store: Arc<dyn Both>) {
    let account = account("a");
    let old = store.lease(&account, LONG).await.unwrap().unwrap();
    store.release(&account, &old).await.unwrap();
    conflicts(store.save(&account, b"late", 0, Some(&old)).await);
    assert!(!store.renew(&account, &old, LONG).await.unwrap());
    let new = store.lease(&account, LONG).await.unwrap().unwrap();
    assert_eq!(new.fence, old.fence + 1);
    assert_ne!(new.owner, old.owner);
}

async fn of_many_that_want_a_lease_one_gets_it(store: Arc<dyn Both>) {
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.lease(&account("a"), LONG).await.unwrap().is_some() })
        })
        .collect();
    let mut got = 0;
    for task in tasks {
        got += usize::from(task.await.unwrap());
    }
    assert_eq!(got, 1);
}

async fn a_lease_on_an_account_without_record_makes_no_record(store: Arc<dyn Both>) {
    store.lease(&account("a"), LONG).await.unwrap().unwrap();
    assert_eq!(store.load(&account("a")).await.unwrap(), None);
    assert_eq!(store.version(&account("a")).await.unwrap(), 0);
    assert!(store.list().await.unwrap().is_empty());
    conflicts(store.remove(&account("a"), 0).await);
}

async fn hostile_names_stay_apart(store: Arc<dyn Both>) {
    let long = "p".repeat(1 << 20);
    let longer = format!("{long}\0");
    let mut accounts: Vec<AccountId> = [
        "a__b",
        "a",
        "b",
        ".*",
        "*",
        "%",
        "_",
        "?",
        "../x",
        "'; DROP TABLE accounts; --",
        "''",
        "\"",
        "",
        " ",
        "a ",
        "A",
        "\0",
        "a\0",
        "a\0b",
        "é",
        "e\u{301}",
        "\u{202e}",
        "NULL",
        "1",
        "1.0",
        "01",
        &long,
        &longer,
    ]
    .into_iter()
    .map(account)
    .collect();
    // The same letters, cut at other places.
    for (profile, provider, handler, client_id) in [
        ("ab", "c", "d", "e"),
        ("a", "bc", "d", "e"),
        ("a", "b", "cd", "e"),
        ("a", "b", "c", "de"),
        ("", "abcde", "", ""),
        ("", "", "", "abcde"),
    ] {
        for kind in [TokenKind::Bot, TokenKind::User] {
            accounts.push(AccountId {
                profile: Profile::new(profile),
                provider: provider.to_owned(),
                handler: handler.to_owned(),
                kind,
                client_id: client_id.to_owned(),
                owner: AccountOwner::SHARED,
            });
        }
    }
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(store.load(account).await.unwrap(), None, "{n}");
        store.save(account, &n.to_le_bytes(), 0, None).await.unwrap();
    }
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(
            store.load(account).await.unwrap().unwrap().sealed,
            n.to_le_bytes(),
            "{n}"
        );
    }
    let mut listed: Vec<AccountId> = store.list().await.unwrap().into_iter().map(|(a, _)| a).collect();
    listed.sort();
    let (kept, removed) = accounts.split_at(accounts.len() / 2);
    for account in removed {
        store.remove(account, 1).await.unwrap();
    }
    for account in kept {
        assert!(store.load(account).await.unwrap().is_some());
    }
    assert_eq!(store.list().await.unwrap().len(), kept.len());
    accounts.sort();
    assert!(listed == accounts, "a name did not come back as it was given");
}

async fn accounts_of_tools_own_stay_apart(store: Arc<dyn Both>) {
    let name = |name: &str| name.parse().unwrap();
    let long = "p".repeat(1 << 20);
    let owners = [
        AccountOwner::SHARED,
        AccountOwner::in_program("", name("t")),
        AccountOwner::in_program("", name("tt")),
        AccountOwner::in_program("t", name("t")),
        AccountOwner::in_program("\0", name("t")),
        AccountOwner::in_program(&long, name("t")),
        AccountOwner::in_project(Path::new("/"), name("t")),
        AccountOwner::in_project(Path::new("/t"), name("t")),
        AccountOwner::in_project(Path::new("/"), name("tt")),
        AccountOwner::in_project(Path::new("/'; DROP TABLE accounts; --"), name("t")),
    ];
    let accounts = owners.map(|owner| AccountId { owner, ..account("a") });
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(store.load(account).await.unwrap(), None, "{n}");
        let lease = store.lease(account, LONG).await.unwrap().unwrap();
        store.save(account, &n.to_le_bytes(), 0, Some(&lease)).await.unwrap();
    }
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(
            store.load(account).await.unwrap().unwrap().sealed,
            n.to_le_bytes(),
            "{n}"
        );
    }
    let mut listed: Vec<AccountId> = store.list().await.unwrap().into_iter().map(|(a, _)| a).collect();
    listed.sort();
    let mut all = accounts.to_vec();
    all.sort();
    assert!(listed == all, "an owner did not come back as it was given");
    store.remove(&accounts[1], 1).await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), accounts.len() - 1);
    assert_eq!(
        store.version(&accounts[0]).await.unwrap(),
        1,
        "the shared one was removed too"
    );
}

#[tokio::test]
async fn a_store_in_memory_times_leases_by_the_clock_it_is_given() {
    let clock = Arc::new(crate::base::clock::ManualClock::at(UnixTime(1_000)));
    let store = MemoryStore::with_clock(clock.clone());
    let lease = store.lease(&account("a"), LONG).await.unwrap().unwrap();
    clock.advance(Duration::from_secs(45));
    assert!(store.renew(&account("a"), &lease, LONG).await.unwrap());
    clock.advance(Duration::from_secs(59));
    assert_eq!(store.lease(&account("a"), LONG).await.unwrap(), None);
    clock.advance(Duration::from_secs(1));
    assert!(store.lease(&account("a"), LONG).await.unwrap().is_some());
}
