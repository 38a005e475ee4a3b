//! What every store has to do with revocations that are owed.

use super::*;

pub(super) async fn what_is_owed_stays_until_it_is_settled(store: Arc<dyn Both>) {
    let (one, other) = ([1; 16], [2; 16]);
    assert!(store.owed().await.unwrap().is_empty());
    store.owe(&one, b"one").await.unwrap();
    conflicts(store.owe(&one, b"again").await);
    store.owe(&other, &[0; 300_000]).await.unwrap();
    assert!(!store.put_off(&one, b"another", b"x").await.unwrap());
    assert!(!store.put_off(&[3; 16], b"", b"x").await.unwrap());
    assert!(store.put_off(&one, b"one", b"two").await.unwrap());
    assert_eq!(
        store.owed().await.unwrap(),
        [(one, b"two".to_vec()), (other, vec![0; 300_000])]
    );
    assert!(store.list().await.unwrap().is_empty(), "what is owed is no account");
    store.settle(&other).await.unwrap();
    store.settle(&other).await.unwrap();
    assert_eq!(store.owed().await.unwrap(), [(one, b"two".to_vec())]);
    assert!(
        !store.put_off(&other, &[0; 300_000], b"x").await.unwrap(),
        "it came back"
    );
    store.settle(&one).await.unwrap();
    assert!(store.owed().await.unwrap().is_empty());
}

pub(super) async fn of_many_that_put_off_what_is_owed_one_does(store: Arc<dyn Both>) {
    let id = [1; 16];
    store.owe(&id, b"due").await.unwrap();
    let tasks: Vec<_> = (0..50_u8)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { store.put_off(&id, b"due", &[n]).await.unwrap().then_some(n) })
        })
        .collect();
    let mut did = Vec::new();
    for task in tasks {
        did.extend(task.await.unwrap());
    }
    assert_eq!(did.len(), 1);
    assert_eq!(store.owed().await.unwrap(), [(id, did)]);
}
