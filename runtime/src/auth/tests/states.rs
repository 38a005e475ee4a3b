//! Every way from one state of an account to another, in virtual time.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    quiet::{Line, Quiet, Says, account_of, credential_of, down, pass, state, status},
    world::{begin, credential, given, need_of, token},
};
use crate::{
    auth::{AccountState, Auth, AuthError, NeedsSignIn, TokenStore as _, flow::FlowError},
    base::{code::Code, name::Profile},
};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn refused() -> Says {
    Says::Fails(FlowError::InvalidGrant("`invalid_grant`".to_owned()))
}

fn unreadable() -> Says {
    Says::Fails(FlowError::Protocol("an empty body (HTTP 400)".to_owned()))
}

/// What a caller does in a task of its own.
fn calls(auth: &Arc<Auth>) -> tokio::task::JoinHandle<Result<String, AuthError>> {
    let auth = Arc::clone(auth);
    tokio::spawn(async move { credential(&auth).await.map(|credential| token(&credential)) })
}

#[tokio::test(start_paused = true)]
async fn an_account_goes_from_none_to_ready_by_a_sign_in() {
    let quiet = Quiet::new();
    let auth = quiet.process();
    let error = credential(&auth).await.unwrap_err();
    assert!(error.to_string().contains("no account yet"), "{error}");
    quiet.sign_in(&auth, "default").await;
    assert_eq!(given(&auth).await, "access-1");
    assert_eq!(state(&auth).await, AccountState::Ready);
}

#[tokio::test(start_paused = true)]
async fn an_account_is_refreshing_while_its_token_is_renewed_and_ready_again_after() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([Line(seconds(5), Says::Tokens)]);
    let calling = calls(&auth);
    pass(1).await;
    assert_eq!(state(&auth).await, AccountState::Refreshing);
    assert_eq!(calling.await.unwrap().unwrap(), "access-2");
    let after = status(&auth).await;
    assert_eq!(after.state, AccountState::Ready);
    assert!(after.refreshed_at.is_some() && after.last_error.is_none(), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn f_01_f_02_one_request_is_made_however_many_call_in_however_many_processes() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([Line(seconds(10), Says::Tokens)]);
    let processes = [auth, quiet.process(), quiet.process(), quiet.process()];
    let all = join_all(processes.iter().flat_map(|auth| (0..50).map(move |_| given(auth)))).await;
    assert!(all.iter().all(|token| token == "access-2"), "{all:?}");
    assert_eq!((quiet.provider.asked().len(), quiet.provider.most_at_once()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn f_03_the_lease_of_a_killed_process_is_waited_out_and_the_token_renewed_once() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    // A process marked its request, and was killed before it reached the provider.
    let lease = quiet.store.lease(&account_of(&auth, "default"), seconds(20)).await;
    assert!(lease.unwrap().is_some());
    quiet.leave(&auth, |record, now| record.refreshing(now, false)).await;
    let killed = Instant::now();
    let waiting = [calls(&auth), calls(&quiet.process()), calls(&quiet.process())];
    for caller in waiting {
        assert_eq!(caller.await.unwrap().unwrap(), "access-2");
    }
    assert!(killed.elapsed() <= seconds(25), "{:?}", killed.elapsed());
    assert_eq!((quiet.provider.asked().len(), quiet.provider.most_at_once()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn f_03_f_04_what_a_killed_process_spent_is_told_as_lost_in_a_crash() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.leave(&auth, |record, now| record.refreshing(now, false)).await;
    quiet.provider.forget();
    let error = credential(&quiet.process()).await.unwrap_err();
    assert!(error.to_string().contains("crash"), "{error}");
    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(NeedsSignIn::LostInCrash));
    assert_eq!(quiet.provider.asked().len(), 1, "asked once more, and no oftener");
}

#[tokio::test(start_paused = true)]
async fn f_05_a_process_killed_after_it_saved_costs_nobody_anything() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    assert_eq!(given(&auth).await, "access-2");
    let lease = quiet.store.lease(&account_of(&auth, "default"), seconds(20)).await;
    assert!(lease.unwrap().is_some());
    let began = Instant::now();
    assert_eq!(given(&quiet.process()).await, "access-2");
    assert_eq!((began.elapsed(), quiet.provider.asked().len()), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_renewal_that_never_ends_is_told_busy_and_asks_nobody() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    let account = account_of(&auth, "default");
    let lease = quiet.store.lease(&account, seconds(60)).await.unwrap().unwrap();
    let holding = async {
        for _again in 0..4 {
            pass(15).await;
            assert!(quiet.store.renew(&account, &lease, seconds(60)).await.unwrap());
        }
    };
    let (error, ()) = tokio::join!(credential(&auth), holding);
    let error = error.unwrap_err();
    assert!(matches!(error, AuthError::Busy { .. }), "{error}");
    assert!(quiet.provider.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn f_08_a_provider_that_asks_to_wait_is_not_asked_before() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let busy = |wait| {
        Says::Fails(FlowError::Unreachable {
            reason: "HTTP 429".to_owned(),
            retry_after: Some(seconds(wait)),
        })
    };
    pass(3_600).await;
    quiet.provider.says([busy(3)]);
    assert_eq!(given(&auth).await, "access-2");
    let asked = quiet.provider.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1] - asked[0] >= seconds(3), "{asked:?}");

    pass(3_600).await;
    quiet.provider.says([busy(120)]);
    let error = credential(&auth).await.unwrap_err();
    assert_eq!(error.code(), Code::Unreachable);
    assert!(
        error.hints().iter().any(|hint| hint.contains("120 s")),
        "{:?}",
        error.hints()
    );
    for _again in 0..11 {
        pass(10).await;
        assert!(credential(&auth).await.is_err());
    }
    assert_eq!(quiet.provider.asked().len(), 3, "nobody asked meanwhile");
    assert_eq!(state(&auth).await, AccountState::Ready);
    pass(11).await;
    assert_eq!(given(&auth).await, "access-3");
}

#[tokio::test(start_paused = true)]
async fn f_06_f_07_a_provider_that_is_down_for_ten_minutes_is_left_alone_and_ends_no_account() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says((0..1_000).map(|_| Says::Fails(down())));
    for _call in 0..600 {
        assert_eq!(credential(&auth).await.unwrap_err().code(), Code::Unreachable);
        pass(1).await;
    }
    let asked = quiet.provider.asked().len();
    assert!((10..=60).contains(&asked), "{asked}");
    let down = status(&auth).await;
    assert_eq!(down.state, AccountState::Ready);
    assert!(down.last_error.is_some_and(|error| error.contains("503")));
    quiet.provider.forget_the_script();
    pass(60).await;
    assert_eq!(given(&auth).await, "access-2");
    assert_eq!(status(&auth).await.last_error, None);
}

#[tokio::test(start_paused = true)]
async fn f_10_two_answers_that_cannot_be_read_need_a_sign_in_and_one_does_not() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([unreadable()]);
    assert_eq!(given(&auth).await, "access-2");
    pass(3_600).await;
    quiet.provider.says([unreadable(), unreadable()]);
    assert!(credential(&auth).await.is_err());
    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(NeedsSignIn::Refused));
}

