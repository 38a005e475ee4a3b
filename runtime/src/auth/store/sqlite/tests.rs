//! What only the store in a file has to do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Barrier},
    time::Duration,
};

use rusqlite::Connection;

use super::{SqliteStore, aside, opening};
use crate::{
    auth::{
        AccountId, FlowStore as _, RevocationStore as _, StoreError, TokenStore as _,
        store::{RecordKind, Vault, conformance::account},
    },
    base::{
        clock::UnixTime,
        code::Code,
        key::{KeyPlace, KeySource, StoreKey},
        keys::Keys,
        secret::Secret,
    },
};

const OURS: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const LATER: UnixTime = UnixTime(2_000_000_000);

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.data().join("accounts.sqlite")
    }

    fn key_file(&self) -> PathBuf {
        self.data().join("store.key")
    }

    fn open_with(&self, source: &KeySource) -> Result<(SqliteStore, StoreKey), StoreError> {
        SqliteStore::open(&self.file(), source, &self.key_file())
    }

    fn open(&self) -> (SqliteStore, StoreKey) {
        self.open_with(&KeySource::Home).unwrap()
    }

    /// A store with one account, closed again.
    async fn with_an_account(source: &KeySource) -> Self {
        let home = Self::new();
        let (store, _key) = home.open_with(source).unwrap();
        store.save(&account("a"), &[7; 5_000], 0, None).await.unwrap();
        home
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.data()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn given(key: &str) -> KeySource {
    KeySource::Given(Secret::new(key))
}

#[tokio::test]
async fn what_was_saved_is_there_after_reopening() {
    let home = Home::new();
    let (store, key) = home.open();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    store.insert(&[1; 16], b"flow", LATER).await.unwrap();
    drop(store);
    let (store, again) = home.open();
    assert_eq!(again.expose(), key.expose());
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, b"one");
    assert_eq!(store.peek(&[1; 16]).await.unwrap().unwrap(), b"flow");
    drop(store);
    assert_eq!(home.names(), ["accounts.sqlite", "accounts.sqlite.lock", "store.key"]);
}

