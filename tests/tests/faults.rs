//! What may go wrong between us and a token endpoint, each against an OAuth server that nobody here wrote.
//!
//! The tests carry the numbers of the list of faults; `every_fault_has_a_test_or_a_reason` holds the list.

use std::time::Duration;

use pocket_runtime::{AccountState, Code, Error, Output, Pocket};
use pocket_tests::{Crowd, Fault, Judged};

fn code(ended: Result<Output, Error>) -> Code {
    ended.map_or_else(|error| error.code(), |_output| Code::Ok)
}

/// A renewal that meets this fault: `None` where the server is not installed.
async fn renewed_despite(story: &str, faults: &[Fault]) -> Option<(Judged, Pocket, Code)> {
    let judged = Judged::start(story).await?;
    let pocket = judged.signed_in().await;
    judged.later();
    judged.proxy.on_refresh(faults.iter().cloned());
    let ended = code(judged.call(&pocket).await);
    Some((judged, pocket, ended))
}

/// The account goes on: its token is good at the server, and it can be renewed again.
async fn goes_on(judged: &Judged, pocket: &Pocket) {
    assert!(judged.server.is_active(&judged.last()).await);
    judged.later();
    assert_eq!(code(judged.call(pocket).await), Code::Ok);
    assert!(judged.server.is_active(&judged.last()).await);
    assert_eq!(judged.server.count("grant.error refresh_token"), 0);
    assert_eq!(judged.server.count("grant.revoked refresh_token"), 0);
}

/// A fault after which a second request with the same refresh token mends everything.
async fn is_mended_by_asking_again(story: &str, fault: Fault) {
    let Some((judged, pocket, ended)) = renewed_despite(story, &[fault]).await else {
        return;
    };
    assert_eq!(ended, Code::Ok);
    assert_eq!(judged.proxy.refreshes(), 2);
    goes_on(&judged, &pocket).await;
}

