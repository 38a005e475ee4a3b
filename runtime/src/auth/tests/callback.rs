//! Everything that can come to a callback besides the answer that is awaited.

use std::time::Duration;

use reqwest::Method;

use super::{
    browser::Browser,
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
    assert!(
        answered
            .to()
            .starts_with(&format!("http://127.0.0.1:{}/done/", world.port)),
        "{answered:?}"
    );
    auth.wait(&sign_in).await.unwrap();
    let replayed = browser.get(&callback).await;
    assert_eq!(replayed.status, 410);
    assert!(replayed.html.contains("used already"), "{replayed:?}");
    assert_eq!(world.provider.requests().len(), 1);
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
    for issuer in ["https://evil.example", ""] {
        let auth = world.process();
        if !issuer.is_empty() {
            world.provider.says_issuer(issuer);
        }
        let sign_in = begin(&auth).await;
        let browser = Browser::new();
        let callback = browser.until_callback(&sign_in.url).await;
        let (_answered, waited) = tokio::join!(browser.get(&callback), auth.wait(&sign_in));
        assert!(waited.is_err());
        assert!(world.provider.requests().is_empty());
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
