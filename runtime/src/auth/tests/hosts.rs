//! Hosts of an account's own: named by the provider at sign-in, and fixed then.

use std::time::Duration;

use super::{
    browser::Browser,
    world::{World, begin, credential, given},
};
use crate::{
    auth::{AuthError, CredentialValue},
    base::{code::Code, name::Profile},
    provider::Flow,
};

const FILE: &str = r#"
    handlers.acme-oauth2.variables = [
        { name = "ACME_TOKEN" },
        { name = "ACME_INSTANCE_URL", field = "instance_url", secrecy = "public" },
    ]
    oauth2.reply.fields = { instance_url = "/who" }
    oauth2.host_fields = { instance_url = "*.my.acme.example" }
"#;

#[tokio::test]
async fn an_accounts_own_host_is_added_to_the_providers_and_stays_as_it_was_at_sign_in() {
    let world = World::with(FILE).await;
    world.provider.signs_in("https://alice.my.acme.example");
    let auth = world.signed_in().await;
    let first = credential(&auth).await.unwrap();
    assert_eq!(*first.hosts, ["api.acme.example", "alice.my.acme.example"]);
    let url = CredentialValue::Public("https://alice.my.acme.example".to_owned());
    assert!(first.variables.contains(&("ACME_INSTANCE_URL".to_owned(), url)));

    world.provider.signs_in("https://mallory.my.acme.example");
    world.later(3_600);
    let renewed = credential(&auth).await.unwrap();
    assert_ne!(renewed.version, first.version, "it was renewed");
    assert_eq!(renewed.hosts, first.hosts);
}

#[tokio::test]
async fn a_host_that_is_not_the_providers_ends_the_sign_in() {
    let world = World::with(FILE).await;
    for elsewhere in [
        "https://evil.example",
        "https://evil.example/.my.acme.example",
        "http://a.my.acme.example",
    ] {
        world.provider.signs_in(elsewhere);
        let auth = world.process();
        let sign_in = begin(&auth).await;
        Browser::new().sign_in(&sign_in.url).await;
        let error = auth.wait(&sign_in).await.unwrap_err();
        assert!(error.to_string().contains("*.my.acme.example"), "{error}");
        assert!(auth.accounts(None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_file_that_widens_what_hosts_an_account_may_have_gets_nothing_of_it() {
    let mut world = World::with(FILE).await;
    world.provider.signs_in("https://alice.my.acme.example");
    world.signed_in().await;
    world.file = FILE.replace("*.my.acme.example", "*.acme.example");
    let error = credential(&world.process()).await.unwrap_err();
    assert_eq!(error.code(), Code::SignInRequired, "{error}");
}

#[tokio::test]
async fn a_token_that_is_renewed_early_is_so_while_it_holds() {
    let world = World::with("oauth2.refresh.early = \"30m\"").await;
    let auth = world.signed_in().await;
    world.later(1_700);
    given(&auth).await;
    assert_eq!(world.provider.refreshes(), 0);
    world.later(200);
    assert_eq!(given(&auth).await, "planted-access-2");
    assert_eq!(world.provider.refreshes(), 1);
}

#[tokio::test]
async fn scopes_that_are_always_asked_for_are_no_tools_need() {
    let world = World::with("oauth2.added_scopes = [\"offline\"]").await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    assert_eq!(sign_in.scopes, ["read", "write"]);
    let url = auth.provider_url(&sign_in).await.unwrap();
    assert!(url.contains("scope=read+write+offline"), "{url}");
}

#[tokio::test]
async fn recommended_scopes_come_along_or_stay_away_as_the_operator_says() {
    let world = World::with("oauth2.recommended_scopes = [\"profile\"]").await;
    for (recommended, scopes) in [
        (None, vec!["read", "write"]),
        (Some(true), vec!["profile", "read", "write"]),
        (Some(false), vec!["read", "write"]),
    ] {
        let mut settings = world.settings();
        let client = settings.clients.get_mut("acme").unwrap();
        client.recommended_scopes = recommended;
        let auth = crate::auth::Auth::new(world.parts(settings, std::sync::Arc::default()));
        let sign_in = begin(&auth).await;
        assert_eq!(sign_in.scopes, scopes);
    }
}

/// Every handler of every provider by which something is typed, through the page.
#[tokio::test]
async fn whatever_is_typed_becomes_a_credential() {
    let world = World::new().await;
    let auth = world.process();
    let providers = crate::provider::Providers::builtin().unwrap();
    let profile = Profile::default();
    let mut count = 0;
    for provider in providers.iter() {
        for handler in &provider.handlers {
            let typed = match &handler.flow {
                Flow::Token(entry) => {
                    let prefix = provider.token_prefixes.first().map_or("planted-", String::as_str);
                    let secret = format!("{prefix}{}", "x".repeat(entry.minimum));
                    vec![("field-token".to_owned(), secret)]
                }
                Flow::Fields(entry) => {
                    let value = |minimum: usize| format!("planted-{}", "x".repeat(minimum));
                    let fields = entry.fields.iter();
                    fields
                        .map(|field| (format!("field-{}", field.name), value(field.minimum)))
                        .collect()
                }
                Flow::OAuth2(_) | Flow::Device(_) | Flow::ClientCredentials(_) => continue,
            };
            let mut need = crate::package::AuthRequirement::new(provider.name.as_str());
            need.handler = Some(handler.name.clone());
            let sign_in = auth.begin(&profile, &[need.clone()], &[]).await.unwrap();
            let browser = Browser::new();
            let page = browser.get(&sign_in.url).await;
            assert!(page.html.contains("type=\"password\""), "{}: {page:?}", handler.name);
            let sent: Vec<(&str, &str)> = typed
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let kept = browser.send(&sign_in.url, &page, &sent).await;
            assert_eq!(kept.status, 303, "{}: {kept:?}", handler.name);
            browser.get(kept.to()).await;
            auth.wait(&sign_in).await.unwrap();
            let given: Result<_, AuthError> = auth.credential(&profile, &need, Duration::from_secs(30)).await;
            let given = given.unwrap();
            assert_eq!(*given.hosts, provider.hosts[..], "{}", handler.name);
            assert_eq!(given.placement, provider.placement, "{}", handler.name);
            let filled: Vec<&str> = given.variables.iter().map(|(name, _)| name.as_str()).collect();
            let named: Vec<&str> = handler
                .variables
                .iter()
                .map(|variable| variable.name.as_str())
                .collect();
            assert_eq!(filled, named);
            count += 1;
        }
    }
    assert_eq!(
        count, 64,
        "60 and `google-token`, a key pair, two pairs of user name and password"
    );
}
