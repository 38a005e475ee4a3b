//! Sign-ins against an OAuth server that nobody here wrote, through the binary.

use std::time::{Duration, Instant};

use pocket_tests::{Browser, JudgedCommand as Story, folder_of};
use serde_json::{Value, json};

const LOGIN: [&str; 9] = [
    "auth",
    "login",
    "judge",
    "--scope",
    "openid",
    "--scope",
    "offline_access",
    "--scope",
    "api:read",
];

fn the_account(story: &Story) -> Value {
    let status = story.pocket.run(["auth", "status", "--json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap_or_else(|e| panic!("{e}: {}", status.stderr));
    status["accounts"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_pkce_and_issuer_gives_a_token_that_is_kept_and_works() {
    let Some(story) = Story::start("a whole sign-in", 3600).await else {
        return;
    };
    let call = story.call();
    let mut running = story.pocket.start(&call);
    let mut browser = Browser::new();
    let done = story.sign_in(&mut browser, &mut running).await;
    assert!(
        done.status.is_success() && done.url.path().starts_with("/done/"),
        "{} {}",
        done.url,
        done.body
    );
    let asked = browser
        .visited()
        .iter()
        .find(|url| url.path() == "/auth")
        .expect("the provider was asked");
    let asked = asked.query().unwrap_or_default();
    assert!(asked.contains("code_challenge_method=S256"), "{asked}");
    let answered = browser.visited().iter().find(|url| url.path().ends_with("/callback"));
    let answered = answered.and_then(url::Url::query).unwrap_or_default();
    assert!(answered.contains("iss="), "{answered}");
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let output: Value = serde_json::from_str(&ended.stdout).expect("the output is JSON");
    assert_eq!(output["status"], 200, "{output}");
    assert!(
        output["body"].as_str().is_some_and(|body| body.contains("alice")),
        "{output}"
    );
    let again = story.pocket.run(&call);
    assert_eq!(
        (again.code, &again.stdout.contains("alice")),
        (0, &true),
        "{}",
        again.stderr
    );
    assert_eq!(story.server.count("grant.success authorization_code"), 1);
    assert_eq!(
        the_account(&story)["scopes"].as_array().map(Vec::len),
        Some(3),
        "{}",
        the_account(&story)
    );
    let said = format!("{}{}{}{}", ended.stdout, ended.stderr, again.stdout, again.stderr);
    for secret in [
        story.server.last("access_token"),
        story.server.last("refresh_token"),
        "se:cret".to_owned(),
    ] {
        assert!(!said.contains(&secret), "no secret is printed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_02_two_processes_that_need_a_new_token_at_once_renew_it_once() {
    let seconds = 20;
    let Some(story) = Story::start("renewals of two processes at once", seconds).await else {
        return;
    };
    let call = story.call();
    let mut running = story.pocket.start(&call);
    story.sign_in(&mut Browser::new(), &mut running).await;
    let signed_in = Instant::now();
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let first = story.server.last("refresh_token");
    // In the second half of its life the token is too short for a call.
    let half = Duration::from_secs(seconds / 2 + 1);
    tokio::time::sleep(half.saturating_sub(signed_in.elapsed())).await;
    let both = [story.pocket.start(&call), story.pocket.start(&call)];
    for running in both {
        let ended = running.ended().await;
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains("alice"), "{}", ended.stdout);
    }
    assert_eq!(story.server.count("grant.success refresh_token"), 1);
    assert_eq!(story.server.count("grant.error refresh_token"), 0);
    assert!(!story.server.is_active(&first).await, "the first one was used up");
    assert!(
        story.server.is_active(&story.server.last("refresh_token")).await,
        "the account lives"
    );
    assert_eq!(the_account(&story)["state"], "ready", "{}", the_account(&story));
}

#[tokio::test(flavor = "multi_thread")]
async fn f_21_a_code_that_comes_twice_is_used_once() {
    let Some(story) = Story::start("a code that comes twice", 3600).await else {
        return;
    };
    // It has the port, and outlives the sign-in that is completed here.
    let mut other = story
        .pocket
        .start(["auth", "login", "judge", "--handler", "judge-token"]);
    other.word("http");
    let mut running = story.pocket.start(LOGIN);
    let mut browser = Browser::new();
    let done = story.sign_in(&mut browser, &mut running).await;
    assert!(done.status.is_success(), "{}", done.body);
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let callback = browser.visited().iter().find(|url| url.path().ends_with("/callback"));
    let callback = callback.expect("the provider sent the browser back").to_string();
    let replayed = browser.open(&callback).await;
    assert_eq!(replayed.status.as_u16(), 410, "{}", replayed.body);
    let elsewhere = Browser::new().open(&callback).await;
    assert!(elsewhere.status.is_client_error(), "{}", elsewhere.body);
    assert_eq!(story.server.count("grant.success authorization_code"), 1);
    assert_eq!(
        story.server.count("grant.error authorization_code"),
        0,
        "the code was not sent again"
    );
    assert!(
        story.server.is_active(&story.server.last("access_token")).await,
        "nothing was revoked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f_24_a_user_who_denies_is_told_at_once() {
    let Some(story) = Story::start("a user who denies", 3600).await else {
        return;
    };
    let mut running = story.pocket.start(LOGIN);
    let mut browser = Browser::new();
    let login = story.at_the_provider(&mut browser, &mut running).await;
    let abort = login.body.split('"').find(|part| part.ends_with("/abort"));
    let abort = abort.expect("the page has a link to cancel").to_owned();
    let denied = browser.open(&abort).await;
    let told = Instant::now();
    assert!(
        denied.url.path().starts_with("/done/"),
        "{} {}",
        denied.url,
        denied.body
    );
    let ended = running.ended().await;
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("denied"), "{}", ended.stderr);
    assert_eq!(the_account(&story), Value::Null);
    assert_eq!(story.server.count("grant.success authorization_code"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_tokens_at_the_provider() {
    let Some(story) = Story::start("a sign-out", 3600).await else {
        return;
    };
    let mut running = story.pocket.start(LOGIN);
    story.sign_in(&mut Browser::new(), &mut running).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let tokens = [story.server.last("access_token"), story.server.last("refresh_token")];
    for token in &tokens {
        assert!(story.server.is_active(token).await);
    }
    let ended = story.pocket.run(["auth", "logout", "judge"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    for token in &tokens {
        assert!(!story.server.is_active(token).await);
    }
    assert_eq!(the_account(&story), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_enters_a_code_on_another_device() {
    let Some(story) = Story::start("a sign-in by code", 3600).await else {
        return;
    };
    let mut running = story.pocket.start(LOGIN.iter().copied().chain(["--device"]));
    let url = running.word(&story.server.url());
    let code = running.after("began this:");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let confirm = browser.submit(&page, &[("user_code", &code)]).await;
    assert!(confirm.body.contains(&code), "{}", confirm.body);
    let login = browser.submit(&confirm, &[]).await;
    let consent = browser.submit(&login, &[("login", "alice"), ("password", "x")]).await;
    assert!(consent.body.contains("api:read"), "{}", consent.body);
    browser.submit(&consent, &[]).await;
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(the_account(&story)["state"], "ready", "{}", the_account(&story));
    let call = story.pocket.run(story.call());
    assert!(call.stdout.contains("alice"), "{} {}", call.stdout, call.stderr);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!said.contains(&story.server.last("access_token")));
    assert_eq!(
        story
            .server
            .count("grant.success urn:ietf:params:oauth:grant-type:device_code"),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_alone_is_a_provider_that_works() {
    let named = "a provider of which only the issuer is known";
    let Some(story) = Story::knowing(named, 3600, |server, _proxy| server.issuer()).await else {
        return;
    };
    let mut running = story.pocket.start(LOGIN);
    let done = story.sign_in(&mut Browser::new(), &mut running).await;
    assert!(done.status.is_success(), "{}", done.body);
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let call = story.pocket.run(story.call());
    assert!(call.stdout.contains("alice"), "{} {}", call.stdout, call.stderr);
    let token = story.server.last("access_token");
    let ended = story.pocket.run(["auth", "logout", "judge"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        !story.server.is_active(&token).await,
        "it said where tokens are revoked, too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_gets_the_clients_own_token_with_no_person() {
    let Some(story) = Story::start("the client's own token", 3600).await else {
        return;
    };
    let url = story.server.url();
    let manifest = json!({
        "tool": { "name": "ask", "inputSchema": { "type": "object" } },
        "component": "tool.wasm",
        "auth": { "auth_provider": "judge", "auth_handler": "judge-client" },
        "permissions": { "http": [format!("GET {url}/me")] },
    });
    folder_of(&story.pocket.project(), "dial", &manifest);
    let input = json!({
        "url": format!("{url}/me"),
        "headers": { "authorization": "Bearer {token}" },
        "token": "JUDGE_TOKEN",
    });
    let inspect = story.pocket.run(["inspect", "./dial", "--json"]);
    let digest: Value = serde_json::from_str(&inspect.stdout).unwrap_or_else(|e| panic!("{e}: {}", inspect.stderr));
    let yes = format!(
        "--yes={}",
        digest["digest"].as_str().unwrap_or_else(|| panic!("{digest}"))
    );
    let allow = format!("--allow-private={url}");
    let ended = story.pocket.run(["run", "./dial", &input.to_string(), &allow, &yes]);
    // The server gives it, and has no user to tell of.
    let token = story.server.last("client_credentials");
    assert!(
        story.server.is_active(&token).await,
        "{} {}",
        ended.stdout,
        ended.stderr
    );
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(&token));
    let login = story
        .pocket
        .run(["auth", "login", "judge", "--handler", "judge-client"]);
    assert!(login.stderr.contains("nothing to sign in to"), "{}", login.stderr);
}
