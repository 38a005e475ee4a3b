//! Accounts that nobody uses, at a provider that ends them for that after 30 days. In virtual time.

use std::{sync::Arc, time::Duration};

use super::{
    quiet::{Quiet, Says, credential_of, down, pass, state},
    world::given,
};
use crate::auth::{AccountState, Auth, flow::FlowError};

const DAY: u64 = 24 * 60 * 60;

fn keeps(auth: &Arc<Auth>) -> tokio::task::JoinHandle<std::convert::Infallible> {
    let auth = Arc::clone(auth);
    tokio::spawn(async move { auth.keep_alive().await })
}

#[tokio::test(start_paused = true)]
async fn accounts_that_nobody_uses_are_renewed_once_each_half_of_the_time_by_one_of_several_processes() {
    let quiet = Quiet::new();
    let auth = quiet.process();
    for user in ["default", "bob", "carol"] {
        quiet.sign_in(&auth, user).await;
    }
    let others = [quiet.process(), quiet.process()];
    let keeping = [keeps(&auth), keeps(&others[0]), keeps(&others[1])];
    pass(11 * DAY).await;
    assert!(quiet.provider.asked().is_empty(), "not before it is time");
    pass(5 * DAY).await;
    assert_eq!(quiet.provider.asked().len(), 3);
    pass(15 * DAY).await;
    assert_eq!(quiet.provider.asked().len(), 6);
    assert_eq!(state(&auth).await, AccountState::Ready);
    for keeping in keeping {
        keeping.abort();
    }
    pass(40 * DAY).await;
    assert_eq!(quiet.provider.asked().len(), 6, "it ends when it is dropped");
    assert_eq!(given(&auth).await, "access-10");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_calls_renew_and_one_that_cannot_be_renewed_are_left_alone() {
    let quiet = Quiet::new();
    let auth = quiet.process();
    quiet.sign_in_without_refresh(&auth).await;
    quiet.sign_in(&auth, "bob").await;
    let keeping = keeps(&auth);
    for week in 1..=6 {
        pass(7 * DAY).await;
        credential_of(&auth, "bob").await.unwrap();
        assert_eq!(quiet.provider.asked().len(), week, "by the call");
    }
    keeping.abort();
}

#[tokio::test(start_paused = true)]
async fn a_look_by_hand_tells_what_was_due_and_a_provider_that_is_down_ends_no_account() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    assert!(auth.keep_alive_once().await.unwrap().is_empty());
    pass(16 * DAY).await;
    quiet.provider.says((0..4).map(|_| Says::Fails(down())));
    let kept = auth.keep_alive_once().await.unwrap();
    assert!(
        kept[0].error.as_ref().is_some_and(|why| why.contains("503")),
        "{kept:?}"
    );
    assert_eq!(state(&auth).await, AccountState::Ready);
    quiet.provider.forget_the_script();
    pass(60).await;
    let kept = auth.keep_alive_once().await.unwrap();
    assert_eq!((kept.len(), kept[0].error.as_deref()), (1, None));
    assert_eq!(
        (kept[0].profile.as_str(), kept[0].provider.as_str()),
        ("default", "acme")
    );
    assert!(auth.keep_alive_once().await.unwrap().is_empty(), "and then nothing is");

    // Once a person is needed, the provider is asked no more.
    pass(16 * DAY).await;
    let gone = FlowError::InvalidGrant("`invalid_grant`".to_owned());
    quiet.provider.says([Says::Fails(gone)]);
    assert!(auth.keep_alive_once().await.unwrap()[0].error.is_some());
    let asked = quiet.provider.asked().len();
    pass(DAY).await;
    assert!(auth.keep_alive_once().await.unwrap().is_empty());
    assert_eq!(quiet.provider.asked().len(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_killed_while_it_looked_is_waited_out() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(16 * DAY).await;
    quiet
        .provider
        .says([super::quiet::Line(Duration::from_secs(3_600), Says::Tokens)]);
    let killed = keeps(&auth);
    pass(61).await;
    assert!(!quiet.provider.asked().is_empty(), "it asks");
    killed.abort();
    quiet.provider.forget_the_script();
    let other = quiet.process();
    let keeping = keeps(&other);
    pass(3 * 3_600).await;
    assert!(other.keep_alive_once().await.unwrap().is_empty(), "it was renewed");
    keeping.abort();
}
