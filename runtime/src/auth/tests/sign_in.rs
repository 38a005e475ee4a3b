//! Signing in, from the page to the credential.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    browser::Browser,
    world::{World, begin, credential, given, need, need_of, token, typed},
};
use crate::{
    auth::{AccountState, Auth, AuthError, Client, Credential},
    base::{code::Code, name::Profile},
    package::AuthRequirement,
};

#[tokio::test]
async fn a_client_without_a_secret_is_refused_before_its_user_is_sent_anywhere_unless_the_provider_takes_such() {
    for (file, is_taken) in [("", false), ("oauth2.public_clients = true", true)] {
        let world = World::with(file).await;
        let mut settings = world.settings();
        settings
            .clients
            .insert("acme".to_owned(), Client::new("the-client", None));
        let auth = Auth::new(world.parts(settings, Arc::clone(&world.store)));
        let begun = auth.begin(&Profile::default(), &[need()], &[]).await;
        match begun {
            Ok(_sign_in) => assert!(is_taken, "{file}"),
            Err(error) => {
                assert!(
                    !is_taken && matches!(error, AuthError::NoClientSecret { .. }),
                    "{error}"
                );
                let said = format!("{error} {:?}", error.hints());
                for there in [
                    "`client_secret`",
                    "`[auth.acme]`",
                    "`.secrets.toml`",
                    "[providers.acme]",
                ] {
                    assert!(said.contains(there), "{said}");
                }
            }
        }
        assert!(world.provider.requests().is_empty());
    }
    let mut world = World::new().await;
    let table = world.provider.table("").to_string();
    world.whole = Some(table.replace("client_auth = \"post\"", "client_auth = \"none\""));
    let mut settings = world.settings();
    settings
        .clients
        .insert("acme".to_owned(), Client::new("the-client", None));
    let auth = Auth::new(world.parts(settings, Arc::clone(&world.store)));
    assert!(auth.begin(&Profile::default(), &[need()], &[]).await.is_ok());
}