#[tokio::test(start_paused = true)]
async fn f_11_a_lost_answer_is_asked_for_once_more_and_then_needs_a_sign_in() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([Says::TokensThatAreLost]);
    assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
    assert_eq!(quiet.provider.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn f_12_nobody_else_asks_a_slow_provider_and_a_token_that_holds_is_served() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600 - 80).await;
    quiet.provider.says((0..8).map(|_| Line(seconds(40), Says::Tokens)));
    let began = Instant::now();
    let other = quiet.process();
    let callers = [calls(&auth), calls(&auth), calls(&other)];
    for caller in callers {
        assert_eq!(
            caller.await.unwrap().unwrap(),
            "access-1",
            "it holds for some seconds yet"
        );
    }
    assert!(began.elapsed() <= seconds(45), "{:?}", began.elapsed());
    assert_eq!(quiet.provider.most_at_once(), 1);
    let after = state(&auth).await;
    assert!(!matches!(after, AccountState::NeedsSignIn(_)), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn f_13_f_14_a_refresh_token_that_is_left_out_or_given_again_is_kept_and_works() {
    for says in [Says::NoRefreshToken, Says::SameRefreshToken] {
        let quiet = Quiet::new();
        let auth = quiet.signed_in().await;
        for round in 2..5 {
            pass(3_600).await;
            quiet.provider.says([says.clone()]);
            assert_eq!(given(&auth).await, format!("access-{round}"));
            assert_eq!(state(&auth).await, AccountState::Ready);
        }
        assert_eq!(quiet.provider.asked().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn f_16_a_renewal_outlives_all_who_called_for_it() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([Line(seconds(10), Says::Tokens)]);
    let callers = [calls(&auth), calls(&auth)];
    pass(1).await;
    for caller in callers {
        caller.abort();
    }
    pass(10).await;
    assert_eq!(state(&auth).await, AccountState::Ready);
    assert_eq!(given(&auth).await, "access-2");
    assert_eq!(quiet.provider.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn f_18_a_sign_in_that_ends_during_a_renewal_is_not_overwritten() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([Line(seconds(5), Says::Tokens)]);
    let calling = calls(&auth);
    pass(1).await;
    quiet.sign_in(&quiet.process(), "default").await;
    assert_eq!(calling.await.unwrap().unwrap(), "access-2");
    assert_eq!(
        given(&auth).await,
        "access-2",
        "that of the sign-in, not `access-3` of the renewal"
    );
    pass(3_600).await;
    assert_eq!(
        given(&auth).await,
        "access-4",
        "and its refresh token is the one that is kept"
    );
}

#[tokio::test(start_paused = true)]
async fn f_40_a_refused_renewal_ends_one_account_and_asks_for_one_sign_in() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    quiet.sign_in(&auth, "bob").await;
    pass(3_600).await;
    quiet.provider.says([refused()]);
    for _again in 0..5 {
        assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
        pass(120).await;
    }
    assert_eq!(quiet.provider.asked().len(), 1, "no loop");
    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(NeedsSignIn::Refused));
    assert_eq!(token(&credential_of(&auth, "bob").await.unwrap()), "access-3");
}

#[tokio::test(start_paused = true)]
async fn f_41_a_client_that_is_refused_is_the_operators_to_mend_and_asks_no_user() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet
        .provider
        .says([Says::Fails(FlowError::Configuration("`invalid_client`".to_owned()))]);
    let error = credential(&auth).await.unwrap_err();
    assert!(matches!(error, AuthError::Configuration { .. }), "{error}");
    assert!(error.hints()[0].contains("client_secret"), "{:?}", error.hints());
    assert_eq!(quiet.provider.asked().len(), 1, "and it is not asked again at once");
    assert_eq!(state(&auth).await, AccountState::Ready);
    pass(60).await;
    assert_eq!(given(&auth).await, "access-2", "once it is mended");
}

#[tokio::test(start_paused = true)]
async fn f_45_a_refused_token_is_renewed_once_and_the_next_refusal_needs_a_sign_in() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let first = credential(&auth).await.unwrap();
    quiet.provider.says([Line(seconds(5), Says::Tokens)]);
    let others = [quiet.process(), quiet.process()];
    let all = join_all([&auth, &others[0], &others[1]].map(|auth| auth.rejected(&first))).await;
    let mut second = None;
    for instead in all {
        let instead = instead.unwrap().unwrap();
        assert_eq!(token(&instead), "access-2");
        second = Some(instead);
    }
    assert_eq!(quiet.provider.asked().len(), 1);
    assert!(auth.rejected(&second.unwrap()).await.unwrap().is_none());
    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(NeedsSignIn::Rejected));
    assert!(
        matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })),
        "a rejected token is not served, though it has an hour to live"
    );
    assert_eq!(quiet.provider.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_is_served_to_its_end_and_has_expired_then() {
    let quiet = Quiet::new();
    let auth = quiet.process();
    quiet.sign_in_without_refresh(&auth).await;
    pass(3_599).await;
    assert_eq!(given(&auth).await, "access-1");
    pass(1).await;
    let error = credential(&auth).await.unwrap_err();
    assert!(error.to_string().contains("nothing to renew it with"), "{error}");
    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(NeedsSignIn::Expired));
    assert!(quiet.provider.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn f_47_a_missing_scope_is_named_and_the_narrower_token_stays_in_use() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let wide = need_of(&["read", "admin"]);
    let error = auth
        .credential(&Profile::default(), &wide, seconds(30))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, AuthError::SignInRequired { reason, .. } if reason.contains("`admin`")),
        "{error}"
    );
    assert!(!error.to_string().contains("`read`"), "{error}");
    let sign_in = auth
        .begin(&Profile::default(), std::slice::from_ref(&wide), &[])
        .await
        .unwrap();
    assert_eq!(sign_in.scopes, ["admin", "read", "write"]);
    assert_eq!(given(&auth).await, "access-1", "while the wider one is asked for");
    assert_eq!(state(&auth).await, AccountState::Ready);
    assert!(quiet.provider.asked().is_empty(), "no renewal widens a token");
}

