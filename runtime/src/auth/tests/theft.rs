//! Attempts to move a token: to another user, another browser, another client, another project.

use std::sync::Arc;

use super::{
    browser::Browser,
    provider::Fake,
    world::{World, begin, credential, given, need},
};
use crate::{
    auth::{Auth, AuthError, AuthParts, Client, MemoryStore},
    base::{name::Profile, secret::Secret},
    provider::Providers,
};

#[tokio::test]
async fn f_23_an_answer_that_a_thief_fetched_is_none_for_the_browser_of_another() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    // Whoever learned of the URL opens it first, and keeps the provider's answer to his own sign-in there.
    world.provider.signs_in("mallory");
    let (thief, user) = (Browser::new(), Browser::new());
    let of_thief = thief.until_callback(&sign_in.url).await;
    world.provider.signs_in("alice");
    let of_user = user.until_callback(&sign_in.url).await;
    let brought = user.get(&of_thief).await;
    assert_eq!(brought.status, 400, "{brought:?}");
    assert_eq!(thief.get(&of_thief).await.status, 400);
    assert_eq!(
        thief.get(&of_user).await.status,
        400,
        "nor is the user's answer the thief's to bring"
    );
    assert!(world.provider.requests().is_empty(), "no code was used");
    user.get(&of_user).await;
    auth.wait(&sign_in).await.unwrap();
    let account = auth.accounts(None).await.unwrap().remove(0);
    assert_eq!(account.identity.as_deref(), Some("alice"));
}

#[tokio::test]
async fn f_23_a_thief_who_opens_the_url_later_ends_what_the_user_began_and_gains_nothing() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let (user, thief) = (Browser::new(), Browser::new());
    let of_user = user.until_callback(&sign_in.url).await;
    let _of_thief = thief.until_callback(&sign_in.url).await;
    assert_eq!(
        user.get(&of_user).await.status,
        400,
        "it belongs to the browser that came last"
    );
    assert_eq!(
        thief.get(&of_user).await.status,
        400,
        "who has no use for the user's code"
    );
    assert!(world.provider.requests().is_empty());
    let again = user.until_callback(&sign_in.url).await;
    user.get(&again).await;
    auth.wait(&sign_in).await.unwrap();
}

#[tokio::test]
async fn a_second_click_in_the_same_browser_keeps_what_the_first_began() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let first = browser.until_callback(&sign_in.url).await;
    browser.until_callback(&sign_in.url).await;
    assert_eq!(browser.get(&first).await.status, 303);
    auth.wait(&sign_in).await.unwrap();
}

#[tokio::test]
async fn f_32_an_answer_that_another_provider_sends_back_is_no_answer() {
    let mut world = World::new().await;
    world.file = "oauth2.issuer = \"https://acme.example\"\noauth2.iss = \"sent\"".to_owned();
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    for mixed_up in [
        callback.replace("/auth/acme/callback", "/auth/slack/callback"),
        callback.replace("/auth/acme/callback", "/auth/acmee/callback"),
        callback.replace("/auth/acme/callback", "/auth/acme/callback/"),
        callback.replace("/auth/acme/callback", "/auth/ACME/callback"),
    ] {
        let shown = browser.get(&mixed_up).await;
        assert!(shown.status >= 400, "{mixed_up}: {shown:?}");
    }
    // The right path, in the name of another server, with words of its own.
    let evil = format!("{callback}&iss=https%3A%2F%2Fevil.example&error_description=call+this+number");
    let (shown, waited) = tokio::join!(
        async {
            let sent = browser.get(&evil).await;
            browser.get(sent.to()).await
        },
        auth.wait(&sign_in)
    );
    assert!(waited.is_err());
    assert!(!shown.html.contains("call this number"), "{shown:?}");
    assert!(world.provider.requests().is_empty(), "the code went nowhere");
}

