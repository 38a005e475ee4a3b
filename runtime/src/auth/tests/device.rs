//! Signing in with a code that the user enters on another device.

use std::{sync::Arc, time::Duration};

use super::{
    provider::Fault,
    world::{World, credential, given, need},
};
use crate::{
    auth::{Auth, AuthError, SignIn},
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

/// F-50, F-53, F-54, F-55.
#[tokio::test]
async fn a_user_who_enters_his_code_is_signed_in_whatever_came_between() {
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

/// F-51, F-52.
#[tokio::test]
async fn a_code_that_was_denied_or_has_ended_is_not_asked_about_again() {
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

#[tokio::test]
async fn an_account_stays_whose_it_is_when_somebody_else_enters_the_code() {
    let mut world = World::new().await;
    world.file = format!("oauth2.device = \"{}/device\"", world.provider.url());
    let auth = world.signed_in().await;
    world.provider.signs_in("mallory");
    let sign_in = begin(&auth).await;
    let asked = world.provider.requests().len();
    world.provider.approve();
    let ((), waited) = tokio::join!(until_asked(&world, asked + 1), auth.wait(&sign_in));
    let error = waited.unwrap_err().to_string();
    assert!(error.contains("alice") && error.contains("mallory"), "{error}");
    let accounts = auth.accounts(None).await.unwrap();
    assert_eq!(accounts[0].identity.as_deref(), Some("alice"));
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
async fn a_sign_out_ends_a_code_that_is_pending() {
    let mut world = World::new().await;
    world.file = format!("oauth2.device = \"{}/device\"", world.provider.url());
    let auth = world.signed_in().await;
    let sign_in = begin(&auth).await;
    auth.sign_out(&Profile::default(), "acme", None).await.unwrap();
    let error = auth.wait(&sign_in).await.unwrap_err().to_string();
    assert!(error.contains("signed out"), "{error}");
}
