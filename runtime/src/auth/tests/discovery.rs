//! A provider of which only the issuer is known.

use super::world::{World, begin, credential, given, need, token};
use crate::{auth::AuthError, base::name::Profile};

async fn world() -> World {
    let mut world = World::new().await;
    let url = world.provider.url();
    world.whole = Some(format!(
        "oauth2.issuer = \"{url}\"\noauth2.reply.identity = [\"/who\"]\nhosts = [\"api.acme.example\"]"
    ));
    world.provider.tells(&url, &format!("{url}/token"));
    world
}

fn asked(world: &World) -> usize {
    world
        .provider
        .requests()
        .iter()
        .filter(|kind| *kind == "metadata")
        .count()
}

#[tokio::test]
async fn an_issuer_alone_is_enough_to_sign_in_and_to_renew() {
    let world = world().await;
    let auth = world.signed_in().await;
    let given_now = credential(&auth).await.unwrap();
    assert_eq!(token(&given_now), "planted-access-1");
    let endpoint = format!("{}/token", world.provider.url());
    assert!(
        given_now.endpoints.contains(&endpoint),
        "a tool may not reach it: {:?}",
        given_now.endpoints
    );
    assert_eq!(asked(&world), 1);

    // What was told is kept for a day, for other processes too.
    begin(&world.process()).await;
    assert_eq!(asked(&world), 1);

    // The account's tokens go where they came from, whatever the issuer says later.
    world.provider.tells(&world.provider.url(), "http://127.0.0.1:9/stolen");
    world.later(25 * 3_600);
    let elsewhere = world.process();
    assert_eq!(given(&elsewhere).await, "planted-access-2");
    assert_eq!(asked(&world), 1, "a renewal asks nobody");
}

#[tokio::test]
async fn an_issuer_that_speaks_for_another_is_not_believed() {
    let world = world().await;
    let url = world.provider.url();
    for issuer in [format!("{url}/"), "https://accounts.google.com".to_owned()] {
        world.provider.tells(&issuer, &format!("{url}/token"));
        let auth = world.process();
        let error = auth.begin(&Profile::default(), &[need()], &[]).await;
        let error = error.unwrap_err();
        assert!(matches!(error, AuthError::Configuration { .. }), "{error}");
        assert!(error.to_string().contains("another issuer"), "{error}");
    }
}

#[tokio::test]
async fn an_account_belongs_to_the_issuer_it_was_made_with() {
    let mut world = world().await;
    let auth = world.signed_in().await;
    assert_eq!(given(&auth).await, "planted-access-1");
    world.whole = Some("oauth2.issuer = \"https://evil.example\"\nhosts = [\"api.acme.example\"]".to_owned());
    let redefined = world.process();
    assert!(matches!(
        credential(&redefined).await,
        Err(AuthError::SignInRequired { .. })
    ));
    assert_eq!(world.provider.refreshes(), 0);
}

#[tokio::test]
async fn an_issuer_without_metadata_is_said_to_have_none() {
    let mut world = World::new().await;
    world.whole = Some(format!("oauth2.issuer = \"{}\"", world.provider.url()));
    let auth = world.process();
    let error = auth.begin(&Profile::default(), &[need()], &[]).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("openid-configuration"), "{error}");
}
