//! What every store has to do with sign-ins that are pending.

use super::*;

pub(super) async fn a_pending_sign_in_is_taken_by_one_of_many(store: Arc<dyn Both>) {
    let id = [1; 16];
    store.insert(&id, b"sealed", LATER).await.unwrap();
    store.insert(&[2; 16], b"other", LATER).await.unwrap();
    conflicts(store.insert(&id, b"again", LATER).await);
    assert_eq!(store.peek(&id).await.unwrap().unwrap(), b"sealed");
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take(&id).await.unwrap() })
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    assert_eq!(taken, [b"sealed"]);
    assert_eq!(store.peek(&id).await.unwrap(), None);
    assert_eq!(store.outcome(&id).await.unwrap(), None);
    conflicts(store.insert(&id, b"again", LATER).await);
    assert_eq!(store.take(&[2; 16]).await.unwrap().unwrap(), b"other");
    assert_eq!(store.take(&[3; 16]).await.unwrap(), None);
}

pub(super) async fn a_pending_sign_in_is_replaced_only_as_it_was_read(store: Arc<dyn Both>) {
    let id = [1; 16];
    assert!(!store.replace(&id, b"", b"x").await.unwrap());
    store.insert(&id, b"one", LATER).await.unwrap();
    assert!(!store.replace(&id, b"other", b"x").await.unwrap());
    assert!(store.replace(&id, b"one", b"two").await.unwrap());
    assert!(!store.replace(&id, b"one", b"x").await.unwrap());
    assert_eq!(store.take(&id).await.unwrap().unwrap(), b"two");
    assert!(!store.replace(&id, b"two", b"x").await.unwrap());
    assert_eq!(store.peek(&id).await.unwrap(), None);
}

pub(super) async fn an_outcome_stays_until_its_time_is_over(store: Arc<dyn Both>) {
    let (id, untaken) = ([1; 16], [2; 16]);
    store.insert(&id, b"flow", UnixTime(100)).await.unwrap();
    store.insert(&untaken, b"flow", UnixTime(101)).await.unwrap();
    assert_eq!(store.outcome(&id).await.unwrap(), None);
    store.take(&id).await.unwrap().unwrap();
    store.finish(&id, b"denied").await.unwrap();
    store.finish(&id, b"done").await.unwrap();
    store.finish(&untaken, b"failed").await.unwrap();
    assert_eq!(store.take(&untaken).await.unwrap(), None, "one that ended was taken");
    store.purge(UnixTime(99)).await.unwrap();
    assert_eq!(store.outcome(&id).await.unwrap().unwrap(), b"denied");
    store.purge(UnixTime(100)).await.unwrap();
    let error = store.outcome(&id).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSignIn), "{error:?}");
    assert_eq!(store.outcome(&untaken).await.unwrap().unwrap(), b"failed");
}

pub(super) async fn an_unknown_sign_in_has_no_outcome(store: Arc<dyn Both>) {
    for error in [
        store.outcome(&[9; 16]).await.map(drop).unwrap_err(),
        store.finish(&[9; 16], b"done").await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoSignIn), "{error:?}");
        assert_eq!(error.code().as_str(), "not_found");
    }
}

pub(super) async fn what_is_pending_is_listed_until_it_is_taken_or_ends(store: Arc<dyn Both>) {
    assert!(store.pending().await.unwrap().is_empty());
    // More than are asked for at once.
    let all: Vec<[u8; 16]> = (0..300_u128).map(u128::to_le_bytes).collect();
    for id in &all {
        store
            .insert(id, &[b"sealed", id.as_slice()].concat(), LATER)
            .await
            .unwrap();
    }
    let mut listed = store.pending().await.unwrap();
    listed.sort_unstable();
    let mut expected: Vec<([u8; 16], Vec<u8>)> = all
        .iter()
        .map(|id| (*id, [b"sealed", id.as_slice()].concat()))
        .collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for id in &all[..298] {
        store.take(id).await.unwrap().unwrap();
    }
    store.finish(&all[298], b"done").await.unwrap();
    let left = store.pending().await.unwrap();
    assert_eq!(left.iter().map(|(id, _sealed)| *id).collect::<Vec<_>>(), all[299..]);
    store.purge(LATER).await.unwrap();
    assert!(store.pending().await.unwrap().is_empty());
}
