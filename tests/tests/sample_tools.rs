//! The sample tools that no other story runs, against servers on loopback.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Path, Query},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use pocket_tests::{Browser, PocketCommand, Recorder, Served, free_port, sample};
use serde_json::{Value, json};

const TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";

fn issue(number: u64) -> Value {
    json!({
        "number": number,
        "title": format!("issue {number}"),
        "state": "open",
        "html_url": format!("https://github.com/acme/site/issues/{number}"),
        "user": { "login": "alice" },
        "labels": [{ "name": "bug", "color": "f00" }],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "comments": 0,
        "body": null,
    })
}

/// Two pages, of which the first has a pull request too.
async fn issues(
    Path((owner, name)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if headers
        .get(header::AUTHORIZATION)
        .is_none_or(|given| given != &format!("Bearer {TOKEN}"))
    {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "message": "Bad credentials" }))).into_response();
    }
    match (owner.as_str(), name.as_str(), query.get("page").map(String::as_str)) {
        ("acme", "site", Some("1")) => {
            let mut pull = issue(2);
            pull["pull_request"] = json!({ "url": "https://api.github.com/repos/acme/site/pulls/2" });
            let next = [(header::LINK, "<https://api.github.com/next>; rel=\"next\"")];
            (next, Json(json!([issue(1), pull]))).into_response()
        }
        ("acme", "site", Some("2")) => Json(json!([issue(3)])).into_response(),
        ("acme", "busy", _) => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "7")]).into_response(),
        _elsewhere => (StatusCode::NOT_FOUND, Json(json!({ "message": "Not Found" }))).into_response(),
    }
}

/// The ways in which a tool gets its credential.
const MODES: [&str; 2] = ["env", "brokered"];

/// A project in which a token for the server was typed, and in which tools get it in this way.
async fn signed_in(server: &Served, mode: &str) -> PocketCommand {
    let mut pocket = PocketCommand::new();
    pocket
        .set("POCKET_TRUST_PROJECT", "1")
        .set("POCKET_CREDENTIALS__MODE", mode);
    let (host, port) = (server.port(), free_port());
    pocket.write(
        "pocket.toml",
        &format!("[providers.github]\nhosts = [\"127.0.0.1:{host}\"]\n\n[callback]\nport = {port}\n"),
    );
    let mut running = pocket.start(["auth", "login", "github", "--handler", "github-token", "--no-browser"]);
    let url = running.word("http");
    let mut browser = Browser::new();
    let page = browser.open(&url).await;
    let done = browser.submit(&page, &[("field-token", TOKEN)]).await;
    assert!(done.status.is_success(), "{}", done.body);
    let ended = running.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    pocket
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_are_listed_page_by_page_without_pull_requests() {
    for mode in MODES {
        list_issues(mode).await;
    }
}

async fn list_issues(mode: &str) {
    let router = Router::new().route("/repos/{owner}/{name}/issues", get(issues));
    let server = Served::start(router, None).await;
    let pocket = signed_in(&server, mode).await;
    let tool = sample("github-list-issues").display().to_string();
    let inspected: Value = serde_json::from_str(&pocket.run(["inspect", &tool, "--json"]).stdout).expect("JSON");
    let yes = format!("--yes={}", inspected["digest"].as_str().expect("a digest"));
    let run = |repository: &str| {
        let input = json!({ "repository": repository }).to_string();
        let api = format!("--variable=GITHUB_API_URL={}", server.url());
        let allow = format!("--allow-private={}", server.url());
        pocket.run(["run", &tool, &input, &api, &allow, &yes])
    };
    let listed = run("acme/site");
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let output: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let numbers: Vec<_> = output["issues"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|issue| issue["number"].as_u64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(3)], "{output}");
    let missing = run("acme/nothing");
    assert!(missing.stderr.contains("no such repository"), "{}", missing.stderr);
    let busy = run("acme/busy");
    assert!(busy.stderr.contains("[rate_limited]"), "{}", busy.stderr);
    for ended in [listed, missing, busy] {
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(TOKEN));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_fetched_as_text_from_the_hosts_that_were_granted_alone() {
    let page = "<html><head><title>T</title><script>no()</script></head><body><p>Hello <b>there</b></p></body></html>";
    let router = Router::new().route("/page", get(move || async move { Html(page) }));
    let server = Served::start(router, None).await;
    let elsewhere = Recorder::start().await;
    let pocket = PocketCommand::new();
    let tool = sample("fetch-page").display().to_string();
    let allow = format!("--allow-private={}", server.url());
    let fetch = |url: String| pocket.run(["run", &tool, &json!({ "url": url }).to_string(), &allow]);
    let fetched = fetch(format!("{}/page", server.url()));
    assert_eq!(fetched.code, 0, "{}", fetched.stderr);
    let output: Value = serde_json::from_str(&fetched.stdout).expect("JSON");
    let text = output["text"].as_str().expect("text");
    assert!(text.contains("Hello there") && !text.contains("no()"), "{output}");
    assert_eq!(output["status"], 200);
    let refused = fetch(format!("{}/page", elsewhere.url()));
    assert_ne!(refused.code, 0, "{}", refused.stdout);
    assert!(
        refused.stderr.contains(&elsewhere.url()),
        "it names what would allow it: {}",
        refused.stderr
    );
    assert_eq!(elsewhere.seen().len(), 0);
}
