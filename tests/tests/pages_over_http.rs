//! People who open the pages of a server in a browser.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use pocket_runtime::{Access, FolderGrant, Home, SignIn};
use pocket_server::ServerSettings;
use pocket_tests::{Browser, Doors, Embedder, Page, SlackProject, SlackSettings, decide, sample, until};
use serde_json::{Value, json};

const SCRIPT: &str = "<script>alert(1)</script>";
/// Turns the text after it around.
const TURN: char = '\u{202e}';

/// Tools, and a browser that was let in for each of `alice` and `bob`.
struct Visit {
    doors: Doors,
    embedder: Embedder,
    alice: Browser,
    bob: Browser,
}

async fn visit() -> Visit {
    let embedder = Embedder::new();
    let schema = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string", "description": format!("what to say {SCRIPT}{TURN}"), "title": format!("Text{TURN}") },
            "count": { "type": "integer", "minimum": 1, "maximum": 9 },
            "names": { "type": "array", "items": { "type": "string" } },
            "who": { "oneOf": [{ "type": "string" }, { "type": "object", "properties": { "id": { "type": "integer" } } }] },
        },
        "required": ["text", "names"],
    });
    let odd = json!({ "tool": { "title": format!("Odd {SCRIPT}"), "description": SCRIPT, "inputSchema": schema } });
    let pocket = embedder
        .builder()
        .tool(sample("echo").display().to_string().as_str())
        .tool(sample("fetch-page").display().to_string().as_str())
        .tool(embedder.program("sleep_forever"))
        .tool(embedder.program("flood_stderr"))
        .tool(embedder.program_as("typed_report", "odd", odd))
        .build()
        .await
        .expect("the tools are well");
    let doors = Doors::open_for(pocket, embedder.home(), ServerSettings::default(), &["alice", "bob"]).await;
    let (mut alice, mut bob) = (Browser::new(), Browser::new());
    for (browser, which) in [(&mut alice, 0), (&mut bob, 1)] {
        let page = browser.open(doors.one_time_url(which)).await;
        assert_eq!((page.status.as_u16(), page.url.path()), (200, "/"), "{}", page.body);
    }
    Visit {
        doors,
        embedder,
        alice,
        bob,
    }
}

