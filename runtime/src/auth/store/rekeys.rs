//! Every kind of store gets another key as one step, and tells who has it open.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, time::Duration};

use super::{
    RecordKind, StoreError, StoreUrl, Vault,
    conformance::account,
    open::OpenStore,
    servers::{PostgresPlace, RedisPlace, open_by_settings},
};
use crate::base::{
    clock::UnixTime,
    code::Code,
    files::{FileMode, write_atomic},
    key::{KeyPlace, StoreKey},
};

const LONG: Duration = Duration::from_secs(60);
const LATER: UnixTime = UnixTime(2_000_000_000);

async fn open(url: Option<&StoreUrl>, home: &Path) -> OpenStore {
    open_by_settings(url.cloned(), home).await.unwrap()
}

async fn plain(store: &OpenStore, profile: &str) -> Vec<u8> {
    let account = account(profile);
    let record = store.tokens.load(&account).await.unwrap().unwrap();
    let vault = Vault::new(store.key.clone());
    let plain = vault.open_account(&account, record.version, &record.sealed).unwrap();
    plain.to_vec()
}

async fn save(store: &OpenStore, profile: &str, plain: &[u8]) -> Result<u64, StoreError> {
    let account = account(profile);
    let expected = store.tokens.version(&account).await?;
    let sealed = Vault::new(store.key.clone()).seal_account(&account, expected + 1, plain);
    store.tokens.save(&account, &sealed, expected, None).await
}

#[track_caller]
fn is_rekeyed<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Rekeyed { .. }), "{error:?}");
    assert_eq!(error.code(), Code::Busy);
    assert!(!error.hints().is_empty());
}

async fn f_65_a_store_gets_another_key_while_others_have_it_open(url: Option<StoreUrl>, home: &Path) {
    let store = open(url.as_ref(), home).await;
    let vault = Vault::new(store.key.clone());
    for (profile, content) in [("a", b"one".as_slice()), ("b", b"two")] {
        save(&store, profile, content).await.unwrap();
    }
    save(&store, "a", b"three").await.unwrap();
    let flow = vault.seal_flow(RecordKind::Flow, &[1; 16], b"flow");
    store.flows.insert(&[1; 16], &flow, LATER).await.unwrap();
    store.flows.insert(&[2; 16], &flow, LATER).await.unwrap();
    let outcome = vault.seal_flow(RecordKind::Outcome, &[2; 16], b"done");
    store.flows.finish(&[2; 16], &outcome).await.unwrap();

    let owed = vault.seal_flow(RecordKind::Revocation, &[4; 16], b"owed");
    store.revocations.owe(&[4; 16], &owed).await.unwrap();
    store.revocations.owe(&[5; 16], b"of another version").await.unwrap();

    let reader = open(url.as_ref(), home).await;
    let lease = reader.tokens.lease(&account("a"), LONG).await.unwrap().unwrap();
    let busy = store.rekey(None).await.unwrap_err();
    assert!(matches!(busy, StoreError::Renewing { .. }), "{busy:?}");
    assert_eq!(plain(&reader, "a").await, b"three");
    reader.tokens.release(&account("a"), &lease).await.unwrap();

    store.rekey(None).await.unwrap();
    for old in [&store, &reader] {
        is_rekeyed(old.tokens.load(&account("a")).await);
        is_rekeyed(old.tokens.list().await);
        is_rekeyed(old.tokens.lease(&account("a"), LONG).await);
        is_rekeyed(old.tokens.save(&account("a"), b"old", 2, None).await);
        is_rekeyed(old.tokens.save(&account("new"), b"old", 0, None).await);
        is_rekeyed(old.flows.insert(&[3; 16], b"old", LATER).await);
        is_rekeyed(old.flows.finish(&[1; 16], b"old").await);
        is_rekeyed(old.revocations.owed().await);
        is_rekeyed(old.revocations.owe(&[6; 16], b"old").await);
        is_rekeyed(old.revocations.settle(&[4; 16]).await);
        is_rekeyed(old.rekey(None).await);
    }
    let new = open(url.as_ref(), home).await;
    assert_ne!(new.key.expose(), store.key.expose());
    assert_eq!(plain(&new, "a").await, b"three");
    assert_eq!(plain(&new, "b").await, b"two");
    assert_eq!(new.tokens.list().await.unwrap().len(), 2);
    let vault = Vault::new(new.key.clone());
    let flow = new.flows.peek(&[1; 16]).await.unwrap().unwrap();
    let flow = vault.open_flow(RecordKind::Flow, &[1; 16], &flow).unwrap();
    assert_eq!(flow.as_slice(), b"flow");
    let outcome = new.flows.outcome(&[2; 16]).await.unwrap().unwrap();
    let outcome = vault.open_flow(RecordKind::Outcome, &[2; 16], &outcome).unwrap();
    assert_eq!(outcome.as_slice(), b"done");
    let [(id, owed), (_, unread)] = <[_; 2]>::try_from(new.revocations.owed().await.unwrap()).unwrap();
    let owed = vault.open_flow(RecordKind::Revocation, &id, &owed).unwrap();
    assert_eq!((id, owed.as_slice()), ([4; 16], b"owed".as_slice()));
    assert_eq!(unread, b"of another version");
    save(&new, "a", b"four").await.unwrap();
}

