//! Everything that can come to a callback besides the answer that is awaited.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    browser::{Browser, Shown},
    world::{World, begin, credential, given},
};
use crate::auth::AuthError;

#[tokio::test]
async fn f_23_a_callback_in_another_browser_uses_nothing() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    let refused = Browser::new().get(&callback).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains("another browser"), "{refused:?}");
    assert!(world.provider.requests().is_empty(), "the code was not used");
    browser.get(&callback).await;
    auth.wait(&sign_in).await.unwrap();
}

#[tokio::test]
async fn f_20_f_21_f_25_f_26_f_27_a_callback_that_is_foreign_or_replayed_gets_a_page_and_no_request() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    let base = format!("http://127.0.0.1:{}/auth/acme/callback", world.port);

    let state = callback.split_once("state=").unwrap().1.to_owned();
    let altered = format!("{}{}", &state[..42], if state.ends_with('A') { "E" } else { "A" });
    for (query, status) in [
        (String::new(), 400),
        ("code=x".to_owned(), 400),
        ("code=x&state=<script>alert(1)</script>".to_owned(), 400),
        (format!("code=x&state={}", "A".repeat(43)), 400),
        (format!("code=x&state={altered}"), 400),
        (format!("code=x&code=y&state={state}"), 400),
        (format!("code=x&state={state}&state={state}"), 400),
        (format!("code=%00&state={state}"), 400),
        (format!("code={}&state={state}", "x".repeat(9_000)), 414),
    ] {
        let shown = browser.get(&format!("{base}?{query}")).await;
        assert_eq!(shown.status, status, "{query}: {shown:?}");
        assert!(!shown.html.contains("<script"), "{shown:?}");
        assert!(shown.policy.contains("default-src 'none'"), "{shown:?}");
    }
    let mixed_up = browser.get(&callback.replace("/acme/", "/slack/")).await;
    assert_eq!(mixed_up.status, 400, "another provider's path");

    for method in [Method::HEAD, Method::POST, Method::PUT] {
        let shown = browser.request(method, &callback, &[], "").await;
        assert_eq!(shown.status, 405, "{shown:?}");
    }
    let shown = browser
        .request(Method::GET, &callback, &[("host", "evil.example")], "")
        .await;
    assert_eq!(shown.status, 421, "{shown:?}");
    let shown = browser
        .request(Method::GET, &callback, &[("sec-purpose", "prefetch")], "")
        .await;
    assert_eq!(shown.status, 403, "{shown:?}");
    assert!(world.provider.requests().is_empty(), "nothing of that used the sign-in");

    let answered = browser
        .get(&format!("{callback}&redirect_uri=https://evil.example"))
        .await;
    leads_to_our_last_page(&world, &answered);
    auth.wait(&sign_in).await.unwrap();
    let replayed = browser.get(&callback).await;
    assert_eq!(replayed.status, 410);
    assert!(replayed.html.contains("used already"), "{replayed:?}");
    assert_eq!(world.provider.requests().len(), 1);
}

fn leads_to_our_last_page(world: &World, answered: &Shown) {
    let ours = format!("http://127.0.0.1:{}/done/", world.port);
    assert!(answered.to().starts_with(&ours), "{answered:?}");
    assert!(!answered.to().contains("evil"), "{answered:?}");
}

#[tokio::test]
async fn f_26_no_parameter_of_a_callback_says_where_the_browser_goes() {
    let world = World::new().await;
    for elsewhere in [
        "https://evil.example",
        "//evil.example",
        "\\\\evil.example",
        "/\\evil.example",
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect();
        for written in [elsewhere, encoded.as_str()] {
            let auth = world.process();
            let sign_in = begin(&auth).await;
            let browser = Browser::new();
            let callback = browser.until_callback(&sign_in.url).await;
            // Nor does one that no sign-in knows.
            let base = format!("http://127.0.0.1:{}/auth/acme/callback", world.port);
            let foreign = browser.get(&format!("{base}?redirect_uri={written}")).await;
            assert_eq!((foreign.status, &foreign.to), (400, &None), "{foreign:?}");
            let answered = browser.get(&format!("{callback}&redirect_uri={written}")).await;
            leads_to_our_last_page(&world, &answered);
            let last = browser.get(answered.to()).await;
            assert_eq!((last.status, &last.to), (200, &None), "{last:?}");
            auth.wait(&sign_in).await.unwrap();
        }
    }
}