/// Waits until the call that a page shows has ended.
async fn ended(browser: &mut Browser, page: &Page) -> Page {
    assert!(page.url.path().starts_with("/calls/"), "{} {}", page.url, page.body);
    let url = page.url.to_string();
    until("the call ends", async || {
        let page = browser.open(&url).await;
        (!page.body.contains("data-events")).then_some(page)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_one_browser_in_once() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        ..
    } = visit().await;
    let entered = &alice.shown()[0];
    assert_eq!(entered.status, 303);
    assert_eq!(
        entered.headers["referrer-policy"], "no-referrer",
        "the code is told to nobody"
    );
    let cookie = entered.headers["set-cookie"].to_str().unwrap();
    for there in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
        assert!(cookie.contains(there), "{there} in {cookie}");
    }
    let mut other = Browser::new();
    let page = other.open(doors.one_time_url(0)).await;
    assert_eq!(page.status, 403, "it was used");
    assert!(page.body.contains("was used already"), "{}", page.body);
    assert_eq!(other.open(&doors.url("/")).await.url.path(), "/enter");
    let left = alice.open(&doors.url("/")).await;
    let left = alice.submit_to(&left, "/leave", &[]).await;
    assert_eq!(left.url.path(), "/enter");
    let sent = alice.shown()[0].headers["set-cookie"].to_str().unwrap().to_owned();
    let (pair, _) = sent.split_once(';').unwrap();
    let stolen = doors.request("GET", "/calls", "").header("cookie", pair);
    let stolen = doors.send(stolen).await;
    assert!(
        !stolen.text.contains("The calls of this key"),
        "the session has ended, whoever has its cookie"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lets_a_browser_in_to_what_is_the_keys_until_it_is_revoked() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        ..
    } = visit().await;
    let (key, mut browser) = (doors.key_for("carol", "echo"), Browser::new());
    let page = browser.open(&doors.url("/enter")).await;
    let refused = browser
        .submit_to(&page, "/enter", &[("key", "pocket_0123456789ab_AAAA")])
        .await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("aria-invalid=\"true\"") && !refused.body.contains("0123456789ab"));
    let tools = browser
        .submit_to(&refused, "/enter", &[("key", &format!(" {key} "))])
        .await;
    assert_eq!((tools.status.as_u16(), tools.url.path()), (200, "/"), "{}", tools.body);
    assert!(
        tools.body.contains("/tools/echo") && !tools.body.contains("/tools/odd"),
        "{}",
        tools.body
    );
    let hidden = browser.open(&doors.url("/tools/odd")).await;
    let unknown = browser.open(&doors.url("/tools/oddly")).await;
    assert_eq!((hidden.status.as_u16(), unknown.status.as_u16()), (404, 404));
    let form = |page: &Page| page.body.replace("oddly", "T").replace("odd", "T");
    assert_eq!(form(&hidden), form(&unknown), "the two are told alike");
    let sent = browser
        .post_as(Some("http://evil.example"), &doors.url("/enter"), &[("key", &key)])
        .await;
    assert_eq!(sent.status, 403, "nobody else's page lets a browser in");
    for one in doors.keys().list().unwrap() {
        doors.keys().revoke(&one.id).unwrap();
    }
    for browser in [&mut browser, &mut alice] {
        assert_eq!(browser.open(&doors.url("/")).await.url.path(), "/enter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_itself() {
    let embedder = Embedder::new();
    let pocket = embedder.builder().build().await.unwrap();
    let mut settings = ServerSettings::default();
    settings.session_time = Duration::ZERO;
    let doors = Doors::open_for(pocket, embedder.home(), settings, &["alice"]).await;
    let mut browser = Browser::new();
    let page = browser.open(doors.one_time_url(0)).await;
    assert!(!browser.cookies().is_empty(), "it was let in");
    assert_eq!(page.url.path(), "/enter", "and its time is over");
    let late = browser.post_as(Some(&doors.url("")), &doors.url("/leave"), &[]).await;
    assert_eq!(late.status, 401, "{}", late.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_public_url_the_cookie_is_of_that_host_alone_and_goes_over_https() {
    let embedder = Embedder::new();
    let pocket = embedder.builder().build().await.unwrap();
    let mut settings = ServerSettings::default();
    settings.public_url = Some("https://tools.example".parse().unwrap());
    let doors = Doors::open_for(pocket, embedder.home(), settings, &["alice"]).await;
    let path = doors.one_time_url(0).strip_prefix("https://tools.example").unwrap();
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let entered = browser
        .build()
        .unwrap()
        .get(doors.url(path))
        .header("host", "tools.example");
    let entered = entered.send().await.unwrap();
    assert_eq!(
        (entered.status().as_u16(), &entered.headers()["location"]),
        (303, &"/".parse().unwrap())
    );
    let cookie = entered.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-pocket-session=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    let (pair, _) = cookie.split_once(';').unwrap();
    let seen = async |host: &str, pair: &str| {
        let request = doors
            .request("GET", "/calls", "")
            .header("host", host)
            .header("cookie", pair);
        doors.send(request).await.text.contains("The calls of this key")
    };
    assert!(seen("tools.example", pair).await);
    let here = doors.address.to_string();
    assert!(
        !seen(&here, pair).await,
        "it is no cookie of this machine's own address"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_no_page_of_ours_sent_changes_nothing() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        mut bob,
    } = visit().await;
    let mark = |page: &Page| {
        let (_, rest) = page.body.split_once("name=\"form\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (url, ours) = (doors.url("/tools/echo"), doors.url(""));
    let (page, theirs) = (alice.open(&url).await, bob.open(&url).await);
    let (mark, theirs) = (mark(&page), mark(&theirs));
    for (origin, mark) in [
        (Some(ours.as_str()), None),
        (Some(&ours), Some("")),
        (Some(&ours), Some(theirs.as_str())),
        (None, Some(&mark)),
        (Some("null"), Some(&mark)),
        (Some("http://evil.example"), Some(&mark)),
        (Some("http://127.0.0.1:1"), Some(&mark)),
    ] {
        let fields = [("raw", "{}"), ("form", mark.unwrap_or_default())];
        let fields = if mark.is_some() { &fields[..] } else { &fields[..1] };
        for path in ["/tools/echo", "/accounts/connect", "/accounts/disconnect", "/leave"] {
            let refused = alice.post_as(origin, &doors.url(path), fields).await;
            assert_eq!(refused.status, 403, "{path} {origin:?} {mark:?}");
        }
    }
    let calls = alice.open(&doors.url("/calls")).await;
    assert!(calls.body.contains("Nothing was called yet"), "{}", calls.body);
    let cookie = alice.shown()[0].headers["set-cookie"].to_str().unwrap();
    let (pair, _) = cookie.split_once(';').unwrap();
    for path in ["/api/tools", "/api/calls", "/mcp"] {
        let asked = doors.send(doors.request("GET", path, "").header("cookie", pair)).await;
        assert_eq!(asked.status, 401, "{path}: programs come with a key");
    }
    let sent = [("form", mark.as_str()), ("raw", "{\"text\":\"a\"}")];
    assert_eq!(
        alice.post_as(Some(&ours), &url, &sent).await.status,
        303,
        "the mark is right"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_one_does_not_exist_for_another() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        mut bob,
    } = visit().await;
    let page = alice.open(&doors.url("/tools/sleep_forever")).await;
    let running = alice.submit_to(&page, "/tools/sleep_forever", &[("raw", "{}")]).await;
    assert!(running.body.contains("data-events"), "{}", running.body);
    assert!(running.body.contains("http-equiv=\"refresh\""), "also without a script");
    let path = running.url.path().to_owned();
    assert!(alice.open(&doors.url("/calls")).await.body.contains(&path));
    let calls = bob.open(&doors.url("/calls")).await;
    assert!(calls.body.contains("Nothing was called yet"), "{}", calls.body);
    for theirs in [path.clone(), format!("{path}/events"), "/calls/0123".to_owned()] {
        assert_eq!(bob.open(&doors.url(&theirs)).await.status, 404, "{theirs}");
    }
    let (_, rest) = calls.body.split_once("name=\"form\" value=\"").unwrap();
    let mark = rest.split('"').next().unwrap();
    let cancel = doors.url(&format!("{path}/cancel"));
    let refused = bob.post_as(Some(&doors.url("")), &cancel, &[("form", mark)]).await;
    assert_eq!(refused.status, 404);
    let stopped = alice.submit_to(&running, &format!("{path}/cancel"), &[]).await;
    assert!(stopped.body.contains("the call was cancelled"), "{}", stopped.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_says_is_shown_and_never_run() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        ..
    } = visit().await;
    let mut pages = vec![
        alice.open(&doors.url("/")).await,
        alice.open(&doors.url("/tools/odd")).await,
    ];
    let raw = json!({ "text": SCRIPT, "names": [] }).to_string();
    let called = alice.submit_to(&pages[1].clone(), "/tools/odd", &[("raw", &raw)]).await;
    pages.push(ended(&mut alice, &called).await);
    let wrong = alice
        .submit_to(&pages[1].clone(), "/tools/odd", &[("raw", SCRIPT)])
        .await;
    assert_eq!(wrong.status, 422);
    pages.push(wrong);
    for page in &pages {
        assert!(page.body.contains("&lt;script&gt;alert"), "it is shown: {}", page.body);
        assert!(
            !page.body.contains("<script>") && !page.body.contains(TURN),
            "{}",
            page.body
        );
    }
    for page in alice.shown().iter().filter(|page| page.status != 303) {
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for there in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(there), "{there} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(
            !page.body.contains(" style=") && !page.body.contains(" onclick="),
            "the policy would stop it"
        );
        for asset in page.body.split("\"/assets/").skip(1) {
            let asset = doors
                .get(&format!("/assets/{}", asset.split('"').next().unwrap()), "")
                .await;
            assert!(asset.status == 200 && asset.headers["cache-control"].to_str().unwrap().contains("immutable"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_tried_with_its_form_and_what_happened_is_told() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        ..
    } = visit().await;
    let page = alice.open(&doors.url("/tools/odd")).await;
    let fields = [
        ("/text", "a\r\n<b>"),
        ("/count", "3"),
        ("#/names", "2"),
        ("/names/0", "x"),
        ("/names/1", ""),
        ("?/who", "on"),
        (":/who", "1"),
        ("/who|1/id", "7"),
    ];
    let called = alice.submit_nth(&page, 1, &fields).await;
    let called = ended(&mut alice, &called).await;
    let shown = called
        .body
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    for there in [
        "\"a\\n<b>\"",
        "\"count\": 3",
        "\"id\": 7",
        "a warn line",
        "It asked for no request",
        "It ran for",
    ] {
        assert!(shown.contains(there), "{there} in {shown}");
    }
    let fetch = alice.open(&doors.url("/tools/fetch_page")).await;
    let fetched = alice
        .submit_nth(&fetch, 1, &[("/url", "http://refused.example/x")])
        .await;
    let fetched = ended(&mut alice, &fetched).await;
    assert!(fetched.body.contains("<strong>Refused: </strong>"), "{}", fetched.body);
    assert!(fetched.body.contains("GET http://refused.example"), "{}", fetched.body);
    let calls = alice.open(&doors.url("/calls")).await;
    assert!(calls.body.contains(fetched.url.path()) && calls.body.contains(called.url.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_may_reach_is_told_without_where_folders_are() {
    let embedder = Embedder::new();
    let folder = embedder.project().join("secret-place");
    std::fs::create_dir(&folder).unwrap();
    let permissions = json!({ "permissions": { "http": ["GET https://asked.example"], "files": [{ "guest": "/more", "access": "read" }] } });
    let given = embedder
        .program_as("print", "given", permissions)
        .allow("https://given.example".parse().unwrap())
        .folder(FolderGrant::new("/data", &folder, Access::Read));
    let pocket = embedder.builder().tool(given).build().await.unwrap();
    let reach = pocket.reach_of("given").await.unwrap();
    let here = format!("/data: read `{}`", folder.display());
    let by_program = "https://given.example (the program that serves it)".to_owned();
    assert_eq!(reach.lines(), [by_program.clone(), here]);
    assert_eq!(
        reach.lines_for_others(),
        [by_program, "a folder to read, as /data".to_owned()]
    );
    assert_eq!(
        reach.withheld,
        ["requests to GET https://asked.example", "a folder, as /more"]
    );
    let mut settings = ServerSettings::default();
    settings.needs_key = false;
    let doors = Doors::open_with(pocket, embedder.home(), settings).await;
    for path in ["/", "/tools/given"] {
        let page = doors.get(path, "").await.text;
        for there in ["a folder to read, as /data", "requests to GET https://asked.example"] {
            assert!(page.contains(there), "{there} in {page}");
        }
        assert!(!page.contains("secret-place"), "{page}");
        let project = embedder.project().display().to_string();
        assert!(!page.contains(&project), "nor where the tool is: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_wrong_is_shown_again_with_what_is_wrong_with_it() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        ..
    } = visit().await;
    let page = alice.open(&doors.url("/tools/odd")).await;
    let typed = [
        ("/text", "keep <me>"),
        ("/count", "many"),
        ("#/names", "1"),
        ("/names/0", "and me"),
    ];
    let wrong = alice.submit_nth(&page, 1, &typed).await;
    assert_eq!(wrong.status, 422);
    for there in [
        "keep &lt;me&gt;",
        "and me",
        "value=\"many\"",
        "aria-describedby=\"wrong-f/count about-f/count\"",
        "id=\"wrong-f/count\">this is not a whole number",
    ] {
        assert!(wrong.body.contains(there), "{there} in {}", wrong.body);
    }
    let by_schema = alice.submit_nth(&wrong, 1, &[("/text", "t"), ("/count", "12")]).await;
    assert_eq!(by_schema.status, 422);
    assert!(by_schema.body.contains("id=\"wrong-f/count\""), "{}", by_schema.body);
    let added = alice
        .submit_nth(
            &by_schema,
            1,
            &[("/text", "still"), ("/names/0", "one"), ("add", "/names")],
        )
        .await;
    assert_eq!(added.status, 200);
    for there in ["still", "value=\"12\"", "name=\"/names/1\"", ">\none</textarea>"] {
        assert!(added.body.contains(there), "{there} in {}", added.body);
    }
    let raw = alice
        .submit_nth(&page, 2, &[("raw", "{\"text\": 1, \"names\": []}")])
        .await;
    assert_eq!(raw.status, 422);
    assert!(raw.body.contains("{&quot;text&quot;: 1"), "{}", raw.body);
    let calls = alice.open(&doors.url("/calls")).await;
    assert!(calls.body.contains("Nothing was called yet"), "{}", calls.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_signed_in_to_and_out_of() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
    let settings = ServerSettings::default();
    let home = project.embedder.home();
    let mut doors = Doors::open_for(pocket.clone(), home, settings, &["alice", "bob"]).await;
    let (mut alice, mut bob) = (Browser::new(), Browser::new());
    alice.open(doors.one_time_url(0)).await;
    bob.open(doors.one_time_url(1)).await;
    let accounts = alice.open(&doors.url("/accounts")).await;
    assert!(
        accounts.body.contains("channels:history"),
        "its scopes are told: {}",
        accounts.body
    );
    let going_on = alice.submit_to(&accounts, "/accounts/connect", &[]).await;
    let alices = pocket.for_profile("alice");
    let need = alices.need_of("slack_get_messages").await.unwrap().unwrap();
    let sign_in: SignIn = alices.begin_sign_in(&need, &[]).await.unwrap();
    let link = format!("href=\"{}\"", sign_in.url.replace('&', "&amp;"));
    assert!(
        going_on.body.contains(&link),
        "one sign-in an account: {}",
        going_on.body
    );
    decide(&sign_in, "allow").await;
    let accounts = until("she is signed in", async || {
        let page = alice.open(&doors.url("/accounts")).await;
        page.body.contains(">signed in<").then_some(page)
    })
    .await;
    assert!(accounts.body.contains(">ready<"), "{}", accounts.body);
    let theirs = bob.open(&doors.url("/accounts")).await;
    assert!(theirs.body.contains("There are none yet"), "{}", theirs.body);
    let tool = alice.open(&doors.url("/tools/slack_get_messages")).await;
    let called = alice.submit_nth(&tool, 1, &[("/channel", "C123")]).await;
    let called = ended(&mut alice, &called).await;
    assert!(called.body.contains("What it gave"), "{}", called.body);
    let secrets = project.slack.tokens();
    assert!(!secrets.is_empty());
    let out = alice.submit_to(&accounts, "/accounts/disconnect", &[]).await;
    assert!(out.body.contains("There are none yet"), "{}", out.body);
    for page in alice.shown().iter().chain(bob.shown()) {
        for secret in secrets.iter().chain(&alice.cookies()) {
            assert!(!page.body.contains(secret), "no secret is on a page: {}", page.url);
        }
    }
    doors.end();
    doors.ended().await;
    let log = Home::at(project.embedder.home()).data().join("audit/audit.jsonl");
    let log = std::fs::read_to_string(log).unwrap();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = records.iter().map(|record| record["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["sign-in-begun", "call", "signed-out"], "{log}");
    assert!(records.iter().all(|record| record["profile"] == "alice"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_key_is_needed_no_session_is() {
    let embedder = Embedder::new();
    let tool = sample("echo").display().to_string();
    let pocket = embedder.builder().tool(tool.as_str()).build().await.unwrap();
    let mut settings = ServerSettings::default();
    settings.needs_key = false;
    let doors = Doors::open_with(pocket, embedder.home(), settings).await;
    let mut browser = Browser::new();
    let page = browser.open(&doors.url("/tools/echo")).await;
    assert!(!page.body.contains("Leave"), "{}", page.body);
    let foreign = browser.post_as(None, &doors.url("/tools/echo"), &[("raw", "{}")]).await;
    assert_eq!(foreign.status, 403);
    let called = browser.submit_nth(&page, 0, &[("raw", "{\"text\":\"hello\"}")]).await;
    assert!(ended(&mut browser, &called).await.body.contains("hello"));
    assert!(browser.cookies().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_described_for_a_person_and_an_address_where_nothing_is_says_so() {
    let Visit {
        doors,
        embedder: _embedder,
        mut alice,
        ..
    } = visit().await;
    let described = doors.get("/api/openapi.json", &doors.key("alice")).await.json();
    let page = alice.open(&doors.url("/reference")).await;
    let paths = described["paths"].as_object().unwrap();
    assert!(paths.len() >= 8, "{described}");
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let heading = format!("{} {path}", method.to_uppercase());
            assert!(page.body.contains(&heading), "{heading}");
        }
    }
    for name in described["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.body.contains(&format!("id=\"shape-{name}\"")), "{name}");
    }
    assert_eq!(Browser::new().open(&doors.url("/reference")).await.url.path(), "/enter");

    let nothing = |takes: &'static str| doors.send(doors.request("GET", "/nowhere", "").header("accept", takes));
    let page = nothing("text/html,application/xhtml+xml,*/*;q=0.8").await;
    assert_eq!(
        (page.status, &page.headers["content-type"].to_str().unwrap()[..9]),
        (404, "text/html")
    );
    assert!(page.text.contains("<h1>Not found</h1>"), "{}", page.text);
    let problem = nothing("*/*").await;
    assert_eq!(
        (problem.status, problem.json()["code"].as_str()),
        (404, Some("not_found"))
    );
}
