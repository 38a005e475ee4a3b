//! What a provider's 401 brings about.

use super::{
    provider::Fault,
    world::{World, credential, given, token},
};
use crate::auth::{AccountState, AuthError, NeedsSignIn};

#[tokio::test]
async fn f_45_a_refused_token_is_renewed_once_and_then_needs_a_sign_in() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let first = credential(&auth).await.unwrap();
    let second = auth.rejected(&first).await.unwrap().unwrap();
    assert_eq!(token(&second), "planted-access-2");
    assert!(second.version > first.version);
    let again = auth.rejected(&first).await.unwrap().unwrap();
    assert_eq!(
        token(&again),
        "planted-access-2",
        "who saw the old one gets the new one"
    );
    assert_eq!(world.provider.refreshes(), 1);

    assert!(auth.rejected(&second).await.unwrap().is_none());
    assert_eq!(world.provider.refreshes(), 1, "at most one such renewal a minute");
    let status = auth.accounts(None).await.unwrap().remove(0);
    assert_eq!(status.state, AccountState::NeedsSignIn(NeedsSignIn::Rejected));
    assert!(matches!(credential(&auth).await, Err(AuthError::SignInRequired { .. })));
}

#[tokio::test]
async fn a_minute_later_a_refused_token_is_renewed_again() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let first = credential(&auth).await.unwrap();
    let second = auth.rejected(&first).await.unwrap().unwrap();
    world.later(60);
    let third = auth.rejected(&second).await.unwrap().unwrap();
    assert_eq!(token(&third), "planted-access-3");
}

#[tokio::test]
async fn a_provider_that_is_down_when_a_token_is_refused_ends_nothing() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let first = credential(&auth).await.unwrap();
    world.provider.fail([Fault::Status(503, ""), Fault::Status(503, "")]);
    assert!(matches!(
        auth.rejected(&first).await,
        Err(AuthError::Unreachable { .. })
    ));
    assert!(
        matches!(auth.rejected(&first).await, Err(AuthError::Busy { .. })),
        "not tried again at once"
    );
    assert_eq!(given(&auth).await, "planted-access-1");
}

#[tokio::test]
async fn a_refusal_that_a_tool_tells_of_an_account_that_is_gone_changes_nothing() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    let first = credential(&auth).await.unwrap();
    auth.sign_out(&first.profile, "acme", None, &super::world::SHARED)
        .await
        .unwrap();
    assert!(auth.rejected(&first).await.unwrap().is_none());
    assert!(auth.accounts(None).await.unwrap().is_empty());
}
