//! Signing in with a code that the user enters on another device.

use std::{sync::Arc, time::Duration};

use super::{
    provider::Fault,
    world::{World, credential, given, need},
};
use crate::{
    auth::{Auth, AuthError, PendingSignIn, SignIn, SignInStep},
    base::{code::Code, name::Profile},
};

async fn world() -> World {
    let mut world = World::new().await;
    world.file = format!("oauth2.device = \"{}/device\"", world.provider.url());
    world
}

async fn begin(auth: &Arc<Auth>) -> SignIn {
    auth.begin_on_device(&Profile::default(), &[need()], &[]).await.unwrap()
}

/// Lets time pass until the provider was asked so often.
async fn until_asked(world: &World, times: usize) {
    let asked = async {
        while world.provider.requests().len() < times {
            world.later(1);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let asked = tokio::time::timeout(Duration::from_secs(120), asked).await;
    assert!(asked.is_ok(), "it was asked only: {:?}", world.provider.requests());
}

const PENDING: &str = "{\"error\":\"authorization_pending\"}";

#[tokio::test]
async fn f_50_f_53_f_54_f_55_a_user_who_enters_his_code_is_signed_in_whatever_came_between() {
    let world = world().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    assert_eq!(sign_in.user_code.as_deref(), Some("WDJB-MJHT"));
    assert_eq!(sign_in.url, format!("{}/enter", world.provider.url()));
    assert_eq!(
        sign_in.complete_url,
        Some(format!("{}/enter?code=WDJB-MJHT", world.provider.url()))
    );
    assert!(!format!("{sign_in:?}").contains("planted"), "{sign_in:?}");
    let again = begin(&auth).await;
    assert_eq!(again, sign_in, "one sign-in of an account");
    assert!(matches!(auth.provider_url(&sign_in).await, Err(AuthError::OnDevice)));

    world.provider.fail([
        // Google's way to say that it is pending.
        Fault::Status(428, PENDING),
        Fault::Status(400, "{\"error\":\"slow_down\"}"),
        Fault::Status(502, "<html>Bad gateway</html>"),
        Fault::LoseReply,
        Fault::Status(200, "<html>Welcome to the hotel</html>"),
        Fault::Status(400, PENDING),
    ]);
    // Another process that waits asks too, and both together ask no more than one.
    let elsewhere = world.process();
    let story = async {
        until_asked(&world, 7).await;
        world.provider.approve();
        until_asked(&world, 8).await;
    };
    let ((), here, there) = tokio::join!(story, auth.wait(&sign_in), elsewhere.wait(&sign_in));
    here.unwrap();
    there.unwrap();
    assert_eq!(given(&auth).await, "planted-access-1");
    assert_eq!(world.provider.requests().len(), 8, "nobody asks after that");
}

#[tokio::test]
async fn f_51_f_52_a_code_that_was_denied_or_has_ended_is_not_asked_about_again() {
    let world = world().await;
    let auth = world.process();
    for (body, code, says) in [
        ("{\"error\":\"access_denied\"}", Code::Denied, "denied"),
        ("{\"error\":\"expired_token\"}", Code::SignInRequired, "in time"),
        ("{\"error\":\"invalid_grant\"}", Code::SignInRequired, "invalid_grant"),
        ("{\"error\":\"something_new\"}", Code::SignInRequired, "something_new"),
        ("{\"error\":\"invalid_client\"}", Code::NotValid, "client"),
    ] {
        let sign_in = begin(&auth).await;
        let asked = world.provider.requests().len();
        world.provider.fail([Fault::Status(400, body)]);
        let ((), waited) = tokio::join!(until_asked(&world, asked + 1), auth.wait(&sign_in));
        let error = waited.unwrap_err();
        assert_eq!(error.code(), code, "{body}: {error}");
        assert!(error.to_string().contains(says), "{body}: {error}");
        assert!(credential(&auth).await.is_err());
        assert_eq!(world.provider.requests().len(), asked + 1, "{body}");
    }
}

#[tokio::test]
async fn a_code_that_nobody_enters_ends_with_its_time() {
    let world = world().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    world.later(600);
    assert!(matches!(
        auth.wait(&sign_in).await,
        Err(AuthError::SignInExpired { .. })
    ));
}

/// A process in which alice is signed in and mallory entered a code: what its waiter was told.
async fn somebody_else(world: &World) -> (Arc<Auth>, SignIn, AuthError) {
    let auth = world.signed_in().await;
    world.provider.signs_in("mallory");
    let sign_in = begin(&auth).await;
    let asked = world.provider.requests().len();
    world.provider.approve();
    let ((), waited) = tokio::join!(until_asked(world, asked + 1), auth.wait(&sign_in));
    (auth, sign_in, waited.unwrap_err())
}

async fn who(auth: &Arc<Auth>) -> Option<String> {
    auth.accounts(None).await.unwrap()[0].identity.clone()
}

#[tokio::test]
async fn an_account_stays_whose_it_is_when_somebody_else_enters_the_code_and_nobody_agrees() {
    let world = world().await;
    let (auth, sign_in, error) = somebody_else(&world).await;
    let AuthError::OtherIdentity { old, new, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((old.as_str(), new.as_str()), ("alice", "mallory"));
    assert_eq!(error.code(), Code::Denied);
    assert!(
        error.hints().join(" ").contains("auth logout acme"),
        "{:?}",
        error.hints()
    );
    assert_eq!(who(&auth).await.as_deref(), Some("alice"));
    let asks = auth.pending(None).await.unwrap();
    assert_eq!(asks[0].awaits, SignInStep::Agreement);
    auth.agree(&sign_in, false).await.unwrap();
    assert_eq!(who(&auth).await.as_deref(), Some("alice"));
    assert_eq!(given(&auth).await, "planted-access-1");
    let late = auth.agree(&sign_in, true).await.unwrap_err();
    assert!(matches!(late, AuthError::NoSuchSignIn), "{late}");
    assert!(auth.pending(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_account_becomes_anothers_when_the_one_at_the_terminal_agrees() {
    let world = world().await;
    let (auth, sign_in, _error) = somebody_else(&world).await;
    auth.agree(&sign_in, true).await.unwrap();
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(who(&auth).await.as_deref(), Some("mallory"));
    assert_eq!(given(&auth).await, "planted-access-2");
}

#[tokio::test]
async fn a_word_that_comes_too_late_changes_nothing() {
    let world = world().await;
    let (auth, sign_in, _error) = somebody_else(&world).await;
    world.later(601);
    let late = auth.agree(&sign_in, true).await.unwrap_err();
    assert!(matches!(late, AuthError::SignInExpired { .. }), "{late}");
    assert_eq!(who(&auth).await.as_deref(), Some("alice"));
}

#[tokio::test]
async fn a_code_that_a_process_left_behind_is_taken_up_by_the_next() {
    let world = world().await;
    let first = world.process();
    let left = begin(&first).await;
    drop(first);
    let next = world.process();
    let again = begin(&next).await;
    assert_eq!(again, left, "the same code, until the same time");
    let asked = world.provider.requests().len();
    world.provider.approve();
    let ((), waited) = tokio::join!(until_asked(&world, asked + 1), next.wait(&again));
    waited.unwrap();
    assert_eq!(given(&next).await, "planted-access-1");
}

#[tokio::test]
async fn a_code_that_a_process_left_behind_is_not_taken_up_for_more_than_it_asks_nor_after_its_time() {
    let world = world().await;
    let first = world.process();
    let left = begin(&first).await;
    drop(first);
    let next = world.process();
    let wider = super::world::need_of(&["admin", "read"]);
    let wide = next.begin_on_device(&Profile::default(), &[wider], &[]).await.unwrap();
    assert_eq!(
        wide.scopes,
        ["admin", "read", "write"],
        "what it asked for is asked for too"
    );
    let pending = next.pending(None).await.unwrap();
    assert_eq!(pending.len(), 1, "one sign-in of an account: {pending:?}");
    let other = Profile::new("other");
    let others = next.begin_on_device(&other, &[need()], &[]).await.unwrap();
    assert_eq!(
        (others.profile, others.scopes.len()),
        (other, 2),
        "another profile's is another"
    );
    assert_eq!(next.pending(None).await.unwrap().len(), 2);
    world.later(600);
    assert!(next.pending(None).await.unwrap().is_empty());
    let fresh = begin(&world.process()).await;
    assert!(fresh.expires_at > left.expires_at);
}

#[tokio::test]
async fn what_is_pending_is_shown_without_a_secret() {
    let world = world().await;
    let auth = world.process();
    begin(&auth).await;
    super::world::begin(&auth).await;
    let other = Profile::new("other");
    auth.begin(&other, &[super::world::typed()], &[]).await.unwrap();
    auth.begin_on_device(&other, &[need()], &["tool".to_owned()])
        .await
        .unwrap();
    let elsewhere = world.process();
    let all = elsewhere.pending(None).await.unwrap();
    let shown = |pending: &PendingSignIn| (pending.profile.clone(), pending.awaits);
    let mut steps: Vec<_> = all.iter().map(shown).collect();
    steps.sort_by_key(|(profile, awaits)| (profile.clone(), format!("{awaits:?}")));
    assert_eq!(
        steps,
        [
            // The one on a page took the place of the code.
            ("default".to_owned(), SignInStep::Page),
            ("other".to_owned(), SignInStep::Code),
            ("other".to_owned(), SignInStep::Typing),
        ]
    );
    assert!(all.is_sorted_by_key(|pending| pending.expires_at));
    let code = all.iter().find(|pending| pending.awaits == SignInStep::Code).unwrap();
    assert_eq!(
        (code.scopes.as_slice(), code.tools.as_slice()),
        (&["read".to_owned(), "write".to_owned()][..], &["tool".to_owned()][..])
    );
    let text = format!("{all:?} {}", serde_json::to_string(&all).unwrap());
    for secret in ["planted", "WDJB", "http"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(elsewhere.pending(Some(&other)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_provider_without_such_a_page_is_said_to_have_none() {
    let world = World::new().await;
    let auth = world.process();
    let error = auth
        .begin_on_device(&Profile::default(), &[need()], &[])
        .await
        .unwrap_err();
    assert!(matches!(error, AuthError::NoDeviceFlow { .. }), "{error}");
    assert!(error.hints().join(" ").contains("--paste"), "{:?}", error.hints());
}

#[tokio::test]
async fn a_sign_out_ends_a_code_that_is_pending_in_any_process() {
    let world = world().await;
    let auth = world.signed_in().await;
    let sign_in = begin(&auth).await;
    let other = Profile::new("other");
    auth.begin_on_device(&other, &[need()], &[]).await.unwrap();
    let elsewhere = world.process();
    elsewhere
        .sign_out(&Profile::default(), "acme", None, &super::world::SHARED)
        .await
        .unwrap();
    assert_eq!(auth.pending(None).await.unwrap().len(), 1, "the other profile's stays");
    let error = auth.wait(&sign_in).await.unwrap_err().to_string();
    assert!(error.contains("signed out"), "{error}");
}