#[tokio::test]
async fn a_token_stays_with_the_endpoints_it_was_made_with() {
    let mut world = World::new().await;
    let before = world.signed_in().await;
    let first = credential(&before).await.unwrap();
    drop(before);
    let (real, evil) = (Arc::clone(&world.provider), Fake::start().await);
    // A project that comes with a provider of the same name and client, and its own endpoints.
    world.provider = Arc::clone(&evil);
    let auth = world.process();
    let error = credential(&auth).await.unwrap_err();
    assert!(error.to_string().contains("endpoints"), "{error}");
    world.later(3_600);
    assert!(credential(&auth).await.is_err());
    assert!(auth.rejected(&first).await.unwrap().is_none());
    let out = auth
        .sign_out(&Profile::default(), "acme", None, &super::world::SHARED)
        .await
        .unwrap();
    assert_eq!(out.not_revoked.len(), 1, "{out:?}");
    assert!(
        evil.requests().is_empty() && evil.revoked().is_empty(),
        "nothing was sent there"
    );
    assert_eq!(real.refreshes(), 0);
}

#[tokio::test]
async fn a_token_stays_with_the_hosts_it_was_made_with() {
    let world = World::new().await;
    drop(world.signed_in().await);
    let mut table = world.provider.table("");
    table.insert("hosts".to_owned(), toml::Value::Array(vec!["evil.example".into()]));
    let auth = Auth::new(AuthParts {
        providers: Providers::builtin().unwrap().with("acme", &table).unwrap(),
        ..world.parts(world.settings(), Arc::clone(&world.store))
    });
    assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
}

#[tokio::test]
async fn a_token_stays_with_the_client_it_was_made_with() {
    let world = World::new().await;
    drop(world.signed_in().await);
    let mut settings = world.settings();
    settings.clients.insert(
        "acme".to_owned(),
        Client::new("another-client", Some(Secret::new("planted-other"))),
    );
    let auth = Auth::new(world.parts(settings, Arc::clone(&world.store)));
    assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
    let mut none = world.settings();
    none.clients.clear();
    let auth = Auth::new(world.parts(none, Arc::clone(&world.store)));
    assert!(credential(&auth).await.is_err());
    assert!(world.provider.refreshes() == 0);
}

#[tokio::test]
async fn a_sign_in_begun_with_other_endpoints_is_not_completed_with_these() {
    let mut world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    drop(auth);
    let (real, evil) = (Arc::clone(&world.provider), Fake::start().await);
    world.provider = Arc::clone(&evil);
    let other = world.process();
    let own = begin(&other).await;
    let shown = browser.get(&callback).await;
    assert!(shown.status >= 400, "{shown:?}");
    assert!(
        real.requests().is_empty() && evil.requests().is_empty(),
        "the code and the secret stay here"
    );
    assert_ne!(own.url, sign_in.url);
}

#[tokio::test]
async fn f_68_no_profile_is_given_the_token_of_another() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    for name in ["Default", "default ", "default/", "*", "", "default\0", "../default"] {
        let given = auth
            .credential(&Profile::new(name), &need(), std::time::Duration::ZERO)
            .await;
        assert!(
            Profile::new(name) == Profile::default() || matches!(given, Err(AuthError::SignInRequired { .. })),
            "{name:?}: {given:?}"
        );
    }
}

#[tokio::test]
async fn f_30_a_restarted_host_completes_what_a_shared_store_kept_and_says_so_where_it_did_not() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    drop(auth);
    let restarted = world.process();
    restarted
        .begin(&Profile::new("somebody"), &[need()], &[])
        .await
        .unwrap();
    assert_eq!(browser.get(&callback).await.status, 303);
    assert_eq!(given(&restarted).await, "planted-access-1");

    let again = begin(&restarted).await;
    let callback = browser.until_callback(&again.url).await;
    drop(restarted);
    let forgetful = world.process_on(Arc::new(MemoryStore::new()));
    let began = begin_when_free(&forgetful).await;
    let shown = browser.get(&callback).await;
    assert_eq!(shown.status, 400, "{shown:?}");
    assert!(
        shown.html.contains("ask the tool or the terminal for a new address"),
        "{shown:?}"
    );
    assert_eq!(world.provider.requests().len(), 1);
    drop(began);
}

/// The port of a process that just ended is free a moment later.
async fn begin_when_free(auth: &Arc<Auth>) -> crate::auth::SignIn {
    for _again in 0..200 {
        match auth.begin(&Profile::default(), &[need()], &[]).await {
            Err(AuthError::PortTaken { .. }) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            begun => return begun.unwrap(),
        }
    }
    panic!("the port was never free");
}
