//! Sign-ins against an OAuth server that nobody here wrote, through the binary.

use std::time::{Duration, Instant};

use pocket_tests::{Browser, Ended, OAuthServer, Page, PocketCommand, Running, folder_of, free_port};
use serde_json::{Value, json};

/// The server, and a project that knows it as the provider `judge`.
struct Story {
    server: OAuthServer,
    pocket: PocketCommand,
    port: u16,
}

impl Story {
    /// `None` where the server is not installed.
    fn new(named: &str, access_token_seconds: u64) -> Option<Self> {
        Self::of(named, access_token_seconds, OAuthServer::provider)
    }

    /// With this in the operator's file.
    fn of(named: &str, access_token_seconds: u64, provider: impl Fn(&OAuthServer) -> String) -> Option<Self> {
        let port = free_port();
        let redirect = format!("http://127.0.0.1:{port}/auth/judge/callback");
        let server = OAuthServer::start(named, &redirect, access_token_seconds)?;
        let mut pocket = PocketCommand::new();
        pocket.set("POCKET_TRUST_PROJECT", "1");
        pocket.write(
            "pocket.toml",
            &format!("{}\n[callback]\nport = {port}\n", provider(&server)),
        );
        pocket.write(".secrets.toml", &server.secrets());
        Some(Self { server, pocket, port })
    }

    /// Signs in, as far as the page after the provider's last one.
    async fn sign_in(&self, browser: &mut Browser, running: &mut Running) -> Page {
        let login = self.at_the_provider(browser, running).await;
        let consent = browser.submit(&login, &[("login", "alice"), ("password", "x")]).await;
        assert!(consent.body.contains("api:read"), "{}", consent.body);
        browser.submit(&consent, &[]).await
    }

    /// Goes to the provider's page for signing in.
    async fn at_the_provider(&self, browser: &mut Browser, running: &mut Running) -> Page {
        let url = running.word(&format!("http://127.0.0.1:{}/sign-in/", self.port));
        let page = browser.open(&url).await;
        assert!(page.status.is_success(), "{}", page.body);
        let login = browser.submit(&page, &[]).await;
        assert!(login.url.as_str().starts_with(&self.server.url()), "{}", login.url);
        login
    }

    /// A tool that asks the server whose token it was given.
    fn call(&self) -> Vec<String> {
        let url = self.server.url();
        let manifest = json!({
            "tool": { "name": "who_am_i", "inputSchema": { "type": "object" } },
            "component": "tool.wasm",
            "auth": { "auth_provider": "judge", "scopes": SCOPES },
            "permissions": { "http": [format!("GET {url}/me")] },
        });
        folder_of(&self.pocket.project(), "dial", &manifest);
        let input = json!({
            "url": format!("{url}/me"),
            "headers": { "authorization": "Bearer {token}" },
            "token": "JUDGE_TOKEN",
        });
        vec![
            "run".to_owned(),
            "./dial".to_owned(),
            input.to_string(),
            format!("--allow-private={url}"),
        ]
    }
}

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
const SCOPES: [&str; 3] = ["api:read", "offline_access", "openid"];

async fn end(running: Running) -> Ended {
    tokio::task::spawn_blocking(|| running.end()).await.expect("it ends")
}

fn the_account(story: &Story) -> Value {
    let status = story.pocket.run(["auth", "status", "--json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap_or_else(|e| panic!("{e}: {}", status.stderr));
    status["accounts"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_pkce_and_issuer_gives_a_token_that_is_kept_and_works() {
    let Some(story) = Story::new("a whole sign-in", 3600) else {
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
    let ended = end(running).await;
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
async fn two_processes_that_need_a_new_token_at_once_renew_it_once() {
    let seconds = 20;
    let Some(story) = Story::new("renewals of two processes at once", seconds) else {
        return;
    };
    let call = story.call();
    let mut running = story.pocket.start(&call);
    story.sign_in(&mut Browser::new(), &mut running).await;
    let signed_in = Instant::now();
    let ended = end(running).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let first = story.server.last("refresh_token");
    // In the second half of its life the token is too short for a call.
    let half = Duration::from_secs(seconds / 2 + 1);
    tokio::time::sleep(half.saturating_sub(signed_in.elapsed())).await;
    let both = [story.pocket.start(&call), story.pocket.start(&call)];
    for running in both {
        let ended = end(running).await;
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
async fn a_code_that_comes_twice_is_used_once() {
    let Some(story) = Story::new("a code that comes twice", 3600) else {
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
    let ended = end(running).await;
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
async fn a_user_who_denies_is_told_at_once() {
    let Some(story) = Story::new("a user who denies", 3600) else {
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
    let ended = end(running).await;
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("denied"), "{}", ended.stderr);
    assert_eq!(the_account(&story), Value::Null);
    assert_eq!(story.server.count("grant.success authorization_code"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_tokens_at_the_provider() {
    let Some(story) = Story::new("a sign-out", 3600) else {
        return;
    };
    let mut running = story.pocket.start(LOGIN);
    story.sign_in(&mut Browser::new(), &mut running).await;
    let ended = end(running).await;
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
    let Some(story) = Story::new("a sign-in by code", 3600) else {
        return;
    };
    let call = story.call();
    let mut running = story.pocket.start(call.iter().map(String::as_str).chain(["--device"]));
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
    let ended = end(running).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("alice"), "{} {}", ended.stdout, ended.stderr);
    assert_eq!(the_account(&story)["state"], "ready", "{}", the_account(&story));
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
    let Some(story) = Story::of(
        "a provider of which only the issuer is known",
        3600,
        OAuthServer::issuer,
    ) else {
        return;
    };
    let mut running = story.pocket.start(story.call());
    let done = story.sign_in(&mut Browser::new(), &mut running).await;
    assert!(done.url.path().starts_with("/done/"), "{} {}", done.url, done.body);
    let ended = end(running).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stdout.contains("alice"), "{} {}", ended.stdout, ended.stderr);
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
    let Some(story) = Story::new("the client's own token", 3600) else {
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
