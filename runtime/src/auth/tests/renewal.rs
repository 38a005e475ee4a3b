//! Renewing tokens: once however many ask, in however many processes, whatever the provider answers.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    provider::Fault,
    world::{World, account, change, credential, given},
};
use crate::{
    auth::{AccountState, AccountStatus, Auth, AuthError, NeedsSignIn},
    base::{clock::Clock as _, code::Code},
};

async fn status(auth: &Auth) -> AccountStatus {
    auth.accounts(None).await.unwrap().remove(0)
}

#[tokio::test]
async fn f_01_fifty_calls_that_need_a_new_token_bring_about_one_request() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_600);
    let tokens = join_all((0..50).map(|_| given(&auth))).await;
    assert!(tokens.iter().all(|token| token == "planted-access-2"), "{tokens:?}");
    assert_eq!(world.provider.refreshes(), 1);
    assert_eq!(status(&auth).await.refreshed_at, Some(world.clock.now()));
}

#[tokio::test]
async fn f_02_four_processes_that_need_a_new_token_bring_about_one_request() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_600);
    world.provider.fail([Fault::Slow(Duration::from_millis(300))]);
    let processes = [auth, world.process(), world.process(), world.process()];
    let tokens = join_all(processes.iter().flat_map(|auth| (0..10).map(move |_| given(auth)))).await;
    assert!(tokens.iter().all(|token| token == "planted-access-2"), "{tokens:?}");
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn f_02_f_45_four_processes_whose_token_is_refused_bring_about_one_request() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let refused = credential(&auth).await.unwrap();
    world.provider.fail([Fault::Slow(Duration::from_millis(300))]);
    let others = [world.process(), world.process(), world.process()];
    let late = async {
        while world.provider.refreshes() == 0 {
            tokio::task::yield_now().await;
        }
        join_all(others.iter().map(|other| other.rejected(&refused))).await
    };
    let (first, late) = tokio::join!(auth.rejected(&refused), late);
    for instead in late.into_iter().chain([first]) {
        let instead = instead.unwrap().unwrap();
        assert_eq!(super::world::token(&instead), "planted-access-2");
    }
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn f_07_f_09_f_10_a_provider_that_fails_once_is_asked_again_with_the_same_token() {
    for fault in [
        Fault::Status(503, "down"),
        Fault::Status(502, "<html>"),
        Fault::Status(200, "<html>"),
        Fault::Status(400, ""),
        Fault::RetryAfter(429, 1),
    ] {
        let world = World::new().await;
        let auth = world.signed_in().await;
        world.later(3_600);
        world.provider.fail([fault.clone()]);
        assert_eq!(given(&auth).await, "planted-access-2", "{fault:?}");
        assert_eq!(world.provider.refreshes(), 2);
    }
}

#[tokio::test]
async fn a_provider_that_is_down_ends_no_account_and_is_left_alone_for_a_while() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let down = || [Fault::Status(503, "down"), Fault::Status(503, "down")];
    world.later(3_570);
    world.provider.fail(down());
    assert_eq!(
        given(&auth).await,
        "planted-access-1",
        "a token that still holds is given"
    );
    assert_eq!(given(&auth).await, "planted-access-1");
    assert_eq!(
        world.provider.refreshes(),
        2,
        "and the provider not asked again at once"
    );
    world.later(30);
    let error = credential(&auth).await.unwrap_err();
    assert_eq!(error.code(), Code::Unreachable);
    assert_eq!(status(&auth).await.state, AccountState::Ready);
    assert!(status(&auth).await.last_error.is_some());
    let other = world.process();
    assert_eq!(given(&other).await, "planted-access-2");
    assert_eq!(given(&auth).await, "planted-access-2", "and this one sees it");
}

#[tokio::test]
async fn a_token_that_ends_while_it_could_not_be_renewed_is_not_given() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_570);
    world
        .provider
        .fail([Fault::Status(503, "down"), Fault::Status(503, "down")]);
    let time_goes_by = async {
        while world.provider.refreshes() == 0 {
            tokio::task::yield_now().await;
        }
        world.later(40);
    };
    let (given, ()) = tokio::join!(credential(&auth), time_goes_by);
    assert_eq!(given.unwrap_err().code(), Code::Unreachable);
}

