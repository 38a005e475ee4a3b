//! Signing out.

use std::{sync::Arc, time::Duration};

use super::{
    browser::Browser,
    provider::{Fake, Fault},
    world::{SHARED, World, begin, credential, given},
};
use crate::{
    auth::{Auth, AuthError, AuthParts, Settings},
    base::{code::Code, name::Profile},
    provider::Providers,
};

#[tokio::test]
async fn a_sign_out_tells_the_provider_and_deletes() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let out = auth.sign_out(&Profile::default(), "Acme", None, &SHARED).await.unwrap();
    assert_eq!((out.accounts, out.not_revoked.len()), (1, 0), "{out:?}");
    assert_eq!(world.provider.revoked().first().unwrap(), "planted-refresh-1");
    assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
    assert!(auth.accounts(None).await.unwrap().is_empty());

    let again = auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    assert_eq!(again.accounts, 0);
    let unknown = auth
        .sign_out(&Profile::default(), "acmee", None, &SHARED)
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let sign_in = begin(&auth).await;
    Browser::new().sign_in(&sign_in.url).await;
    assert_eq!(given(&auth).await, "planted-access-2", "and signing in again works");
}

#[tokio::test]
async fn f_48_a_sign_out_deletes_though_the_provider_cannot_be_told_and_another_process_tells_it_later() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    let out = auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    assert_eq!(
        (out.accounts, out.not_revoked.len(), out.owed.len()),
        (1, 0, 1),
        "{out:?}"
    );
    assert!(out.owed[0].contains("HTTP 503"), "{out:?}");
    assert!(auth.accounts(None).await.unwrap().is_empty());
    let owed = auth.owed(None).await.unwrap();
    assert_eq!((owed.len(), owed[0].tries), (1, 1), "{owed:?}");
    assert!(auth.owed(Some(&Profile::new("another"))).await.unwrap().is_empty());
    drop(auth);

    let other = world.process();
    other.revoke_owed().await.unwrap();
    assert_eq!(tries(&other).await, [1], "it was tried before its time");
    world.later(61);
    other.revoke_owed().await.unwrap();
    assert_eq!(tries(&other).await, [2]);
    let before = world.provider.revoked().len();
    world.provider.start_revoking();
    world.later(121);
    other.revoke_owed().await.unwrap();
    assert!(tries(&other).await.is_empty());
    assert_eq!(
        world.provider.revoked()[before..],
        ["planted-refresh-1", "planted-access-1"],
        "the refresh token first"
    );
}

async fn tries(auth: &Auth) -> Vec<u32> {
    let owed = auth.owed(None).await.unwrap();
    owed.iter().map(|owed| owed.tries).collect()
}

#[tokio::test]
async fn of_many_processes_one_tells_the_provider_what_is_owed() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    drop(auth);
    let before = world.provider.revoked().len();
    let processes: Vec<_> = (0..8).map(|_| world.process()).collect();
    world.provider.start_revoking();
    world.later(61);
    let told = futures_util::future::join_all(processes.iter().map(|process| process.revoke_owed())).await;
    told.into_iter().collect::<Result<(), _>>().unwrap();
    // One that found it taken up is done before the one who did.
    while !processes[0].owed(None).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.provider.revoked().len() - before, 2, "a token was sent twice");
}

#[tokio::test]
async fn what_is_owed_does_not_stand_in_the_way_of_a_new_sign_in_nor_touch_it() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    Browser::new().sign_in(&begin(&auth).await.url).await;
    assert_eq!(given(&auth).await, "planted-access-2");
    world.provider.start_revoking();
    world.later(61);
    auth.revoke_owed().await.unwrap();
    assert!(tries(&auth).await.is_empty());
    assert!(!world.provider.revoked().contains(&"planted-access-2".to_owned()));
    assert_eq!(given(&auth).await, "planted-access-2");
}

#[tokio::test]
async fn what_is_owed_is_given_up_after_a_week_and_told_without_its_tokens() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    let asked = world.provider.revoked().len();
    world.later(7 * 24 * 60 * 60);
    auth.revoke_owed().await.unwrap();
    let owed = auth.owed(None).await.unwrap();
    assert_eq!((owed.len(), owed[0].next_try_at), (1, None), "{owed:?}");
    assert_eq!(owed[0].last_error.as_deref(), Some("HTTP 503"), "{owed:?}");
    assert_eq!(world.provider.revoked().len(), asked, "it was tried once more");
    world.later(30 * 24 * 60 * 60);
    auth.revoke_owed().await.unwrap();
    assert!(auth.owed(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_process_that_knows_other_endpoints_or_no_client_leaves_what_is_owed_to_others() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    drop(auth);
    world.provider.start_revoking();
    world.later(61);
    let asked = world.provider.revoked().len();
    let elsewhere = Fake::start().await;
    let no_client = Settings::default();
    let others = [
        Auth::new(AuthParts {
            providers: Providers::builtin()
                .unwrap()
                .with("acme", &elsewhere.table(""))
                .unwrap(),
            ..world.parts(world.settings(), Arc::clone(&world.store))
        }),
        Auth::new(AuthParts {
            providers: Providers::builtin().unwrap(),
            ..world.parts(no_client.clone(), Arc::clone(&world.store))
        }),
        Auth::new(world.parts(no_client, Arc::clone(&world.store))),
    ];
    for other in &others {
        other.revoke_owed().await.unwrap();
        assert_eq!(tries(other).await, [1]);
    }
    assert!(elsewhere.revoked().is_empty(), "a token went to another host");
    assert_eq!(world.provider.revoked().len(), asked);
    let known = world.process();
    known.revoke_owed().await.unwrap();
    assert!(tries(&known).await.is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_at_once_and_nothing_is_owed() {
    let mut world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.refuse_revocations();
    let out = auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    assert_eq!((out.not_revoked.len(), out.owed.len()), (1, 0), "{out:?}");
    assert!(auth.owed(None).await.unwrap().is_empty());

    // Later, it is kept for who asks, without the tokens.
    world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.stop_revoking();
    auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    world.provider.refuse_revocations();
    world.later(61);
    auth.revoke_owed().await.unwrap();
    let owed = auth.owed(None).await.unwrap();
    assert_eq!((owed.len(), owed[0].next_try_at), (1, None), "{owed:?}");
    assert!(
        owed[0].last_error.as_ref().unwrap().contains("unsupported_token_type"),
        "{owed:?}"
    );
}

#[tokio::test]
async fn a_sign_out_that_is_cut_off_while_the_provider_is_told_still_owes_it() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.hang_on_revocations();
    let signing_out = tokio::spawn({
        let auth = Arc::clone(&auth);
        async move { auth.sign_out(&Profile::default(), "acme", None, &SHARED).await }
    });
    while world.provider.revoked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(auth.accounts(None).await.unwrap().is_empty(), "it was deleted before");
    signing_out.abort();
    assert!(signing_out.await.is_err());
    drop(auth);
    let next = world.process();
    assert_eq!(tries(&next).await, [0]);
    world.provider.start_revoking();
    world.later(61);
    next.revoke_owed().await.unwrap();
    assert!(tries(&next).await.is_empty());
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
        other.sign_out(&Profile::default(), "acme", None, &SHARED).await
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
    auth.sign_out(&Profile::default(), "acme", None, &SHARED).await.unwrap();
    assert!(matches!(auth.wait(&sign_in).await, Err(AuthError::SignInFailed { .. })));
    assert_eq!(browser.get(&callback).await.status, 410);
    assert!(auth.accounts(None).await.unwrap().is_empty());
}
