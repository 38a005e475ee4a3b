//! Sign-ins and sign-outs, through the binary.

use pocket_tests::{Browser, Fault, Glewlwyd, GlewlwydCommand as Story};
use serde_json::Value;

use crate::{said, status};

const LOGIN: [&str; 5] = ["auth", "login", "glewlwyd", "--scope", "api:read"];
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_pkce_gives_a_token_that_is_kept_and_works() {
    let Some(story) = Story::start("a whole sign-in at glewlwyd").await else {
        return;
    };
    let ended = story.call_and_sign_in().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(status(&ended.stdout), 200, "{}", ended.stdout);
    let again = story.pocket.run(story.call());
    assert_eq!((again.code, status(&again.stdout)), (0, 200), "{}", again.stderr);
    assert_eq!(said(&story.server, "authorization_code"), [(Some(200), None)]);
    assert!(said(&story.server, "refresh_token").is_empty());
    let shown = format!("{}{}{}{}", ended.stdout, ended.stderr, again.stdout, again.stderr);
    for kind in ["access_token", "refresh_token"] {
        assert!(!shown.contains(&story.server.proxy.last(kind)), "no {kind} is printed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_44_a_code_that_is_refused_with_403_in_words_of_its_own_ends_the_sign_in() {
    let Some(story) = Story::start("F-44 at glewlwyd").await else {
        return;
    };
    let mut running = story.pocket.start(LOGIN);
    let mut browser = Browser::new();
    let login = story.at_the_provider(&mut browser, &mut running).await;
    let on = story.server.consented(&mut browser, &login).await;
    let back = browser.open_only(&on).await;
    let back = back.headers.get("location").and_then(|to| to.to_str().ok());
    let mut back: url::Url = back.and_then(|to| to.parse().ok()).expect("it sends the browser back");
    let pairs: Vec<(String, String)> = back.query_pairs().into_owned().collect();
    let others = pairs.iter().filter(|(name, _value)| name != "code");
    back.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("code", "a-code-that-it-never-gave");
    let page = browser.open(back.as_str()).await;
    assert!(page.url.path().starts_with("/done/"), "{} {}", page.url, page.body);
    let ended = running.ended().await;
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("invalid_code"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("a-code-that-it-never-gave"), "{}", ended.stderr);
    let refused = (Some(403), Some("invalid_code".to_owned()));
    assert_eq!(
        said(&story.server, "authorization_code"),
        [refused],
        "it was not sent again"
    );
    assert_eq!(story.account(), Value::Null);
    let ended = story.call_and_sign_in().await;
    assert_eq!(ended.code, 0, "the next one is as good as ever: {}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn f_50_a_server_that_wants_to_be_asked_less_often_is_and_the_sign_in_completes() {
    let Some(story) = Story::start("F-50 at glewlwyd").await else {
        return;
    };
    // The server holds to an interval that is longer than the one that is told.
    story.server.proxy.on_device_code(Fault::Interval(1));
    let call = story.call();
    let mut running = story.pocket.start(call.iter().map(String::as_str).chain(["--device"]));
    running.word(&story.server.url());
    let code = running.after("began this:");
    story.server.proxy.until_said("slow_down").await;
    story.server.enter(&code).await;
    let ended = running.ended().await;
    assert_eq!((ended.code, status(&ended.stdout)), (0, 200), "{}", ended.stderr);
    let said = said(&story.server, DEVICE_CODE);
    let slow_downs = said.iter().filter(|(_, error)| error.as_deref() == Some("slow_down"));
    assert_eq!(slow_downs.count(), 1, "it was asked less often from then on: {said:?}");
    assert_eq!(said.last(), Some(&(Some(200), None)), "{said:?}");
    assert_eq!(story.account()["state"], "ready", "{}", story.account());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_tokens_at_the_server() {
    let Some(story) = Story::start("a sign-out at glewlwyd").await else {
        return;
    };
    let ended = story.call_and_sign_in().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let tokens = ["access_token", "refresh_token"].map(|kind| story.server.proxy.last(kind));
    for token in &tokens {
        assert!(story.server.is_active(token).await);
    }
    let ended = story.pocket.run(["auth", "logout", "glewlwyd"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for token in &tokens {
        assert!(!story.server.is_active(token).await);
    }
    assert_eq!(story.account(), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_path_is_a_provider_that_works() {
    let named = "a provider of which only the issuer is known, at glewlwyd";
    let Some(story) = Story::knowing(named, Glewlwyd::provider_by_issuer).await else {
        return;
    };
    let ended = story.call_and_sign_in().await;
    assert_eq!((ended.code, status(&ended.stdout)), (0, 200), "{}", ended.stderr);
    let token = story.server.proxy.last("access_token");
    let ended = story.pocket.run(["auth", "logout", "glewlwyd"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        !story.server.is_active(&token).await,
        "it said where tokens are revoked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_a_nonce_with_openid_gets_one() {
    let Some(story) = Story::knowing("a nonce for glewlwyd", Glewlwyd::provider_by_issuer).await else {
        return;
    };
    // Its issuer knows the scope `openid`, so that is what is asked where nobody asks for another.
    let mut running = story.pocket.start(["auth", "login", "glewlwyd"]);
    let mut browser = Browser::new();
    let done = story.sign_in(&mut browser, &mut running).await;
    assert!(done.url.path().starts_with("/done/"), "{} {}", done.url, done.body);
    let asked = browser.visited().iter().find(|url| url.path().ends_with("/oidc/auth"));
    let asked = asked.and_then(url::Url::query).expect("the server was asked");
    assert!(asked.contains("scope=openid") && asked.contains("nonce="), "{asked}");
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(story.account()["state"], "ready", "{}", story.account());
}