#[tokio::test]
async fn f_25_markup_in_a_providers_words_is_shown_as_text() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    let words = "&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    // In a browser that the sign-in does not know it is not even read.
    let state = callback.split_once("state=").unwrap().1;
    let base = format!("http://127.0.0.1:{}/auth/acme/callback", world.port);
    let refused = format!("{base}?error=invalid_scope{words}&state={state}");
    let foreign = Browser::new().get(&refused).await;
    assert_eq!(foreign.status, 400, "{foreign:?}");
    assert!(!foreign.html.contains("alert(1)"), "{foreign:?}");

    let to_the_end = async {
        let answered = browser.get(&refused).await;
        (browser.get(answered.to()).await, answered)
    };
    let ((last, answered), waited) = tokio::join!(to_the_end, auth.wait(&sign_in));
    assert!(matches!(waited, Err(AuthError::Configuration { .. })), "{waited:?}");
    assert!(!answered.to().contains("script"), "{answered:?}");
    assert!(!last.html.contains("<script"), "{last:?}");
    assert!(last.html.contains("&lt;script&gt;alert(1)"), "{last:?}");
    assert!(last.policy.contains("default-src 'none'"), "{last:?}");
}

/// Sends a request as it is and gives what came back. Who answers early need not read all of it, nor wait for it.
async fn sent_as_it_is(port: u16, request: String) -> String {
    let (mut from, mut to) = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .unwrap()
        .into_split();
    let sending = tokio::spawn(async move {
        let _cut_short = to.write_all(request.as_bytes()).await;
        to
    });
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        answer.extend_from_slice(&piece[..read]);
    }
    drop(sending.await.unwrap());
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn f_25_a_query_of_a_megabyte_is_refused_and_the_sign_in_goes_on() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    let state = callback.split_once("state=").unwrap().1;
    let long = "x".repeat(1 << 20);
    for query in [
        format!("code={long}&state={state}"),
        format!("state={state}&error=access_denied&error_description={long}"),
        format!("code=x&state={long}"),
    ] {
        let host = format!("host: 127.0.0.1:{}", world.port);
        let request = format!("GET /auth/acme/callback?{query} HTTP/1.1\r\n{host}\r\n\r\n");
        let answer = sent_as_it_is(world.port, request).await;
        let status = answer.split_whitespace().nth(1);
        assert!(matches!(status, Some("414" | "431")), "{answer}");
        assert!(!answer.contains("xxxx"), "nothing of it comes back");
    }
    assert!(world.provider.requests().is_empty());
    assert_eq!(browser.get(&callback).await.status, 303, "the sign-in still waits");
    auth.wait(&sign_in).await.unwrap();
}

#[tokio::test]
async fn f_21_a_late_callback_is_told_so_and_the_waiter_too() {
    let world = World::new().await;
    let auth = world.process();
    let sign_in = begin(&auth).await;
    let browser = Browser::new();
    let callback = browser.until_callback(&sign_in.url).await;
    world.later(600);
    let late = browser.get(&callback).await;
    assert_eq!(late.status, 410, "{late:?}");
    assert!(late.html.contains("too late"), "{late:?}");
    assert!(matches!(
        auth.wait(&sign_in).await,
        Err(AuthError::SignInExpired { .. })
    ));
    assert!(world.provider.requests().is_empty());
    assert_ne!(begin(&auth).await.url, sign_in.url, "a new one can always be had");
}