#[tokio::test]
async fn a_user_signs_in_and_a_call_gets_the_token() {
    let world = World::new().await;
    let auth = world.process();
    let error = credential(&auth).await.unwrap_err();
    assert_eq!(error.code(), Code::SignInRequired);
    assert!(!auth.is_ready(&Profile::default(), &[need()]).await.unwrap());

    let sign_in = begin(&auth).await;
    assert_eq!(sign_in.scopes, ["read", "write"]);
    let browser = Browser::new();
    let page = browser.get(&sign_in.url).await;
    for named in ["Acme", "default", "read", "write", "tool", "acme-oauth2"] {
        assert!(page.html.contains(named), "{named}");
    }
    let (last, waited) = tokio::join!(browser.sign_in(&sign_in.url), auth.wait(&sign_in));
    waited.unwrap();
    assert!(
        last.html.contains("Signed in to Acme") && last.html.contains("alice"),
        "{last:?}"
    );

    let credential = credential(&auth).await.unwrap();
    assert_eq!(token(&credential), "planted-access-1");
    assert_eq!(*credential.hosts, ["api.acme.example"]);
    assert_eq!(credential.endpoints.len(), 3);
    assert!(auth.is_ready(&Profile::default(), &[need()]).await.unwrap());
    let accounts = auth.accounts(Some(&Profile::default())).await.unwrap();
    assert_eq!(accounts[0].state, AccountState::Ready);
    assert_eq!(accounts[0].identity.as_deref(), Some("alice"));
    assert!(auth.accounts(Some(&Profile::new("other"))).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_missing_client_names_the_keys_and_the_redirect_uri() {
    let world = World::new().await;
    let auth = crate::auth::Auth::new(world.parts(crate::auth::Settings::default(), world.store.clone()));
    let error = auth.begin(&Profile::default(), &[need()], &[]).await.unwrap_err();
    let hints = error.hints().join("\n");
    for named in [
        "http://127.0.0.1:8976/auth/acme/callback",
        ".secrets.toml",
        "[auth.acme]",
        "client_secret",
        "acme-token",
    ] {
        assert!(hints.contains(named), "{named} is not in {hints}");
    }
    assert!(matches!(
        auth.credential(&Profile::default(), &need(), Duration::ZERO).await,
        Err(AuthError::SignInRequired { .. })
    ));
}

#[tokio::test]
async fn f_24_a_user_who_denies_is_told_of_at_once() {
    let world = World::new().await;
    let auth = world.process();
    for (error, code) in [
        ("access_denied", Code::Denied),
        ("server_error", Code::Unreachable),
        ("temporarily_unavailable", Code::Unreachable),
        ("invalid_scope", Code::NotValid),
    ] {
        world.provider.denies(error);
        let sign_in = begin(&auth).await;
        let browser = Browser::new();
        let callback = browser.until_callback(&sign_in.url).await;
        let started = Instant::now();
        // A browser follows at once; who waits is kept a moment for it.
        let to_the_end = async { browser.get(browser.get(&callback).await.to()).await };
        let (last, waited) = tokio::join!(to_the_end, auth.wait(&sign_in));
        assert_eq!(waited.unwrap_err().code(), code, "{error}");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert_eq!(last.status, 200, "{last:?}");
        assert!(last.html.contains("denied") || last.html.contains("failed"), "{last:?}");
        assert!(world.provider.requests().is_empty());
        assert!(credential(&auth).await.is_err());
    }
}

#[tokio::test]
async fn a_typed_token_is_kept_and_replacing_it_is_asked() {
    let world = World::new().await;
    let auth = world.process();
    let profile = Profile::default();
    let sign_in = auth.begin(&profile, &[typed()], &[]).await.unwrap();
    assert!(matches!(auth.provider_url(&sign_in).await, Err(AuthError::Typed)));
    let browser = Browser::new();
    let page = browser.get(&sign_in.url).await;
    assert!(
        page.html.contains("type=\"password\"") && page.html.contains("Make one at Acme."),
        "{page:?}"
    );

    let short = browser.send(&sign_in.url, &page, &[("field-token", "planted")]).await;
    assert_eq!(short.status, 422, "{short:?}");
    assert!(
        short.html.contains("shorter") && !short.html.contains("planted"),
        "{short:?}"
    );
    let stranger = Browser::new()
        .send(&sign_in.url, &page, &[("field-token", "planted-typed-by-another")])
        .await;
    assert_eq!(stranger.status, 400, "{stranger:?}");

    let kept = browser
        .send(&sign_in.url, &short, &[("field-token", " planted-typed-1 ")])
        .await;
    assert_eq!(kept.status, 303, "{kept:?}");
    browser.get(kept.to()).await;
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(
        given(&auth).await,
        "planted-typed-1",
        "a tool that names no handler takes it, whatever scopes it needs"
    );

    let again = auth.begin(&profile, &[typed()], &[]).await.unwrap();
    let page = browser.get(&again.url).await;
    let code = again.replace_code.clone().expect("the terminal shows a code");
    assert!(
        page.html.contains("Code from your terminal") && !page.html.contains(code.expose()),
        "{page:?}"
    );
    let asked = browser
        .send(&again.url, &page, &[("field-token", "planted-typed-2")])
        .await;
    assert_eq!(asked.status, 422, "{asked:?}");
    assert_eq!(given(&auth).await, "planted-typed-1");
    let fields = [("field-token", "planted-typed-2"), ("code", code.expose())];
    browser.send(&again.url, &asked, &fields).await;
    auth.wait(&again).await.unwrap();
    assert_eq!(given(&auth).await, "planted-typed-2");
    assert!(world.provider.requests().is_empty());
}

#[tokio::test]
async fn another_user_takes_the_account_only_when_the_page_was_answered() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    world.provider.signs_in("mallory");
    for (word, who) in [("keep", "alice"), ("replace", "mallory")] {
        let sign_in = begin(&auth).await;
        let browser = Browser::new();
        let callback = browser.until_callback(&sign_in.url).await;
        let question_url = browser.get(&callback).await.to().to_owned();
        let question = browser.get(&question_url).await;
        assert!(
            question.html.contains("alice") && question.html.contains("mallory"),
            "{question:?}"
        );
        let accounts = auth.accounts(None).await.unwrap();
        assert_eq!(
            accounts[0].identity.as_deref(),
            Some("alice"),
            "nothing changes before the answer"
        );
        assert_eq!(
            Browser::new().get(&question_url).await.status,
            400,
            "nor in another browser"
        );
        let (answered, waited) = tokio::join!(browser.answer(&question_url, &question, word), auth.wait(&sign_in));
        assert_eq!(waited.is_ok(), word == "replace", "{waited:?}");
        assert_eq!(answered.status, 200, "{answered:?}");
        let accounts = auth.accounts(None).await.unwrap();
        assert_eq!(accounts[0].identity.as_deref(), Some(who));
    }
}

#[tokio::test]
async fn f_46_f_47_one_sign_in_is_pending_for_an_account_and_a_wider_one_takes_its_place() {
    let world = World::new().await;
    let auth = world.process();
    let profile = Profile::default();
    let narrow = auth
        .begin(&profile, &[need_of(&["read"])], &["a".to_owned()])
        .await
        .unwrap();
    let same = auth
        .begin(&profile, &[need_of(&["read"])], &["b".to_owned()])
        .await
        .unwrap();
    assert_eq!(narrow.url, same.url);
    let browser = Browser::new();
    assert!(
        browser.get(&narrow.url).await.html.contains("<code>b</code>"),
        "the page names both tools"
    );

    let wide = auth.begin(&profile, &[need_of(&["write"])], &[]).await.unwrap();
    assert_eq!(wide.scopes, ["read", "write"]);
    assert_eq!(browser.get(&narrow.url).await.status, 410);
    let (_last, waited) = tokio::join!(browser.sign_in(&wide.url), auth.wait(&narrow));
    waited.unwrap();

    world.provider.grants("read");
    let wider = auth.begin(&profile, &[need_of(&["admin"])], &[]).await.unwrap();
    assert_eq!(
        wider.scopes,
        ["admin", "read", "write"],
        "what other tools were given is asked again"
    );
    let last = browser.sign_in(&wider.url).await;
    assert!(
        last.html.contains("<code>admin</code>"),
        "what was not granted is told: {last:?}"
    );
    let missing = auth
        .credential(&profile, &need_of(&["admin"]), Duration::ZERO)
        .await
        .unwrap_err();
    assert!(missing.to_string().contains("`admin`"), "{missing}");
    auth.credential(&profile, &need_of(&["read"]), Duration::ZERO)
        .await
        .unwrap();
}

#[tokio::test]
async fn needs_of_several_accounts_are_not_one_sign_in() {
    let world = World::new().await;
    let auth = world.process();
    for needs in [vec![], vec![need(), typed()]] {
        let error = auth.begin(&Profile::default(), &needs, &[]).await.unwrap_err();
        assert!(matches!(error, AuthError::NotOneAccount), "{error}");
    }
    let unknown = auth
        .begin(&Profile::default(), &[AuthRequirement::new("acmee")], &[])
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn an_account_is_not_used_with_endpoints_it_was_not_made_with() {
    let mut world = World::new().await;
    drop(world.signed_in().await);
    world.provider = super::provider::Fake::start().await;
    let auth = world.process();
    let error = credential(&auth).await.unwrap_err();
    assert!(error.to_string().contains("endpoints"), "{error}");
}

#[tokio::test]
async fn profiles_with_hostile_names_stay_apart_while_many_sign_in_at_once() {
    let world = World::new().await;
    let auth = world.process();
    let names = (0..60).map(|number| match number % 4 {
        0 => format!("a__{number}"),
        1 => format!("../{number}"),
        2 => format!("*{number}\0"),
        _ => "x".repeat(10_000 + number),
    });
    let signing_in = names.map(|name| {
        let auth = auth.clone();
        async move {
            let profile = Profile::new(name);
            let sign_in = auth.begin(&profile, &[need()], &[]).await.unwrap();
            let browser = Browser::new();
            let (_last, waited) = tokio::join!(browser.sign_in(&sign_in.url), auth.wait(&sign_in));
            waited.unwrap();
            let credential: Credential = auth.credential(&profile, &need(), Duration::ZERO).await.unwrap();
            assert_eq!(credential.profile, profile);
            token(&credential)
        }
    });
    let mut tokens = futures_util::future::join_all(signing_in).await;
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 60);
}

#[tokio::test]
async fn a_pasted_address_completes_only_the_sign_in_it_belongs_to() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let address = browser
        .get(&auth.provider_url(&sign_in).await.unwrap())
        .await
        .to()
        .to_owned();
    let mut foreign = url::Url::parse(&address).unwrap();
    foreign
        .query_pairs_mut()
        .clear()
        .append_pair("code", "planted-evil")
        .append_pair("state", &"A".repeat(43));
    for wrong in [
        "",
        "planted",
        "https://evil.example/?code=planted&state=x",
        foreign.as_str(),
        &address.replace("acme", "slack"),
    ] {
        let error = auth.paste(&sign_in, wrong).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidInput, "{wrong}: {error}");
        assert!(!error.to_string().contains("planted"), "{error}");
    }
    assert!(
        world.process().paste(&sign_in, &address).await.is_err(),
        "only where it was begun"
    );
    auth.paste(&sign_in, &format!(" {address}\n")).await.unwrap();
    auth.wait(&sign_in).await.unwrap();
    assert_eq!(given(&auth).await, "planted-access-1");
    assert!(matches!(
        auth.paste(&sign_in, &address).await,
        Err(AuthError::NoSuchSignIn)
    ));

    world.provider.signs_in("mallory");
    let again = begin(&auth).await;
    let address = browser
        .get(&auth.provider_url(&again).await.unwrap())
        .await
        .to()
        .to_owned();
    let error = auth.paste(&again, &address).await.unwrap_err();
    assert!(matches!(error, AuthError::OtherIdentity { .. }), "{error}");
    assert_eq!(given(&auth).await, "planted-access-1");
    auth.agree(&again, true).await.unwrap();
    assert_eq!(given(&auth).await, "planted-access-2", "the terminal's user agreed");
}
