//! The pages in a server of the embedding program, under a path of its own.

use super::{
    browser::Browser,
    world::{World, begin, given, need},
};
use crate::base::name::Profile;

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