/// Brings an account to where it needs a sign-in for this reason.
async fn in_need(quiet: &Quiet, reason: NeedsSignIn) -> Arc<Auth> {
    let auth = quiet.signed_in().await;
    match reason {
        NeedsSignIn::Refused => {
            pass(3_600).await;
            quiet.provider.says([refused()]);
            assert!(credential(&auth).await.is_err());
        }
        NeedsSignIn::LostInCrash => {
            pass(3_600).await;
            quiet.leave(&auth, |record, now| record.refreshing(now, false)).await;
            quiet.provider.forget();
            assert!(credential(&auth).await.is_err());
        }
        NeedsSignIn::Rejected => {
            quiet.provider.says([refused()]);
            let first = credential(&auth).await.unwrap();
            assert!(auth.rejected(&first).await.unwrap().is_none());
        }
        NeedsSignIn::Expired => {
            quiet.sign_in_without_refresh(&auth).await;
            pass(3_600).await;
        }
        NeedsSignIn::Scope => {
            quiet
                .leave(&auth, |record, _now| {
                    record.needs_sign_in(NeedsSignIn::Scope, "narrowed")
                })
                .await;
            pass(3_600).await;
        }
    }
    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(reason));
    auth
}

const REASONS: [NeedsSignIn; 5] = [
    NeedsSignIn::Expired,
    NeedsSignIn::Refused,
    NeedsSignIn::Rejected,
    NeedsSignIn::LostInCrash,
    NeedsSignIn::Scope,
];

