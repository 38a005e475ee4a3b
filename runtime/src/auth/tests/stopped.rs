//! A process that is stopped in the middle of a renewal for longer than its lease lasts. In virtual time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::{
    quiet::{Line, Quiet, Says, down, pass, state},
    world::{credential, given, token},
};
use crate::auth::{
    AccountId, AccountState, AuthError, Lease, MemoryStore, NeedsSignIn, StoreError, StoredRecord, TokenStore,
    flow::FlowError,
};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The store as a process has it that does not run for a while: its lease ends, since nobody holds it longer.
struct Stopping {
    store: Arc<MemoryStore>,
    stopped: AtomicBool,
}

#[async_trait]
impl TokenStore for Stopping {
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
        // So that it ends before a request is given up.
        self.store.lease(account, time / 4).await
    }

    async fn renew(&self, account: &AccountId, lease: &Lease, time: Duration) -> Result<bool, StoreError> {
        if self.stopped.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        self.store.renew(account, lease, time / 4).await
    }

    async fn release(&self, account: &AccountId, lease: &Lease) -> Result<(), StoreError> {
        self.store.release(account, lease).await
    }
}

/// A token has ended; one process asks, hears this and is stopped meanwhile, and another asks and hears that. Gives what each
/// of them got.
async fn one_is_stopped(quiet: &Quiet, hears: Line, other_hears: Says) -> [Result<String, AuthError>; 2] {
    drop(quiet.signed_in().await);
    let store = Arc::new(Stopping {
        store: Arc::clone(&quiet.store),
        stopped: AtomicBool::new(true),
    });
    let (one, other) = (quiet.process_on(Arc::clone(&store) as _), quiet.process());
    pass(3_600).await;
    quiet.provider.says([hears, other_hears.into()]);
    let stopped = tokio::spawn(async move { credential(&one).await.map(|credential| token(&credential)) });
    pass(1).await;
    let running = tokio::spawn(async move { credential(&other).await.map(|credential| token(&credential)) });
    // Its lease of 5 s is over and taken; it runs again before its request is answered or given up.
    pass(10).await;
    store.stopped.store(false, Ordering::SeqCst);
    [stopped.await.unwrap(), running.await.unwrap()]
}

#[tokio::test(start_paused = true)]
async fn f_18_a_process_that_was_stopped_does_not_send_a_token_that_another_may_have_spent() {
    let quiet = Quiet::new();
    let got = one_is_stopped(&quiet, Line(seconds(14), Says::Fails(down())), Says::Tokens).await;
    assert_eq!(got.map(Result::unwrap), ["access-2", "access-2"]);
    assert_eq!(quiet.provider.asked().len(), 2, "each process once");
    assert_eq!(state(&quiet.process()).await, AccountState::Ready);
    pass(3_600).await;
    assert_eq!(given(&quiet.process()).await, "access-3", "the account lives on");
}

#[tokio::test(start_paused = true)]
async fn f_18_what_a_process_that_was_stopped_hears_too_late_takes_nothing_from_the_account() {
    let refused = FlowError::InvalidGrant("`invalid_grant`".to_owned());
    for late in [Says::Tokens, Says::Fails(refused)] {
        let quiet = Quiet::new();
        let got = one_is_stopped(&quiet, Line(seconds(14), late), Says::Tokens).await;
        assert_eq!(got.map(Result::unwrap), ["access-2", "access-2"]);
        assert_eq!(state(&quiet.process()).await, AccountState::Ready);
        pass(3_600).await;
        assert_eq!(given(&quiet.process()).await, "access-3");
    }
}

#[tokio::test(start_paused = true)]
async fn f_18_tokens_that_reach_a_process_that_was_stopped_are_kept_where_there_are_no_newer_ones() {
    let quiet = Quiet::new();
    let late = Line(Duration::ZERO, Says::TokensLate(seconds(14)));
    // The provider has spent the old one for the first process already.
    let [stopped, running] = one_is_stopped(&quiet, late, Says::Tokens).await;
    assert!(running.is_err(), "it could not know: {running:?}");
    assert_eq!(stopped.unwrap(), "access-2");
    let after = quiet.process();
    assert_eq!(
        state(&after).await,
        AccountState::Ready,
        "not {:?}",
        NeedsSignIn::LostInCrash
    );
    assert_eq!(given(&after).await, "access-2");
    pass(3_600).await;
    assert_eq!(given(&after).await, "access-3", "its refresh token was kept too");
}
