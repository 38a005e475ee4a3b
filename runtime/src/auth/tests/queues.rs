//! Many accounts at one provider: their renewals take turns, and none is tried while it is down. In virtual time.

use std::{
    sync::Arc,
    time::{Duration, Instant as RealInstant},
};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    quiet::{Line, Quiet, Says, credential_of, down, pass},
    world::{given, need, token},
};
use crate::{
    auth::Auth,
    base::{code::Code, name::Profile},
};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn users(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("user-{number}")).collect()
}

/// A process in which all of them are signed in.
async fn signed_in(quiet: &Quiet, users: &[String]) -> Arc<Auth> {
    let auth = quiet.process();
    for user in users {
        quiet.sign_in(&auth, user).await;
    }
    auth
}

#[tokio::test(start_paused = true)]
async fn f_70_the_renewal_of_many_accounts_at_once_is_spread_and_delays_no_other() {
    let quiet = Quiet::new();
    let users = users(500);
    let auth = signed_in(&quiet, &users).await;
    pass(3_600).await;
    quiet.sign_in(&auth, "default").await;
    quiet.provider.says((0..500).map(|_| Line(seconds(1), Says::Tokens)));
    let real = RealInstant::now();
    let many = tokio::spawn({
        let auth = Arc::clone(&auth);
        async move {
            let renewed = join_all(users.iter().map(|user| credential_of(&auth, user))).await;
            assert!(renewed.iter().all(Result::is_ok));
        }
    });
    pass(1).await;
    let began = Instant::now();
    assert_eq!(given(&auth).await, "access-501");
    assert_eq!(began.elapsed(), Duration::ZERO);
    many.await.unwrap();
    let asked = quiet.provider.asked();
    assert_eq!(asked.len(), 500, "each once");
    assert!(quiet.provider.most_at_once() <= 16, "{}", quiet.provider.most_at_once());
    let took = asked[499] - asked[0];
    assert!(took >= seconds(20), "they are spread: {took:?}");
    assert!(real.elapsed() < seconds(60), "{:?}", real.elapsed());
    assert!(auth.is_ready(&Profile::new("user-7"), &[need()]).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn f_70_who_has_a_token_that_holds_does_not_queue_and_gets_the_new_one_later() {
    let quiet = Quiet::new();
    let users = users(60);
    let auth = signed_in(&quiet, &users).await;
    // They hold for 80 s yet, which is less than a call wants.
    pass(3_520).await;
    quiet.provider.says((0..60).map(|_| Line(seconds(10), Says::Tokens)));
    let began = Instant::now();
    let all = join_all(users.iter().enumerate().map(|(number, user)| {
        let auth = &auth;
        async move {
            let token = token(&credential_of(auth, user).await.unwrap());
            (token == format!("access-{}", number + 1), began.elapsed())
        }
    }))
    .await;
    let at_once = all.iter().filter(|(is_old, after)| *is_old && after.is_zero()).count();
    assert!(at_once >= 60 - 16, "{all:?}");
    assert!(all.iter().all(|(_, after)| *after <= seconds(11)), "{all:?}");
    pass(60).await;
    assert_eq!(quiet.provider.asked().len(), 60, "their renewals went on");
    for user in &users {
        credential_of(&auth, user).await.unwrap();
    }
    assert_eq!(quiet.provider.asked().len(), 60);
    assert!(quiet.provider.most_at_once() <= 16);
}

#[tokio::test(start_paused = true)]
async fn f_70_a_provider_that_is_down_is_tried_for_one_account_and_not_for_each() {
    let quiet = Quiet::new();
    let users = users(20);
    let auth = signed_in(&quiet, &users).await;
    pass(3_600).await;
    quiet.provider.says((0..10_000).map(|_| Says::Fails(down())));
    for _minute in 0..60 {
        let all = join_all(users.iter().map(|user| credential_of(&auth, user))).await;
        for ended in all {
            assert_eq!(ended.unwrap_err().code(), Code::Unreachable);
        }
        pass(10).await;
    }
    let asked = quiet.provider.asked().len();
    assert!((20..=120).contains(&asked), "20 accounts in ten minutes: {asked}");
    quiet.provider.forget_the_script();
    pass(61).await;
    let tried = join_all(users.iter().map(|user| credential_of(&auth, user))).await;
    assert!(tried.iter().any(Result::is_ok), "one finds out that it is up");
    pass(61).await;
    for user in &users {
        credential_of(&auth, user).await.unwrap();
    }
}
