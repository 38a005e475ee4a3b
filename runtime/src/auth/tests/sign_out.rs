//! Signing out.

use std::time::Duration;

use super::{
    browser::Browser,
    provider::Fault,
    world::{World, begin, credential, given},
};
use crate::{
    auth::AuthError,
    base::{code::Code, name::Profile},
};

#[tokio::test]
async fn a_sign_out_tells_the_provider_and_deletes() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let out = auth.sign_out(&Profile::default(), "Acme", None).await.unwrap();
    assert_eq!((out.accounts, out.not_revoked.len()), (1, 0), "{out:?}");
    assert_eq!(world.provider.revoked().first().unwrap(), "planted-refresh-1");
    assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
    assert!(auth.accounts(None).await.unwrap().is_empty());

    let again = auth.sign_out(&Profile::default(), "acme", None).await.unwrap();
    assert_eq!(again.accounts, 0);
    let unknown = auth.sign_out(&Profile::default(), "acmee", None).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let sign_in = begin(&auth).await;
    Browser::new().sign_in(&sign_in.url).await;
    assert_eq!(given(&auth).await, "planted-access-2", "and signing in again works");
}

#[tokio::test]
async fn f_48_a_sign_out_deletes_though_the_provider_cannot_be_told() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    let out = auth.sign_out(&Profile::default(), "acme", None).await.unwrap();
    assert_eq!((out.accounts, out.not_revoked.len()), (1, 1), "{out:?}");
    assert!(!format!("{out:?}").contains("planted"), "{out:?}");
    assert!(auth.accounts(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sign_out_wins_over_a_renewal_that_is_under_way() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.later(3_600);
    world.provider.fail([Fault::Slow(Duration::from_millis(400))]);
    let other = world.process();
    let (renewed, out) = tokio::join!(credential(&auth), async {
        while world.provider.refreshes() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        other.sign_out(&Profile::default(), "acme", None).await
    });
    assert_eq!(out.unwrap().accounts, 1);
    assert!(renewed.is_err(), "{renewed:?}");
    assert!(auth.accounts(None).await.unwrap().is_empty(), "no late save passes");
    assert!(
        world.provider.revoked().contains(&"planted-refresh-2".to_owned()),
        "what was gained is given back"
    );
}

#[tokio::test]
async fn a_sign_out_ends_the_pending_sign_in_of_the_account() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    auth.sign_out(&Profile::default(), "acme", None).await.unwrap();
    assert!(matches!(auth.wait(&sign_in).await, Err(AuthError::SignInFailed { .. })));
    assert_eq!(browser.get(&callback).await.status, 410);
    assert!(auth.accounts(None).await.unwrap().is_empty());
}
