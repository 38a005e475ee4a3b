//! Scopes for lack of which a provider refuses a token whose consent gave them. In virtual time.

use std::{sync::Arc, time::Duration};

use super::{
    quiet::{Quiet, account_of, pass, state, status},
    world::{begin, credential, need, need_of, token},
};
use crate::{
    auth::{AccountState, Auth, AuthError, Credential, NeedsSignIn, ScopeFault},
    base::{code::Code, name::Profile},
};

const LONG: Duration = Duration::from_secs(30);

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

async fn refused(auth: &Arc<Auth>, credential: &Credential, scopes: &[&str]) -> Result<String, AuthError> {
    auth.step_up(credential, &need(), &words(scopes)).await
}

fn fault(ended: Result<String, AuthError>) -> (ScopeFault, String) {
    match ended {
        Err(error @ AuthError::Scope { fault, .. }) => {
            assert_eq!(error.code(), Code::Denied);
            assert!(!error.hints().is_empty());
            (fault, error.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn f_46_a_lacking_scope_is_asked_for_and_the_narrower_token_stays_in_use() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let first = credential(&auth).await.unwrap();
    let reason = refused(&auth, &first, &["read", "write"]).await;
    // It is not said which of the two it is, so both are asked for again.
    assert!(reason.unwrap().contains("`read`, `write`"));
    quiet.sign_in(&auth, "default").await;
    let second = credential(&auth).await.unwrap();
    let reason = refused(&auth, &second, &["write"]).await.unwrap();
    assert!(reason.contains("`write`") && !reason.contains("`read`"), "{reason}");

    assert_eq!(state(&auth).await, AccountState::NeedsSignIn(NeedsSignIn::Scope));
    let shown = status(&auth).await;
    assert_eq!(shown.scopes, ["read"]);
    assert!(
        shown
            .last_error
            .is_some_and(|why| why.contains("403") && why.contains("`write`"))
    );
    let error = credential(&auth).await.unwrap_err();
    assert!(
        matches!(&error, AuthError::SignInRequired { reason, .. } if reason.contains("`write`")),
        "{error}"
    );
    let narrower = |auth: Arc<Auth>| async move {
        let of = Profile::default();
        let credential = auth.credential(&of, &need_of(&["read"]), LONG).await.unwrap();
        token(&credential)
    };
    assert_eq!(narrower(Arc::clone(&auth)).await, "access-2");
    pass(3_600).await;
    assert_eq!(narrower(Arc::clone(&auth)).await, "access-3", "and it is renewed");
    assert_eq!(
        begin(&auth).await.scopes,
        ["read", "write"],
        "what was asked for before too"
    );
    quiet.sign_in(&auth, "default").await;
    assert_eq!(state(&auth).await, AccountState::Ready);
    assert!(credential(&auth).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn f_46_a_scope_that_two_consents_in_a_row_did_not_give_is_asked_for_no_more() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let others = [quiet.process(), quiet.process()];
    for _consent in 0..2 {
        let current = credential(&auth).await.unwrap();
        // Several calls at once are one refusal.
        for process in [&auth, &others[0], &others[1]] {
            assert!(refused(process, &current, &["write"]).await.is_ok());
        }
        assert!(credential(&auth).await.is_err());
        quiet.sign_in(&auth, "default").await;
    }
    let third = credential(&auth).await.unwrap();
    for process in [&auth, &others[0]] {
        let (fault, said) = fault(refused(process, &third, &["write"]).await);
        assert_eq!(fault, ScopeFault::NotGiven);
        assert!(said.contains("its own consent does not give: `write`"), "{said}");
    }
    assert_eq!(state(&auth).await, AccountState::Ready);
    assert!(credential(&auth).await.is_ok(), "no consent is asked for in vain");
    assert!(
        refused(&auth, &third, &["read"]).await.is_ok(),
        "another scope is another thing"
    );
    quiet.sign_in(&auth, "default").await;
    pass(25 * 60 * 60).await;
    let later = credential(&auth).await.unwrap();
    assert!(
        refused(&auth, &later, &["write"]).await.is_ok(),
        "the operator may have mended it"
    );

    auth.sign_out(&Profile::default(), "acme", None, &super::world::SHARED)
        .await
        .unwrap();
    quiet.sign_in(&auth, "default").await;
    let afresh = credential(&auth).await.unwrap();
    assert!(refused(&auth, &afresh, &["write"]).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn f_46_a_scope_that_the_tool_does_not_declare_is_never_asked_for() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let current = credential(&auth).await.unwrap();
    for named in [&["admin"][..], &["write", "admin"]] {
        let (fault, said) = fault(refused(&auth, &current, named).await);
        assert_eq!(fault, ScopeFault::NotDeclared);
        assert!(said.contains("`admin`") && !said.contains("`write`"), "{said}");
    }
    // The account has it for another tool; this one does not declare it.
    let narrow = need_of(&["read"]);
    let ended = auth.step_up(&current, &narrow, &words(&["write"])).await;
    assert_eq!(fault(ended).0, ScopeFault::NotDeclared);
    assert_eq!(fault(refused(&auth, &current, &[]).await).0, ScopeFault::NotNamed);
    assert_eq!(state(&auth).await, AccountState::Ready);
    assert_eq!(status(&auth).await.scopes, ["read", "write"]);
    assert_eq!(
        begin(&auth).await.scopes,
        ["read", "write"],
        "nothing that only the provider named"
    );
}

#[tokio::test(start_paused = true)]
async fn f_46_the_refusal_of_a_token_that_was_replaced_meanwhile_changes_nothing() {
    let quiet = Quiet::new();
    let auth = quiet.signed_in().await;
    let old = credential(&auth).await.unwrap();
    quiet.sign_in(&auth, "default").await;
    let error = refused(&auth, &old, &["write"]).await.unwrap_err();
    assert_eq!(error.code(), Code::Busy, "{error}");
    assert!(credential(&auth).await.is_ok());
    assert_eq!(account_of(&auth, "default").provider, "acme");
}