#[tokio::test]
async fn two_stores_on_one_file_see_each_other() {
    let home = Home::new();
    let ((one, _), (other, _)) = (home.open(), home.open());
    one.save(&account("a"), b"one", 0, None).await.unwrap();
    assert_eq!(other.load(&account("a")).await.unwrap().unwrap().version, 1);
    let lease = other
        .lease(&account("a"), Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(one.lease(&account("a"), Duration::from_secs(60)).await.unwrap(), None);
    other.save(&account("a"), b"two", 1, Some(&lease)).await.unwrap();
    assert!(matches!(
        one.save(&account("a"), b"x", 1, None).await,
        Err(StoreError::Conflict)
    ));
    one.insert(&[1; 16], b"flow", LATER).await.unwrap();
    assert_eq!(other.take(&[1; 16]).await.unwrap().unwrap(), b"flow");
    assert_eq!(one.take(&[1; 16]).await.unwrap(), None);
    drop(other);
    assert_eq!(one.load(&account("a")).await.unwrap().unwrap().sealed, b"two");
}

#[cfg(unix)]
#[tokio::test]
async fn f_62_every_file_is_private_and_so_is_their_folder() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let (store, _key) = home.open();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.data()), 0o700);
    for name in [
        "accounts.sqlite",
        "accounts.sqlite-wal",
        "accounts.sqlite-shm",
        "accounts.sqlite.lock",
        "store.key",
    ] {
        assert_eq!(mode(&home.data().join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn f_63_no_secret_is_in_the_bytes_of_any_file() {
    const CANARY: &[u8] = b"CANARY-xoxb-1234567890";
    let home = Home::new();
    let (store, key) = home.open_with(&given(OURS)).unwrap();
    let vault = Vault::new(key.clone());
    for version in 0..50 {
        let sealed = vault.seal_account(&account("a"), version + 1, CANARY);
        store.save(&account("a"), &sealed, version, None).await.unwrap();
    }
    let flow = vault.seal_flow(RecordKind::Flow, &[1; 16], CANARY);
    store.insert(&[1; 16], &flow, LATER).await.unwrap();
    let has = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let mut sealed_was_seen = false;
    for name in home.names() {
        let bytes = fs::read(home.data().join(&name)).unwrap();
        assert!(!has(&bytes, CANARY), "{name}");
        assert!(!has(&bytes, key.expose()) && !has(&bytes, OURS.as_bytes()), "{name}");
        sealed_was_seen |= has(&bytes, &flow);
    }
    assert!(sealed_was_seen, "the test looked at the wrong files");
    assert!(!format!("{store:?} {key:?}").contains("CANARY"));
}

#[tokio::test]
async fn f_63_swapped_or_altered_records_do_not_open() {
    let home = Home::new();
    let (store, key) = home.open();
    let vault = Vault::new(key);
    for profile in ["a", "b"] {
        let sealed = vault.seal_account(&account(profile), 1, profile.as_bytes());
        store.save(&account(profile), &sealed, 0, None).await.unwrap();
    }
    let open = async |profile: &str| {
        let record = store.load(&account(profile)).await.unwrap().unwrap();
        vault.open_account(&account(profile), record.version, &record.sealed)
    };
    assert_eq!(open("a").await.unwrap().as_slice(), b"a");
    let tamper = |sql: &str| Connection::open(home.file()).unwrap().execute_batch(sql).unwrap();
    let swap = "CREATE TEMP TABLE before AS SELECT profile, sealed FROM accounts;
                UPDATE accounts SET sealed = (SELECT sealed FROM before WHERE before.profile <> accounts.profile)";
    tamper(swap);
    for profile in ["a", "b"] {
        assert!(matches!(open(profile).await, Err(StoreError::Altered { .. })));
    }
    tamper(swap);
    assert_eq!(open("a").await.unwrap().as_slice(), b"a");
    tamper("UPDATE accounts SET version = 2");
    assert!(matches!(open("a").await, Err(StoreError::Altered { .. })));
}

#[tokio::test]
async fn f_64_another_key_is_refused_and_the_file_is_left_as_it_is() {
    let home = Home::with_an_account(&given(OURS)).await;
    let before = home.bytes();
    let error = home.open_with(&given(OTHER)).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::WrongKey {
                place: KeyPlace::Given,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.code(), Code::NotValid);
    assert!(error.to_string().contains("POCKET_STORE_KEY"), "{error}");
    assert!(error.hints().iter().any(|hint| hint.contains("pocket auth reset")));
    assert!(!format!("{error:?} {error}").contains(OTHER));
    // Left out, the key is lost, and none is made.
    let error = home.open_with(&KeySource::Home).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::KeyLost {
                place: KeyPlace::Given,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!home.key_file().exists());
    assert_eq!(home.bytes(), before);
    home.open_with(&given(OURS.trim_end_matches('='))).unwrap();
}

#[tokio::test]
async fn a_wrong_key_leaves_even_what_waits_in_the_log() {
    let home = Home::new();
    let (store, _key) = home.open_with(&given(OURS)).unwrap();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    // As a process leaves them that is killed: copies, while the store is open.
    let killed = Home::new();
    fs::create_dir(killed.data()).unwrap();
    for name in ["accounts.sqlite", "accounts.sqlite-wal"] {
        fs::copy(home.data().join(name), killed.data().join(name)).unwrap();
    }
    let before = (
        killed.bytes(),
        fs::read(killed.data().join("accounts.sqlite-wal")).unwrap(),
    );
    assert!(!before.1.is_empty());
    killed.open_with(&given(OTHER)).unwrap_err();
    let after = (
        killed.bytes(),
        fs::read(killed.data().join("accounts.sqlite-wal")).unwrap(),
    );
    assert!(before == after, "the log was written into the file");
    let (store, _key) = killed.open_with(&given(OURS)).unwrap();
    assert_eq!(store.load(&account("a")).await.unwrap().unwrap().sealed, b"one");
}

#[tokio::test]
async fn a_lost_key_names_where_it_was_and_a_new_one_is_not_made() {
    let home = Home::with_an_account(&KeySource::Home).await;
    let (before, key) = (home.bytes(), fs::read(home.key_file()).unwrap());
    fs::remove_file(home.key_file()).unwrap();
    let error = home.open_with(&KeySource::Home).unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::KeyLost {
                place: KeyPlace::Home(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("store.key"), "{error}");
    assert!(error.hints().iter().any(|hint| hint.contains("pocket auth reset")));
    assert!(!home.key_file().exists());
    assert_eq!(home.bytes(), before);
    crate::base::files::write_atomic(&home.key_file(), &key, crate::base::files::FileMode::Private).unwrap();
    home.open();
}

#[tokio::test]
async fn the_same_key_opens_the_store_from_another_place() {
    let home = Home::with_an_account(&KeySource::Home).await;
    let text = fs::read_to_string(home.key_file()).unwrap();
    fs::rename(home.key_file(), home.0.path().join("moved")).unwrap();
    home.open_with(&given(&text)).unwrap();
    home.open_with(&KeySource::File(home.0.path().join("moved"))).unwrap();
}

#[test]
fn a_file_of_the_operators_that_is_not_there_makes_no_store() {
    let home = Home::new();
    let error = home
        .open_with(&KeySource::File(home.0.path().join("none")))
        .unwrap_err();
    assert!(matches!(&error, StoreError::NotAKey { .. }), "{error:?}");
    assert!(!home.file().exists());
    let error = home.open_with(&given("CANARY")).unwrap_err();
    assert!(!format!("{error:?} {error} {:?}", error.hints()).contains("CANARY"));
    assert!(!home.file().exists());
}

#[test]
fn many_that_make_the_store_at_once_agree_on_the_key() {
    for _ in 0..5 {
        let home = Home::new();
        let start = Barrier::new(8);
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        *home.open().1.expose()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(home.open().1.expose(), &keys[0]);
        let unfinished: Vec<String> = home.names().into_iter().filter(|n| n.starts_with(".pocket-")).collect();
        assert!(unfinished.is_empty(), "{unfinished:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn f_62_a_store_that_is_not_only_ours_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    let home = Home::with_an_account(&KeySource::Home).await;
    let refused = |why: &str| {
        let error = home.open_with(&KeySource::Home).unwrap_err();
        assert!(matches!(&error, StoreError::NotPrivate { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    };
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        set(&home.file(), mode);
        refused("others may read or write it");
    }
    set(&home.file(), 0o600);
    set(&home.data(), 0o770);
    refused("others may write this folder");
    for mode in [0o755, 0o750, 0o711] {
        set(&home.data(), mode);
        home.open();
        let now = fs::metadata(home.data()).unwrap().permissions().mode() & 0o777;
        assert_eq!(now, 0o700, "a folder of ours is closed to others: {mode:o}");
    }
    // Root may use all folders, and changes none of another user's.
    set(&home.data(), 0o755);
    if chown(home.data(), Some(12_345), None).is_ok() {
        refused("the folder belongs to another user");
        chown(home.data(), Some(0), None).unwrap();
    }
    set(&home.data(), 0o700);
    // Only the administrator can give a file away.
    if chown(home.file(), Some(12_345), None).is_ok() {
        refused("another user");
        chown(home.file(), Some(0), None).unwrap();
    }
    let elsewhere = home.0.path().join("elsewhere");
    fs::rename(home.file(), &elsewhere).unwrap();
    symlink(&elsewhere, home.file()).unwrap();
    refused("symbolic link");
    fs::remove_file(home.file()).unwrap();
    symlink(home.0.path().join("nowhere"), home.file()).unwrap();
    refused("symbolic link");
    assert!(!home.0.path().join("nowhere").exists());
    fs::remove_file(home.file()).unwrap();
    fs::rename(&elsewhere, home.file()).unwrap();
    home.open();
}

#[tokio::test]
async fn a_cut_broken_or_foreign_file_is_refused_and_left_in_place() {
    let home = Home::with_an_account(&KeySource::Home).await;
    let whole = home.bytes();
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle..].fill(0xaa);
    let mut headless = whole.clone();
    headless[..100].fill(0);
    let cases: [&[u8]; 7] = [
        b"",
        b"x",
        &whole[..50],
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
        &broken,
        &headless,
    ];
    for (n, content) in cases.into_iter().enumerate() {
        fs::write(home.file(), content).unwrap();
        let opened = home.open_with(&KeySource::Home);
        assert!(matches!(&opened, Err(StoreError::Damaged { .. })), "{n}: {opened:?}");
        assert!(home.bytes() == content, "{n} was changed");
        let hints = opened.unwrap_err().hints();
        assert!(hints.iter().any(|hint| hint.contains("pocket auth reset")));
    }
    fs::write(home.file(), "").unwrap();
    Connection::open(home.file())
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let error = home.open_with(&KeySource::Home).unwrap_err();
    assert!(error.to_string().contains("not a store of Pocket's"), "{error}");
    fs::write(home.file(), &whole).unwrap();
    let (store, _key) = home.open();
    assert!(store.load(&account("a")).await.unwrap().is_some());
}

/// As a Pocket of before left a store.
const FORMAT_1: &str = "
BEGIN IMMEDIATE;
DROP TABLE revocations;
ALTER TABLE accounts RENAME TO accounts_now;
CREATE TABLE accounts (
    profile      BLOB NOT NULL,
    provider     BLOB NOT NULL,
    handler      BLOB NOT NULL,
    kind         TEXT NOT NULL,
    client_id    BLOB NOT NULL,
    version      INTEGER NOT NULL DEFAULT 0,
    sealed       BLOB,
    fence        INTEGER NOT NULL DEFAULT 0,
    lease_owner  BLOB,
    lease_until  INTEGER NOT NULL DEFAULT 0,
    lease_length INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (profile, provider, handler, kind, client_id)
) STRICT, WITHOUT ROWID;
INSERT INTO accounts SELECT profile, provider, handler, kind, client_id, version, sealed,
                            fence, lease_owner, lease_until, lease_length FROM accounts_now;
DROP TABLE accounts_now;
PRAGMA user_version = 1;
COMMIT;
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_before_opens_with_all_that_was_in_it_and_takes_what_is_new() {
    let home = Home::new();
    let (store, key) = home.open_with(&given(OURS)).unwrap();
    let vault = Vault::new(key);
    for (profile, plain) in [("a", b"one".as_slice()), ("b", b"two")] {
        let sealed = vault.seal_account(&account(profile), 1, plain);
        store.save(&account(profile), &sealed, 0, None).await.unwrap();
    }
    store.remove(&account("b"), 1).await.unwrap();
    let lease = store
        .lease(&account("a"), Duration::from_secs(60))
        .await
        .unwrap()
        .unwrap();
    let flow = vault.seal_flow(RecordKind::Flow, &[1; 16], b"flow");
    store.insert(&[1; 16], &flow, LATER).await.unwrap();
    drop(store);
    Connection::open(home.file()).unwrap().execute_batch(FORMAT_1).unwrap();

    let before = home.bytes();
    home.open_with(&given(OTHER)).unwrap_err();
    assert!(home.bytes() == before, "with a wrong key it was changed");
    let opening = (0..4).map(|_| {
        std::thread::spawn({
            let (file, key_file) = (home.file(), home.key_file());
            move || SqliteStore::open(&file, &given(OURS), &key_file).map(drop)
        })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.join().unwrap().unwrap();
    }

    let (store, _key) = home.open_with(&given(OURS)).unwrap();
    let record = store.load(&account("a")).await.unwrap().unwrap();
    assert_eq!(
        vault.open_account(&account("a"), 1, &record.sealed).unwrap().as_slice(),
        b"one"
    );
    assert_eq!(store.version(&account("b")).await.unwrap(), 2, "the tombstone is gone");
    assert_eq!(
        store.lease(&account("a"), Duration::from_secs(60)).await.unwrap(),
        None,
        "the lease is gone"
    );
    assert_eq!(store.save(&account("a"), b"renewed", 1, Some(&lease)).await.unwrap(), 2);
    assert_eq!(store.peek(&[1; 16]).await.unwrap().unwrap(), flow);
    let own = AccountId {
        owner: crate::package::AccountOwner::in_program("p", "t".parse().unwrap()),
        ..account("a")
    };
    store.save(&own, b"own", 0, None).await.unwrap();
    store.owe(&[2; 16], b"owed").await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_of_a_newer_format_is_refused() {
    let home = Home::with_an_account(&KeySource::Home).await;
    Connection::open(home.file())
        .unwrap()
        .pragma_update(None, "user_version", opening::FORMAT + 1)
        .unwrap();
    let error = home.open_with(&KeySource::Home).unwrap_err();
    assert!(
        matches!(&error, StoreError::NewerFormat { found: 3, known: 2, .. }),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_stays_locked_is_an_error_and_works_again_later() {
    let home = Home::new();
    let keys = Keys::new(KeySource::Home, home.key_file());
    let (store, _key) = opening::open(&home.file(), &keys, Duration::from_millis(30)).unwrap();
    let other = Connection::open(home.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.save(&account("a"), b"one", 0, None).await.unwrap_err();
    assert!(matches!(&error, StoreError::Locked { .. }), "{error:?}");
    assert_eq!(error.code(), Code::Busy);
    assert_eq!(store.load(&account("a")).await.unwrap(), None);
    other.execute_batch("COMMIT").unwrap();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
}

#[tokio::test]
async fn f_17_a_full_disk_is_an_error_and_what_was_there_stays() {
    let home = Home::with_an_account(&KeySource::Home).await;
    let (store, _key) = home.open();
    store
        .connection
        .lock()
        .await
        .pragma_update(None, "max_page_count", 12)
        .unwrap();
    let error = store.save(&account("a"), &[1; 1 << 20], 1, None).await.unwrap_err();
    assert!(matches!(&error, StoreError::DiskFull { .. }), "{error:?}");
    let record = store.load(&account("a")).await.unwrap().unwrap();
    assert_eq!((record.sealed, record.version), (vec![7; 5_000], 1));
    store.save(&account("a"), b"small", 1, None).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_went_back_delays_a_dead_holders_lease_by_its_length_only() {
    let home = Home::new();
    let (store, _key) = home.open();
    let length = Duration::from_millis(40);
    let lease = store.lease(&account("a"), length).await.unwrap().unwrap();
    // As if it had been taken an hour later than it is now.
    store
        .connection
        .lock()
        .await
        .execute("UPDATE accounts SET lease_until = lease_until + 3600000", [])
        .unwrap();
    assert_eq!(store.lease(&account("a"), length).await.unwrap(), None);
    let start = std::time::Instant::now();
    while store.lease(&account("a"), length).await.unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(20), "the lease did not end");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!store.renew(&account("a"), &lease, length).await.unwrap());
}

#[tokio::test]
async fn a_reset_puts_the_store_aside_and_who_has_it_open_is_told() {
    let home = Home::new();
    assert_eq!(SqliteStore::reset(home.file()).unwrap(), None);
    let (store, _key) = home.open();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    let now = UnixTime(1_753_000_000);
    let aside = aside::put_aside(&home.file(), now).unwrap().unwrap();
    assert_eq!(aside.file_name().unwrap(), "accounts.sqlite.lost-20250720-082640");
    let error = store.load(&account("a")).await.unwrap_err();
    assert!(matches!(&error, StoreError::PutAside { .. }), "{error:?}");
    drop(store);

    let (fresh, _key) = home.open();
    assert!(fresh.list().await.unwrap().is_empty());
    fresh.save(&account("b"), b"two", 0, None).await.unwrap();
    drop(fresh);
    let again = aside::put_aside(&home.file(), now).unwrap().unwrap();
    assert_ne!(again, aside);
    assert!(!home.file().exists());

    let (old, _key) = SqliteStore::open(&aside, &KeySource::Home, &home.key_file()).unwrap();
    assert_eq!(old.load(&account("a")).await.unwrap().unwrap().sealed, b"one");
}

#[tokio::test]
async fn the_log_of_a_store_that_was_deleted_does_not_reach_the_next() {
    let home = Home::new();
    let (store, _key) = home.open();
    store.save(&account("a"), b"one", 0, None).await.unwrap();
    fs::remove_file(home.file()).unwrap();
    assert!(home.data().join("accounts.sqlite-wal").exists());
    let (fresh, _key) = home.open();
    assert!(fresh.list().await.unwrap().is_empty());
    assert!(matches!(store.list().await, Err(StoreError::PutAside { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_began_is_done_whole_though_he_goes_away() {
    let home = Home::new();
    let store = Arc::new(home.open().0);
    for n in 0..20_u8 {
        let task = tokio::spawn({
            let store = store.clone();
            async move { store.save(&account(&n.to_string()), &[n; 4_000], 0, None).await }
        });
        tokio::task::yield_now().await;
        task.abort();
        let _ended = task.await;
    }
    for (_account, record) in store.list().await.unwrap() {
        assert_eq!((record.sealed.len(), record.version), (4_000, 1));
    }
    store.save(&account("last"), b"x", 0, None).await.unwrap();
}