/// A reply that is odd and holds all that is needed.
async fn is_taken_as_it_is(story: &str, fault: Fault) {
    let Some((judged, pocket, ended)) = renewed_despite(story, &[fault]).await else {
        return;
    };
    assert_eq!(ended, Code::Ok);
    assert_eq!(
        judged.proxy.refreshes(),
        1,
        "asking again would be the reuse that ends the account"
    );
    goes_on(&judged, &pocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_06_a_request_that_never_arrived_is_made_again() {
    is_mended_by_asking_again("F-06", Fault::DropRequest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_07_a_server_that_is_down_for_a_moment_is_asked_again() {
    is_mended_by_asking_again("F-07", Fault::Status(503)).await;
    is_mended_by_asking_again("F-07", Fault::Status(500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_08_a_server_that_asks_to_wait_is_asked_again_after_that() {
    let began = std::time::Instant::now();
    is_mended_by_asking_again("F-08", Fault::RetryAfter(429, 1)).await;
    assert!(
        std::env::var_os("POCKET_TEST_OAUTH_SERVER").is_none() || began.elapsed() >= Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f_09_the_page_of_a_machine_between_is_no_answer() {
    is_mended_by_asking_again("F-09", Fault::Html).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_10_an_empty_refusal_is_asked_about_once_and_believed_the_second_time() {
    is_mended_by_asking_again("F-10", Fault::Empty400).await;
    let Some((judged, pocket, ended)) = renewed_despite("F-10", &[Fault::Empty400, Fault::Empty400]).await else {
        return;
    };
    assert_eq!(ended, Code::SignInRequired);
    assert_eq!(code(judged.call(&pocket).await), Code::SignInRequired);
    assert_eq!(judged.proxy.refreshes(), 2, "and not a third time");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_11_an_answer_that_was_lost_or_cut_is_asked_for_once_more() {
    for fault in [Fault::DropResponse, Fault::Truncate] {
        let Some((judged, pocket, ended)) = renewed_despite("F-11", &[fault]).await else {
            return;
        };
        // The server rotated: a strict one has no second answer.
        assert_eq!(ended, Code::SignInRequired);
        assert_eq!(judged.proxy.refreshes(), 2);
        let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
        judged.agree(&sign_ins[0]).await;
        pocket.wait_tool_auth().await.expect("the sign-in is done");
        assert_eq!(code(judged.call(&pocket).await), Code::Ok, "one sign-in mends it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_12_nobody_else_asks_while_a_slow_answer_is_awaited() {
    let Some(judged) = Judged::start("F-12").await else {
        return;
    };
    let pocket = judged.signed_in().await;
    let other = judged.process().await;
    judged.later();
    judged.proxy.on_refresh([Fault::Slow(Duration::from_secs(3))]);
    let calls = (0..10).map(|number| judged.call(if number % 2 == 0 { &pocket } else { &other }));
    for ended in futures_util::future::join_all(calls).await {
        assert_eq!(code(ended), Code::Ok);
    }
    assert_eq!((judged.proxy.refreshes(), judged.proxy.most_at_once()), (1, 1));
    goes_on(&judged, &pocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_13_a_reply_without_a_refresh_token_keeps_the_one_there_is() {
    let Some((judged, pocket, ended)) = renewed_despite("F-13", &[Fault::NoRefreshToken]).await else {
        return;
    };
    assert_eq!(ended, Code::Ok);
    let kept = judged.proxy.refreshes();
    judged.later();
    // This server spent it all the same, and says so: that it was sent again is what is looked for.
    assert_eq!(code(judged.call(&pocket).await), Code::SignInRequired);
    assert_eq!(judged.proxy.refreshes(), kept + 1);
    assert_eq!(judged.proxy.passed().last().and_then(|passed| passed.status), Some(400));
}

#[tokio::test(flavor = "multi_thread")]
async fn f_14_a_reply_with_the_same_refresh_token_is_taken_as_it_is() {
    let Some((judged, _pocket, ended)) = renewed_despite("F-14", &[Fault::SameRefreshToken]).await else {
        return;
    };
    assert_eq!((ended, judged.proxy.refreshes()), (Code::Ok, 1));
    assert!(judged.server.is_active(&judged.last()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_15_odd_replies_with_all_that_is_needed_are_taken() {
    for fault in [Fault::SecondsAsText, Fault::Created, Fault::NoTokenType] {
        is_taken_as_it_is("F-15", fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_15_no_seconds_to_live_is_no_end_and_no_loop() {
    let Some((judged, pocket, ended)) = renewed_despite("F-15", &[Fault::NoSeconds]).await else {
        return;
    };
    assert_eq!(ended, Code::Ok);
    for _call in 0..5 {
        judged.later();
        assert_eq!(code(judged.call(&pocket).await), Code::Ok);
    }
    assert_eq!(judged.proxy.refreshes(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_16_a_call_that_is_given_up_does_not_cut_its_renewal_off() {
    let Some(judged) = Judged::start("F-16").await else {
        return;
    };
    let pocket = judged.signed_in().await;
    let first = judged.last();
    judged.later();
    judged.proxy.on_refresh([Fault::HoldResponse]);
    {
        let call = judged.call(&pocket);
        tokio::pin!(call);
        let held = judged.proxy.until_held();
        tokio::select! {
            _ended = &mut call => panic!("the reply is held"),
            () = held => {}
        }
    }
    judged.proxy.let_go();
    assert_eq!(code(judged.call(&pocket).await), Code::Ok);
    assert_ne!(judged.last(), first);
    assert_eq!(judged.proxy.refreshes(), 1);
    goes_on(&judged, &pocket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_02_four_libraries_on_one_home_renew_a_rotating_token_once() {
    let Some(judged) = Judged::start("F-02").await else {
        return;
    };
    let first = judged.signed_in().await;
    let mut all = vec![first];
    for _another in 0..3 {
        all.push(judged.process().await);
    }
    for round in 1..4 {
        judged.later();
        let calls = all.iter().flat_map(|pocket| (0..10).map(|_| judged.call(pocket)));
        for ended in futures_util::future::join_all(calls).await {
            assert_eq!(code(ended), Code::Ok);
        }
        assert_eq!(judged.proxy.refreshes(), round);
    }
    let mut tokens = judged.given();
    tokens.dedup();
    assert_eq!(tokens.len(), 4, "all of a round have the same");
    goes_on(&judged, &all[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_49_a_token_endpoint_that_redirects_is_not_followed_with_our_secrets() {
    for status in [302, 307] {
        let Some(judged) = Judged::start("F-49").await else {
            return;
        };
        let pocket = judged.signed_in().await;
        judged.later();
        let elsewhere = pocket_tests::Recorder::start().await;
        let to = Fault::Redirect(status, format!("{}/token", elsewhere.url()));
        judged.proxy.on_refresh([to.clone(), to]);
        assert_ne!(code(judged.call(&pocket).await), Code::Ok);
        assert!(elsewhere.seen().is_empty(), "nothing was sent there");
        let account = pocket.accounts().await.expect("the store can be read").remove(0);
        assert!(
            !matches!(account.state, AccountState::NeedsSignIn(_)),
            "twice no answer of a token endpoint ends no account: {account:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_40_a_user_who_took_his_consent_back_is_asked_once() {
    let Some(judged) = Judged::start("F-40").await else {
        return;
    };
    let pocket = judged.signed_in().await;
    judged.server.revoke(&judged.server.last("refresh_token")).await;
    judged.later();
    for _again in 0..3 {
        assert_eq!(code(judged.call(&pocket).await), Code::SignInRequired);
    }
    assert_eq!(judged.proxy.refreshes(), 1, "nobody asks in a loop");
    let account = pocket.accounts().await.expect("the store can be read").remove(0);
    assert_eq!(account.scopes.len(), 3, "scopes stay for the next consent: {account:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_70_a_thousand_users_sign_in_at_once_and_a_hundred_whose_tokens_end_at_once_get_new_ones() {
    let crowd = Crowd::new().await;
    let names: Vec<String> = (0..1_000).map(|number| format!("user-{number}")).collect();
    futures_util::future::join_all(names.iter().map(|name| crowd.sign_in(name))).await;
    futures_util::future::join_all(names.iter().map(|name| crowd.call(name))).await;
    assert_eq!((crowd.provider.tokens(), crowd.provider.refreshes()), (1_000, 0));
    crowd.later();
    // As many as may be renewed within the time that a call waits for its turn.
    let names = &names[..100];
    let twice = names.iter().chain(names);
    futures_util::future::join_all(twice.map(|name| crowd.call(name))).await;
    assert_eq!(crowd.provider.refreshes(), 100, "one for each");
}
