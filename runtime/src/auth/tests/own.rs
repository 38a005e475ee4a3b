//! Accounts of tools' own.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    browser::Browser,
    world::{SHARED, World, begin, credential, given, need, token, typed},
};
use crate::{
    auth::{Auth, AuthError, SignIn, WhoseAccounts},
    base::name::Profile,
    package::{AccountOwner, AuthRequirement},
};

fn own(place: &str, tool: &str) -> AccountOwner {
    AccountOwner::in_project(Path::new(place), tool.parse().unwrap())
}

fn of(owner: &AccountOwner, need: AuthRequirement) -> AuthRequirement {
    AuthRequirement {
        owner: owner.clone(),
        ..need
    }
}

async fn begin_of(auth: &Arc<Auth>, owner: &AccountOwner) -> SignIn {
    let tools = owner.tool().map(ToString::to_string);
    let needs = [of(owner, need())];
    auth.begin(&Profile::default(), &needs, tools.as_slice()).await.unwrap()
}

async fn sign_in(auth: &Arc<Auth>, owner: &AccountOwner) {
    let begun = begin_of(auth, owner).await;
    Browser::new().sign_in(&begun.url).await;
    auth.wait(&begun).await.unwrap();
}

async fn token_of(auth: &Arc<Auth>, owner: &AccountOwner) -> Result<String, AuthError> {
    let time = Duration::from_secs(30);
    let given = auth.credential(&Profile::default(), &of(owner, need()), time).await;
    given.map(|given| token(&given))
}

#[tokio::test]
async fn two_tools_of_one_provider_and_profile_hold_two_sign_ins() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let (one, other) = (own("/project", "one"), own("/project", "other"));
    for owner in [&one, &other, &own("/elsewhere", "one")] {
        assert!(
            matches!(token_of(&auth, owner).await, Err(AuthError::SignInRequired { .. })),
            "{owner:?} got another's token"
        );
    }
    // Two may be pending at once, and each is its own.
    let (first, second) = (begin_of(&auth, &one).await, begin_of(&auth, &other).await);
    assert_ne!(first.url, second.url);
    assert_eq!(first.owner, one);
    let page = Browser::new().get(&first.url).await.html;
    assert!(page.contains("<code>one</code>") && page.contains("own"), "{page}");
    let page = Browser::new().get(&begin(&auth).await.url).await.html;
    assert!(!page.contains("own: no other"), "{page}");
    for begun in [&first, &second] {
        Browser::new().sign_in(&begun.url).await;
        auth.wait(begun).await.unwrap();
    }
    assert_eq!(token_of(&auth, &one).await.unwrap(), "planted-access-2");
    assert_eq!(token_of(&auth, &other).await.unwrap(), "planted-access-3");
    assert_eq!(given(&auth).await, "planted-access-1");
    let next = world.process();
    assert_eq!(token_of(&next, &other).await.unwrap(), "planted-access-3");
    let mut shown: Vec<_> = auth
        .accounts(None)
        .await
        .unwrap()
        .into_iter()
        .map(|a| (a.tool, a.tool_of))
        .collect();
    shown.sort();
    let of = |tool: &str| (Some(tool.to_owned()), Some("/project".to_owned()));
    assert_eq!(shown, [(None, None), of("one"), of("other")]);
}

#[tokio::test]
async fn a_tool_that_names_no_handler_reaches_into_no_other_tools_account() {
    let world = World::new().await;
    let auth = world.process();
    let (one, other) = (own("/project", "one"), own("/project", "other"));
    // Typed, so by the handler that is not the default one, but fills the same variables.
    let begun = auth
        .begin(&Profile::default(), &[of(&one, typed())], &[])
        .await
        .unwrap();
    let browser = Browser::new();
    let page = browser.get(&begun.url).await;
    browser
        .send(&begun.url, &page, &[("field-token", "planted-typed-1")])
        .await;
    auth.wait(&begun).await.unwrap();
    assert_eq!(token_of(&auth, &one).await.unwrap(), "planted-typed-1");
    for owner in [&other, &AccountOwner::SHARED] {
        let refused = token_of(&auth, owner).await;
        assert!(matches!(refused, Err(AuthError::SignInRequired { .. })), "{refused:?}");
        assert!(!auth.is_ready(&Profile::default(), &[of(owner, need())]).await.unwrap());
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_in_its_own_account() {
    let world = World::new().await;
    let auth = world.process();
    let one = own("/project", "one");
    sign_in(&auth, &one).await;
    let time = Duration::from_secs(30);
    let refused = auth
        .credential(&Profile::default(), &of(&one, need()), time)
        .await
        .unwrap();
    let instead = auth.rejected(&refused).await.unwrap().unwrap();
    assert_eq!((token(&instead).as_str(), &instead.owner), ("planted-access-2", &one));
    assert!(credential(&auth).await.is_err(), "the shared account has it");
}

#[tokio::test]
async fn a_sign_out_leaves_the_accounts_of_others() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let (one, other) = (own("/project", "one"), own("/project", "other"));
    sign_in(&auth, &one).await;
    sign_in(&auth, &other).await;
    let profile = Profile::default();
    let out = auth.sign_out(&profile, "acme", None, &SHARED).await.unwrap();
    assert_eq!(
        (out.accounts, out.left),
        (1, vec!["one".to_owned(), "other".to_owned()])
    );
    assert!(credential(&auth).await.is_err());
    let out = auth
        .sign_out(&profile, "acme", None, &WhoseAccounts::Of(one.clone()))
        .await;
    assert_eq!(out.unwrap().accounts, 1);
    assert!(token_of(&auth, &one).await.is_err());
    assert_eq!(token_of(&auth, &other).await.unwrap(), "planted-access-3");
    let out = auth
        .sign_out(&profile, "acme", None, &WhoseAccounts::All)
        .await
        .unwrap();
    assert_eq!((out.accounts, out.left.len()), (1, 0));
    assert!(auth.accounts(None).await.unwrap().is_empty());
}