#[tokio::test(start_paused = true)]
async fn whatever_an_account_needs_a_sign_in_for_it_keeps_scopes_and_identity_and_a_sign_in_mends_it() {
    for reason in REASONS {
        let quiet = Quiet::new();
        let auth = in_need(&quiet, reason).await;
        let asked = quiet.provider.asked().len();
        for _again in 0..3 {
            assert!(
                matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })),
                "{reason:?}"
            );
            pass(3_600).await;
        }
        assert_eq!(
            quiet.provider.asked().len(),
            asked,
            "{reason:?}: the provider is left alone"
        );
        let kept = status(&auth).await;
        assert_eq!(
            (kept.scopes.len(), kept.identity.as_deref()),
            (2, Some("alice")),
            "{reason:?}"
        );
        let sign_in = auth
            .begin(&Profile::default(), &[need_of(&["read"])], &[])
            .await
            .unwrap();
        assert_eq!(
            sign_in.scopes,
            ["read", "write"],
            "{reason:?}: what was granted is asked again"
        );
        quiet.sign_in(&auth, "default").await;
        assert_eq!(state(&auth).await, AccountState::Ready, "{reason:?}");
        assert!(credential(&auth).await.is_ok(), "{reason:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_state_ends_with_a_sign_out() {
    let signed_out = async |auth: &Arc<Auth>| {
        let out = auth
            .sign_out(&Profile::default(), "acme", None, &super::world::SHARED)
            .await
            .unwrap();
        assert_eq!((out.accounts, out.not_revoked.len()), (1, 0), "{out:?}");
        assert!(auth.accounts(None).await.unwrap().is_empty());
        let error = credential(auth).await.unwrap_err();
        assert!(error.to_string().contains("no account yet"), "{error}");
    };
    let quiet = Quiet::new();
    signed_out(&quiet.signed_in().await).await;
    assert_eq!(quiet.provider.revoked(), ["refresh-1"]);
    for reason in REASONS {
        let quiet = Quiet::new();
        signed_out(&in_need(&quiet, reason).await).await;
    }
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    pass(3_600).await;
    quiet.provider.says([Line(seconds(10), Says::Tokens)]);
    let calling = calls(&auth);
    pass(1).await;
    assert_eq!(state(&auth).await, AccountState::Refreshing);
    signed_out(&quiet.process()).await;
    assert!(calling.await.unwrap().is_err());
    assert!(auth.accounts(None).await.unwrap().is_empty(), "no late save passes");
    assert_eq!(
        quiet.provider.revoked(),
        ["refresh-1", "refresh-2"],
        "what came late is given back"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_nobody_does_ends_with_its_time_and_another_can_be_had() {
    let quiet = Quiet::new();
    let auth = quiet.process();
    let sign_in = begin(&auth).await;
    assert_eq!(begin(&auth).await.url, sign_in.url, "one is pending for an account");
    let began = Instant::now();
    let waited = auth.wait(&sign_in).await;
    assert!(matches!(waited, Err(AuthError::SignInExpired { .. })), "{waited:?}");
    let elapsed = began.elapsed();
    assert!((seconds(595)..seconds(620)).contains(&elapsed), "{elapsed:?}");
    assert_ne!(begin(&auth).await.url, sign_in.url);
}
