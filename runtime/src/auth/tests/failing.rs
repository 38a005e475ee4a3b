//! Stores that fail: nothing that is held is lost, and what cannot be read can be left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::{
    browser::Browser,
    world::{World, begin, credential, given},
};
use crate::{
    auth::{
        AccountId, Auth, AuthError, AuthParts, FlowStore, Lease, MemoryStore, StoreError, StoredRecord, TokenStore,
    },
    base::{clock::UnixTime, code::Code, key::StoreKey, name::Profile},
};

/// A store that takes nothing while its disk is full and a token is being renewed.
struct Full {
    store: Arc<MemoryStore>,
    full: AtomicBool,
    /// How many saves pass before the disk is full.
    room: AtomicU32,
}

#[async_trait]
impl TokenStore for Full {
    async fn load(&self, account: &AccountId) -> Result<Option<StoredRecord>, StoreError> {
        self.store.load(account).await
    }

    async fn save(
        &self,
        account: &AccountId,
        sealed: &[u8],
        expected: u64,
        lease: Option<&Lease>,
    ) -> Result<u64, StoreError> {
        if self.full.load(Ordering::SeqCst) && self.room.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.room.store(0, Ordering::SeqCst);
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        self.store.save(account, sealed, expected, lease).await
    }

    async fn remove(&self, account: &AccountId, expected: u64) -> Result<(), StoreError> {
        self.store.remove(account, expected).await
    }

    async fn version(&self, account: &AccountId) -> Result<u64, StoreError> {
        self.store.version(account).await
    }

    async fn list(&self) -> Result<Vec<(AccountId, StoredRecord)>, StoreError> {
        self.store.list().await
    }

    async fn lease(&self, account: &AccountId, time: Duration) -> Result<Option<Lease>, StoreError> {
        self.store.lease(account, time).await
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        self.store.renew(account, lease, time).await
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        self.store.release(account, lease).await
    }
}

#[tokio::test]
async fn f_17_a_renewed_token_that_cannot_be_saved_is_held_and_saved_later() {
    let world = World::new().await;
    drop(world.signed_in().await);
    let full = Arc::new(Full {
        store: Arc::clone(&world.store),
        full: AtomicBool::new(true),
        room: 1.into(),
    });
    let auth = Auth::new(AuthParts {
        tokens: Arc::clone(&full) as _,
        ..world.parts(world.settings(), Arc::clone(&world.store))
    });
    world.later(3_600);
    let error = credential(&auth).await.unwrap_err();
    assert!(
        matches!(error, AuthError::NotKept { .. }),
        "never used before it is kept: {error}"
    );
    assert_eq!(error.code(), Code::Internal);
    full.full.store(false, Ordering::SeqCst);
    assert_eq!(given(&auth).await, "planted-access-2");
    assert_eq!(
        world.provider.refreshes(),
        1,
        "the refresh token that was spent is not sent again"
    );
}

#[tokio::test]
async fn an_account_that_cannot_be_read_is_shown_and_can_be_signed_out_of() {
    let world = World::new().await;
    drop(world.signed_in().await);
    let auth = Auth::new(AuthParts {
        key: StoreKey::new([8; 32]),
        ..world.parts(world.settings(), Arc::clone(&world.store))
    });
    assert!(matches!(credential(&auth).await, Err(AuthError::Store(_))));
    let accounts = auth.accounts(None).await.unwrap();
    assert!(accounts[0].last_error.is_some(), "{accounts:?}");
    let out = auth
        .sign_out(&Profile::default(), "acme", None, &super::world::SHARED)
        .await
        .unwrap();
    assert_eq!((out.accounts, out.not_revoked.len()), (1, 1), "{out:?}");
    assert!(auth.accounts(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn f_17_what_a_sign_in_brought_is_kept_once_the_disk_has_room_again() {
    let world = World::new().await;
    let full = Arc::new(Full {
        store: Arc::clone(&world.store),
        full: AtomicBool::new(true),
        room: 0.into(),
    });
    let auth = Auth::new(AuthParts {
        tokens: Arc::clone(&full) as _,
        ..world.parts(world.settings(), Arc::clone(&world.store))
    });
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    let answered = browser.get(&callback);
    let freed = async {
        // The provider's only answer to the code has come by then.
        while world.provider.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        full.full.store(false, Ordering::SeqCst);
    };
    let (answered, ()) = tokio::join!(answered, freed);
    assert_eq!(answered.status, 303, "{answered:?}");
    browser.get(answered.to()).await;
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(given(&auth).await, "planted-access-1");
}

/// A store of sign-ins that cannot be told how one ended.
struct Deaf(Arc<MemoryStore>);

#[async_trait]
impl FlowStore for Deaf {
    async fn insert(&self, id: &[u8; 16], sealed: &[u8], expires_at: UnixTime) -> Result<(), StoreError> {
        self.0.insert(id, sealed, expires_at).await
    }

    async fn peek(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.peek(id).await
    }

    async fn replace(&self, id: &[u8; 16], from: &[u8], to: &[u8]) -> Result<bool, StoreError> {
        self.0.replace(id, from, to).await
    }

    async fn take(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.take(id).await
    }

    async fn finish(&self, _id: &[u8; 16], _outcome: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("the disk is full".into()))
    }

    async fn outcome(&self, id: &[u8; 16]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.outcome(id).await
    }

    async fn pending(&self) -> Result<Vec<([u8; 16], Vec<u8>)>, StoreError> {
        self.0.pending().await
    }

    async fn purge(&self, now: UnixTime) -> Result<(), StoreError> {
        self.0.purge(now).await
    }
}

#[tokio::test]
async fn who_waits_and_the_browser_learn_how_it_ended_though_the_store_cannot_be_told() {
    let world = World::new().await;
    let auth = Auth::new(AuthParts {
        flows: Arc::new(Deaf(Arc::clone(&world.store))) as _,
        ..world.parts(world.settings(), Arc::clone(&world.store))
    });
    let sign_in = begin(&auth).await;
    let done = Browser::new().sign_in(&sign_in.url).await;
    assert!(done.html.contains("Signed in to Acme"), "{done:?}");
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(given(&auth).await, "planted-access-1");
}