/// Whoever saves at the same time: every token that was kept opens afterwards.
async fn f_65_saves_and_changes_of_the_key_at_once_lose_nothing(url: Option<StoreUrl>, home: &Path) {
    let first = open(url.as_ref(), home).await;
    save(&first, "a", b"0").await.unwrap();
    let writer = async {
        let mut kept = 0_u32;
        let mut told = 0;
        while told < 5 {
            let store = open(url.as_ref(), home).await;
            loop {
                match save(&store, "a", (kept + 1).to_string().as_bytes()).await {
                    Ok(_version) => kept += 1,
                    Err(StoreError::Rekeyed { .. }) => break told += 1,
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
        kept
    };
    let changer = async {
        loop {
            // Another may change the record between its reading and its writing: that is tried again.
            match open(url.as_ref(), home).await.rekey(None).await {
                Ok(_) | Err(StoreError::Conflict) => tokio::task::yield_now().await,
                Err(error) => panic!("{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let kept = tokio::select! {
        kept = writer => kept,
        () = changer => unreachable!("it never ends"),
    };
    let store = open(url.as_ref(), home).await;
    assert_eq!(plain(&store, "a").await, kept.to_string().as_bytes());
}

async fn a_key_of_the_operators_replaces_one_of_ours(url: Option<StoreUrl>, home: &Path) {
    let store = open(url.as_ref(), home).await;
    save(&store, "a", b"one").await.unwrap();
    let key = StoreKey::random();
    let file = home.join("theirs");
    write_atomic(&file, key.to_text().as_bytes(), FileMode::Private).unwrap();
    let place = store.rekey(Some(&file)).await.unwrap();
    assert_eq!(place, KeyPlace::File(file.clone()));
    let Err(error) = open_by_settings(url.clone(), home).await else {
        panic!("it opened with another key");
    };
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    assert!(error.hints().iter().any(|hint| hint.contains("key_file")));
}

macro_rules! run_over_each_kind {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let home = tempfile::tempdir().unwrap();
                super::$name(None, home.path()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(place) = super::PostgresPlace::new() else { return };
                super::$name(Some(place.url()), place.home.path()).await;
            })*
        }

        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(place) = super::RedisPlace::new() else { return };
                super::$name(Some(place.url()), place.home.path()).await;
            })*
        }
    };
}

run_over_each_kind! {
    f_65_a_store_gets_another_key_while_others_have_it_open
    f_65_saves_and_changes_of_the_key_at_once_lose_nothing
    a_key_of_the_operators_replaces_one_of_ours
}