#[tokio::test]
async fn f_40_a_refused_renewal_needs_a_sign_in_and_keeps_scopes_and_identity() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.forget();
    world.later(3_560);
    assert_eq!(
        given(&auth).await,
        "planted-access-1",
        "a token that still holds is given to its end"
    );
    let status = status(&auth).await;
    assert_eq!(status.state, AccountState::NeedsSignIn(NeedsSignIn::Refused));
    assert_eq!((status.scopes.len(), status.identity.as_deref()), (2, Some("alice")));
    world.later(40);
    let error = credential(&auth).await.unwrap_err();
    assert!(matches!(error, AuthError::SignInRequired { .. }), "{error}");
    assert_eq!(world.provider.refreshes(), 1, "nobody asks again");
    let sign_in = super::world::begin(&auth).await;
    super::browser::Browser::new().sign_in(&sign_in.url).await;
    assert_eq!(given(&auth).await, "planted-access-2");
}

#[tokio::test]
async fn f_10_two_answers_in_a_row_that_cannot_be_read_need_a_sign_in() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_600);
    world
        .provider
        .fail([Fault::Status(200, "{}"), Fault::Status(200, "{}")]);
    assert!(credential(&auth).await.is_err());
    assert_eq!(
        status(&auth).await.state,
        AccountState::NeedsSignIn(NeedsSignIn::Refused)
    );
}

#[tokio::test]
async fn f_11_an_answer_that_was_lost_is_asked_for_once_more() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_600);
    world.provider.fail([Fault::LoseReply]);
    let error = credential(&auth).await.unwrap_err();
    assert!(
        matches!(error, AuthError::SignInRequired { .. }),
        "a strict provider gives it only once: {error}"
    );
    assert_eq!(world.provider.refreshes(), 2);
}

#[tokio::test]
async fn f_04_a_crash_between_answer_and_save_is_told_as_what_it_was() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let now = world.clock.now();
    change(&auth, |record| *record = record.refreshing(now, false)).await;
    world.provider.forget();
    world.later(3_600);
    let after = world.process();
    assert!(credential(&after).await.is_err());
    assert_eq!(
        status(&after).await.state,
        AccountState::NeedsSignIn(NeedsSignIn::LostInCrash)
    );
}

#[tokio::test]
async fn f_03_a_crash_before_the_request_costs_nothing() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let now = world.clock.now();
    change(&auth, |record| *record = record.refreshing(now, false)).await;
    world.later(3_600);
    assert_eq!(given(&world.process()).await, "planted-access-2");
}

#[tokio::test]
async fn f_16_a_caller_that_goes_away_does_not_cut_a_renewal_off() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_600);
    world.provider.fail([Fault::Slow(Duration::from_millis(300))]);
    let cut = tokio::time::timeout(Duration::from_millis(100), credential(&auth)).await;
    assert!(cut.is_err());
    assert_eq!(given(&auth).await, "planted-access-2");
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn a_token_shorter_than_any_call_is_not_renewed_at_each() {
    let world = World::new().await;
    world.provider.expires_in(20);
    let auth = world.signed_in().await;
    for _call in 0..10 {
        given(&auth).await;
    }
    assert_eq!(world.provider.refreshes(), 0);
    world.later(20);
    for _call in 0..10 {
        given(&auth).await;
    }
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn f_19_a_clock_that_jumps_brings_about_one_renewal() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let start = world.clock.now();
    world.later(3_600);
    given(&auth).await;
    world.clock.set(start);
    given(&auth).await;
    world.clock.set(crate::UnixTime(start.0 - 3_600));
    given(&auth).await;
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn another_processes_change_is_seen_within_a_second() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    assert_eq!(given(&auth).await, "planted-access-1");
    let other = world.process();
    let refused = credential(&other).await.unwrap();
    other.rejected(&refused).await.unwrap().unwrap();
    let seen = async {
        while given(&auth).await != "planted-access-2" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen).await.unwrap();
    assert_eq!(account(&auth), account(&other));
}