#[tokio::test]
async fn f_22_an_answer_of_another_issuer_ends_the_sign_in_and_sends_its_code_nowhere() {
    let world = World::with("oauth2.issuer = \"https://acme.example\"\noauth2.iss = \"sent\"").await;
    // First it says none, though it always does.
    for issuer in [None, Some("https://evil.example")] {
        let auth = world.process();
        if let Some(issuer) = issuer {
            world.provider.says_issuer(issuer);
        }
        let sign_in = begin(&auth).await;
        let browser = Browser::new();
        let callback = browser.until_callback(&sign_in.url).await;
        let to_the_end = async { browser.get(browser.get(&callback).await.to()).await };
        let (last, waited) = tokio::join!(to_the_end, auth.wait(&sign_in));
        assert!(matches!(waited, Err(AuthError::Protocol { .. })), "{waited:?}");
        assert!(last.html.contains("failed"), "{last:?}");
        assert!(world.provider.requests().is_empty());
    }
}

#[tokio::test]
async fn f_22_words_of_another_issuer_are_shown_to_nobody() {
    let world = World::with("oauth2.issuer = \"https://acme.example\"\noauth2.iss = \"sent\"").await;
    for issuer in ["&iss=https%3A%2F%2Fevil.example", ""] {
        for name in ["access_denied", "server_error", "invalid_scope"] {
            let auth = world.process();
            let sign_in = begin(&auth).await;
            let browser = Browser::new();
            let callback = browser.until_callback(&sign_in.url).await;
            let state = callback.split_once("state=").unwrap().1;
            let base = format!("http://127.0.0.1:{}/auth/acme/callback", world.port);
            let answer = format!("{base}?error={name}&error_description=call+planted+number&state={state}{issuer}");
            let to_the_end = async { browser.get(browser.get(&answer).await.to()).await };
            let (last, waited) = tokio::join!(to_the_end, auth.wait(&sign_in));
            let error = waited.unwrap_err();
            assert!(matches!(error, AuthError::Protocol { .. }), "{error:?}");
            let shown = format!("{} {error} {error:?} {:?}", last.html, error.hints());
            assert!(!shown.contains("planted") && !shown.contains(name), "{shown}");
            assert!(world.provider.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn a_code_that_the_provider_refuses_or_cannot_take_now_ends_the_sign_in_and_nothing_else() {
    let world = World::new().await;
    let auth = world.signed_in().await;
    for fault in [
        super::provider::Fault::Status(400, "{\"error\":\"invalid_grant\"}"),
        super::provider::Fault::Status(503, "<html>"),
        super::provider::Fault::Status(200, "<html>"),
    ] {
        world.provider.fail([fault]);
        let sign_in = begin(&auth).await;
        let browser = Browser::new();
        let callback = browser.until_callback(&sign_in.url).await;
        let (_answered, waited) = tokio::join!(browser.get(&callback), auth.wait(&sign_in));
        assert!(waited.is_err(), "{waited:?}");
        assert_eq!(
            given(&auth).await,
            "planted-access-1",
            "the account that was there is as it was"
        );
    }
}

#[tokio::test]
async fn f_29_a_callback_may_come_before_anyone_waits_and_two_sign_ins_do_not_meet() {
    let world = World::new().await;
    let auth = world.process();
    let one = begin(&auth).await;
    let other = auth
        .begin(&crate::Profile::new("bob"), &[super::world::need()], &[])
        .await
        .unwrap();
    let (first, second) = (Browser::new(), Browser::new());
    let callback = first.until_callback(&one.url).await;
    second.sign_in(&other.url).await;
    assert_eq!(second.get(&callback).await.status, 400, "the other user's browser");
    assert!(credential(&auth).await.is_err());
    first.until_callback(&one.url).await;
    first.get(&first.until_callback(&one.url).await).await;
    tokio::time::timeout(Duration::from_secs(30), auth.wait(&one))
        .await
        .unwrap()
        .unwrap();
    auth.wait(&other).await.unwrap();
}
