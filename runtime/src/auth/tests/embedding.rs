//! The pages in a server of the embedding program, under a path of its own.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderMap;

use super::{
    browser::Browser,
    world::{World, begin, given, need},
};
use crate::{
    auth::{Auth, Sessions},
    base::{code::Code, name::Profile},
};

#[tokio::test]
async fn a_whole_sign_in_goes_over_the_pages_of_the_embedding_program() {
    let world = World::new().await;
    let auth = world.process();
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}/pocket", server.local_addr().unwrap());
    let app = axum::Router::new()
        .route("/", axum::routing::get(|| async { "the program's own page" }))
        .nest("/pocket", auth.router(&at.parse().unwrap()));
    tokio::spawn(async move { axum::serve(server, app).await });

    let sign_in = begin(&auth).await;
    assert!(sign_in.url.starts_with(&format!("{at}/sign-in/")), "{}", sign_in.url);
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    assert!(callback.starts_with(&format!("{at}/auth/acme/callback?")), "{callback}");
    let of_another = callback.replace("/auth/acme/", "/auth/other/");
    assert_eq!(
        browser.get(&of_another).await.status,
        400,
        "each provider has its own path"
    );
    let answered = browser.get(&callback).await;
    assert!(answered.to().starts_with(&format!("{at}/done/")), "{answered:?}");
    let (done, waited) = tokio::join!(browser.get(answered.to()), auth.wait(&sign_in));
    waited.unwrap();
    assert!(done.html.contains("Signed in to Acme"), "{done:?}");
    assert_eq!(given(&auth).await, "planted-access-1");
    std::net::TcpListener::bind(("127.0.0.1", world.port)).expect("no port of ours was opened");

    let missing = browser.get(&format!("{at}/nothing")).await;
    assert_eq!(missing.status, 404, "{missing:?}");
    let own = browser.get(at.trim_end_matches("pocket")).await;
    assert_eq!(own.html, "the program's own page");
    let foreign = browser
        .request(reqwest::Method::GET, &sign_in.url, &[("host", "evil.example")], "")
        .await;
    assert_eq!(foreign.status, 421, "{foreign:?}");
}

#[tokio::test]
async fn a_provider_that_sends_browsers_elsewhere_is_signed_in_with_on_our_own_port() {
    let world = World::with("oauth2.redirect = \"localhost\"").await;
    let auth = world.process();
    let _pages = auth.router(&"http://127.0.0.1:1/pocket".parse().unwrap());
    let sign_in = auth.begin(&Profile::default(), &[need()], &[]).await.unwrap();
    assert!(
        sign_in
            .url
            .starts_with(&format!("http://localhost:{}/sign-in/", world.port)),
        "{}",
        sign_in.url
    );
}

/// A site whose sessions are cookies: `session=1` is alice's, `session=2` bob's.
struct Site;

#[async_trait]
impl Sessions for Site {
    async fn profile(&self, headers: &HeaderMap) -> Option<Profile> {
        let cookies = headers.get("cookie")?.to_str().ok()?;
        let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))?;
        match session {
            "1" => Some(Profile::new("alice")),
            "2" => Some(Profile::new("bob")),
            _ended => None,
        }
    }
}

/// Serves the pages of `auth` as a part of that site; where.
async fn site(auth: &Auth) -> String {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}/pocket", server.local_addr().unwrap());
    let pages = auth.router_with_sessions(&at.parse().unwrap(), Arc::new(Site)).unwrap();
    tokio::spawn(async move { axum::serve(server, axum::Router::new().nest("/pocket", pages)).await });
    at
}

#[tokio::test]
async fn f_23_on_a_site_that_others_reach_a_sign_in_is_for_a_session_of_its_profile_alone() {
    let world = World::new().await;
    let auth = world.process();
    let at = site(&auth).await;
    let (alice, bob) = (Profile::new("alice"), Profile::new("bob"));
    let sign_in = auth.begin(&alice, &[need()], &[]).await.unwrap();
    assert!(sign_in.url.starts_with(&at), "{}", sign_in.url);

    let of_alice = Browser::with_cookie("session", "1");
    let callback = of_alice.until_callback(&sign_in.url).await;
    for session in ["2", "ended"] {
        let other = Browser::with_cookie("session", session);
        let page = other.get(&sign_in.url).await;
        assert_eq!(page.status, 403, "{page:?}");
        assert!(page.html.contains("is not yours"), "{page:?}");
        assert!(!page.html.contains("alice"), "whose it is, is not told: {page:?}");
        let sent = other.request(reqwest::Method::POST, &sign_in.url, &[], "form=x").await;
        assert_eq!(sent.status, 403, "{sent:?}");
        assert_eq!(other.get(&callback).await.status, 403);
    }
    // Even one that has every cookie of alice's browser but her session.
    of_alice.set_cookie("session", "2");
    assert_eq!(of_alice.get(&callback).await.status, 403);
    of_alice.set_cookie("session", "1");
    assert!(world.provider.requests().is_empty(), "no code was used");
    assert!(!auth.is_ready(&bob, &[need()]).await.unwrap());

    let answered = of_alice.get(&callback).await;
    assert_eq!(answered.status, 303, "hers is still pending: {answered:?}");
    let done = of_alice.get(answered.to()).await;
    assert!(done.html.contains("Signed in to Acme"), "{done:?}");
    let told = Browser::with_cookie("session", "2").get(answered.to()).await;
    assert!(told.html.contains("was used already"), "{told:?}");
    auth.wait(&sign_in).await.unwrap();
    assert!(auth.is_ready(&alice, &[need()]).await.unwrap());
    assert!(!auth.is_ready(&bob, &[need()]).await.unwrap());
}

#[tokio::test]
async fn f_23_a_sign_in_of_a_site_is_not_completed_on_a_port_of_this_machine() {
    let world = World::new().await;
    let (of_site, other) = (world.process(), world.process());
    let at = site(&of_site).await;
    let sign_in = of_site.begin(&Profile::new("alice"), &[need()], &[]).await.unwrap();
    let callback = Browser::with_cookie("session", "1").until_callback(&sign_in.url).await;
    // Another process of the same store listens here.
    let own = begin(&other).await;
    let (here, _) = own.url.split_once("/sign-in/").unwrap();
    let browser = Browser::new();
    let page = browser.get(&sign_in.url.replace(&at, here)).await;
    assert_eq!(page.to(), sign_in.url, "its page is on the site");
    let sent = browser.get(&callback.replace(&at, here)).await;
    assert_eq!(sent.status, 403, "{sent:?}");
    assert!(world.provider.requests().is_empty(), "no code was used");
}

#[tokio::test]
async fn pages_that_others_reach_are_served_over_https_only() {
    let auth = World::new().await.process();
    for at in [
        "http://tools.example/",
        "ftp://tools.example",
        "https://tools.example/?a=b",
    ] {
        let refused = auth
            .router_with_sessions(&at.parse().unwrap(), Arc::new(Site))
            .unwrap_err();
        assert_eq!(refused.code(), Code::NotValid, "{at}");
        assert!(!refused.hints().is_empty());
    }
    let _pages = auth
        .router_with_sessions(&"https://tools.example/pocket".parse().unwrap(), Arc::new(Site))
        .unwrap();
    let sign_in = begin(&auth).await;
    assert!(
        sign_in.url.starts_with("https://tools.example/pocket/sign-in/"),
        "{}",
        sign_in.url
    );
    assert_eq!(sign_in.fingerprint, None, "the site has its own");
}
