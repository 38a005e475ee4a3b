//! Tokens that are the client's own.

use super::{
    provider::Fault,
    world::{World, credential, given, need, token},
};
use crate::{
    auth::{AccountState, AuthError},
    base::{code::Code, name::Profile},
};

async fn world() -> World {
    let mut world = World::new().await;
    world.whole = Some(format!(
        r#"
        hosts = ["api.acme.example"]
        variables = [{{ name = "ACME_TOKEN" }}]
        handlers.acme-client.flow = "client-credentials"
        oauth2.token = "{}/token"
        "#,
        world.provider.url()
    ));
    world
}

#[tokio::test]
async fn a_call_gets_the_clients_token_with_no_person_and_all_calls_get_one() {
    let mut world = World::new().await;
    world.file = "handlers.acme-client.flow = \"client-credentials\"".to_owned();
    let (one, other) = (world.process(), world.process());
    let mut need = need();
    need.handler = Some("acme-client".to_owned());
    let needs = [need.clone()];
    assert!(one.is_ready(&Profile::default(), &needs).await.unwrap());
    let error = one.begin(&Profile::default(), &needs, &[]).await.unwrap_err();
    assert!(matches!(error, AuthError::NoPerson { .. }), "{error}");

    let time = std::time::Duration::from_secs(30);
    let profile = Profile::default();
    let calls = tokio::join!(
        one.credential(&profile, &need, time),
        one.credential(&profile, &need, time),
        other.credential(&profile, &need, time),
    );
    for credential in [calls.0, calls.1, calls.2] {
        assert_eq!(token(&credential.unwrap()), "planted-access-1");
    }
    assert_eq!(world.provider.requests(), ["client_credentials"]);
    let accounts = one.accounts(None).await.unwrap();
    assert_eq!((accounts.len(), accounts[0].state), (1, AccountState::Ready));

    // When it ends another follows, without a refresh token.
    world.later(3_600);
    let credential = one.credential(&profile, &need, time).await.unwrap();
    assert_eq!(token(&credential), "planted-access-2");

    // One that is refused is replaced once, and then no more for a while.
    let instead = one.rejected(&credential).await.unwrap().unwrap();
    assert_eq!(token(&instead), "planted-access-3");
    assert!(one.rejected(&instead).await.unwrap().is_none());
    let error = one.credential(&profile, &need, time).await.unwrap_err();
    assert_eq!(error.code(), Code::NotValid, "{error}");
    world.later(61);
    let credential = one.credential(&profile, &need, time).await.unwrap();
    assert_eq!(token(&credential), "planted-access-4");
    assert!(
        world
            .provider
            .requests()
            .iter()
            .all(|kind| kind == "client_credentials")
    );

    one.sign_out(&profile, "acme", Some("acme-client"), &super::world::SHARED)
        .await
        .unwrap();
    assert_eq!(world.provider.revoked(), ["planted-access-4"]);
}

#[tokio::test]
async fn a_client_that_is_refused_is_the_operators_to_mend() {
    let world = world().await;
    let auth = world.process();
    world
        .provider
        .fail([Fault::Status(401, "{\"error\":\"invalid_client\"}")]);
    let error = credential(&auth).await.unwrap_err();
    assert!(matches!(error, AuthError::Configuration { .. }), "{error}");
    assert!(error.hints().join(" ").contains("client_secret"), "{:?}", error.hints());
}

#[tokio::test]
async fn a_scope_that_the_client_is_not_granted_is_named_and_not_asked_for_at_each_call() {
    let world = world().await;
    world.provider.grants("read");
    let auth = world.process();
    for _again in 0..3 {
        let error = credential(&auth).await.unwrap_err();
        assert!(error.to_string().contains("`write`"), "{error}");
    }
    assert_eq!(world.provider.requests(), ["client_credentials"]);
}

#[tokio::test]
async fn a_provider_that_is_down_for_a_moment_is_asked_again() {
    let world = world().await;
    let auth = world.process();
    world.provider.fail([Fault::Status(503, "")]);
    assert_eq!(given(&auth).await, "planted-access-1");
    // One that still holds is used while the provider is down.
    world.later(3_560);
    world.provider.fail([Fault::Status(503, ""), Fault::Status(503, "")]);
    assert_eq!(given(&auth).await, "planted-access-1");
}
