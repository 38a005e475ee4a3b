//! Where a guest's requests may go.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use pocket_runtime::{Code, Resolver, Rule, ToolEntry};
use pocket_tests::{Browser, PocketCommand, Recorder, SlackProject, SlackSettings, decide, folder_of};
use serde_json::{Value, json};

use crate::{Hostile, private};

fn rule(text: &str) -> Rule {
    text.parse()
        .unwrap_or_else(|error| panic!("`{text}` is a rule: {error}"))
}

pub(crate) async fn dialling(rules: impl IntoIterator<Item = Rule>) -> Hostile {
    let give = |entry: ToolEntry| rules.into_iter().fold(entry, ToolEntry::allow);
    Hostile::with("dial", give, |_settings| {}).await
}

/// The output of a request that came to nothing: no reply, and the guest told so as of any failed request.
fn came_to_nothing(url: &str, output: &Value) {
    assert!(
        output.get("status").is_none() && output.get("error").is_some(),
        "`{url}` was answered: {output}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_granted_is_reached_in_no_notation() {
    let recorder = Recorder::start().await;
    let port = recorder.port();
    // A grant for another host makes none of these reachable.
    let hostile = dialling([
        rule("https://granted.example"),
        rule("http://granted.example").private(),
    ])
    .await;
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "[::]",
        "localhost",
        "LOCALHOST",
        "LocalHost.",
        "localhost.",
        "granted.example@127.0.0.1",
        "user:password@localhost",
        "l\u{43e}calhost",
        "\u{24db}ocalhost",
        "xn--lcalhost-dmd",
        "127.0.0.1\u{3002}",
        "\u{ff11}27.0.0.1",
    ];
    for host in hosts {
        for path in ["/", "/?granted.example", "/@granted.example"] {
            let url = format!("http://{host}:{port}{path}");
            came_to_nothing(&url, &hostile.output("dial", json!({ "url": url })).await);
        }
    }
    let others = [
        "https://example.com/".to_owned(),
        "https://EXAMPLE.com./".to_owned(),
        "https://granted.example.com/".to_owned(),
        "https://notgranted.example/".to_owned(),
        "https://sub.granted.example/".to_owned(),
        "https://granted.example:8443/".to_owned(),
        "https://user@granted.example/".to_owned(),
        "https://xn--bcher-kva.example/".to_owned(),
        "https://b\u{fc}cher.example/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        format!("ftp://127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ];
    for url in others {
        came_to_nothing(&url, &hostile.output("dial", json!({ "url": url })).await);
    }
    assert!(recorder.seen().is_empty(), "{:?}", recorder.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_for_its_port_method_and_path_only() {
    let (recorder, other) = (Recorder::start().await, Recorder::start().await);
    let base = recorder.url();
    let hostile = dialling([rule(&format!("GET {base}/open/*")).private()]).await;
    let dial = async |url: String, method: &str, headers: Value| {
        hostile
            .output("dial", json!({ "url": url, "method": method, "headers": headers }))
            .await
    };
    let answered = dial(format!("{base}/open/a?b=c"), "GET", json!({})).await;
    assert_eq!(answered["status"], 200, "{answered}");
    let refused = [
        "/",
        "/open",
        "/opens/a",
        "/closed",
        "/open/../closed",
        "/open/%2e%2e/closed",
        "/open/.%2E/closed",
        "/open/a%2f..%2f..",
        "//open/a",
        "/open//a",
        "/open/a%5c..",
        "/open/a;b",
        "/Open/a",
        "/open/%252e%252e/closed",
    ];
    for path in refused {
        let url = format!("{base}{path}");
        came_to_nothing(&url, &dial(url.clone(), "GET", json!({})).await);
    }
    for method in ["POST", "PUT", "DELETE", "CONNECT", "TRACE"] {
        let url = format!("{base}/open/a");
        came_to_nothing(&format!("{method} {url}"), &dial(url, method, json!({})).await);
    }
    let url = format!("{base}/open/a");
    came_to_nothing(
        &url,
        &dial(url.clone(), "GET", json!({ "x-http-method-override": "DELETE" })).await,
    );
    let elsewhere = format!("{}/open/a", other.url());
    came_to_nothing(&elsewhere, &dial(elsewhere.clone(), "GET", json!({})).await);
    let with_host = dial(format!("{base}/open/a"), "GET", json!({ "host": "granted.example" })).await;
    let seen = recorder.seen();
    assert!(
        seen.iter().all(|request| request.line.starts_with("GET /open/a")),
        "{seen:?}"
    );
    assert!(
        seen.iter()
            .all(|request| request.headers["host"] == format!("127.0.0.1:{}", recorder.port())),
        "{with_host}"
    );
    assert!(other.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inner_address_needs_the_operators_own_word_whatever_name_leads_there() {
    let recorder = Recorder::start().await;
    let port = recorder.port();
    let names = [format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")];
    let hostile = dialling(names.iter().map(|name| rule(name))).await;
    for name in &names {
        came_to_nothing(
            name,
            &hostile.output("dial", json!({ "url": format!("{name}/") })).await,
        );
    }
    // A metadata service is opened by no word.
    let metadata = "http://169.254.169.254";
    let hostile = dialling([rule(metadata).private()]).await;
    let called = hostile
        .call("dial", json!({ "url": format!("{metadata}/latest/meta-data/") }))
        .await;
    assert_eq!(called.refusals.len(), 1, "{:?}", called.refusals);
    came_to_nothing(metadata, &called.ended.expect("the guest ends well").into_json());
    assert!(recorder.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_decided_afresh() {
    let (recorder, other) = (Recorder::start().await, Recorder::start().await);
    let base = recorder.url();
    let hostile = dialling([rule(&base).private()]).await;
    let to = async |target: &str| {
        let mut url = reqwest::Url::parse(&format!("{base}/redirect")).expect("a URL");
        url.query_pairs_mut().append_pair("to", target);
        hostile.call("dial", json!({ "url": url.as_str(), "follow": 5 })).await
    };
    let granted = to(&format!("{base}/landed"))
        .await
        .ended
        .expect("it ends well")
        .into_json();
    assert_eq!(granted["status"], 200, "{granted}");
    assert_eq!(
        recorder.seen().last().map(|request| request.line.clone()).as_deref(),
        Some("GET /landed")
    );
    for target in [
        format!("{}/", other.url()),
        "http://169.254.169.254/latest/".to_owned(),
        "http://0x7f.1:1/".to_owned(),
    ] {
        let called = to(&target).await;
        assert_eq!(called.refusals.len(), 1, "{target}: {:?}", called.refusals);
        came_to_nothing(&target, &called.ended.expect("it ends well").into_json());
    }
    assert!(other.seen().is_empty());
    // The host itself follows nothing.
    let url = format!("{base}/redirect?to={base}/landed");
    let first = hostile.output("dial", json!({ "url": url })).await;
    assert_eq!(first["status"], 302, "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deny_rule_wins_over_every_grant() {
    let recorder = Recorder::start().await;
    let base = recorder.url();
    let deny = rule(&format!("{base}/closed/*"));
    let allow = rule(&base).private();
    let hostile = Hostile::with(
        "dial",
        |entry| entry.allow(allow),
        |settings| settings.deny = vec![deny],
    )
    .await;
    let open = hostile.output("dial", json!({ "url": format!("{base}/open") })).await;
    assert_eq!(open["status"], 200, "{open}");
    for path in [
        "/closed/a",
        "/closed/",
        "/open/../closed/a",
        "/%63losed/a",
        "/open//a",
        "/open/%2e%2e/closed/a",
    ] {
        let url = format!("{base}{path}");
        came_to_nothing(&url, &hostile.output("dial", json!({ "url": url })).await);
    }
    assert_eq!(recorder.seen().len(), 1, "{:?}", recorder.seen());
}

/// A guest that is signed in to Slack, with all of the service on loopback open to it.
async fn signed_in(project: &SlackProject) -> pocket_runtime::Pocket {
    let auth = json!({ "auth": { "auth_provider": "slack", "scopes": ["channels:history"] } });
    let entry = project.reaching(project.embedder.program_as("dial", "dial", auth));
    let entry = entry.allow(rule(&format!("https://localhost:{}", project.port)).private());
    let pocket = project.builder().tool(entry).build().await.expect("it can be built");
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    pocket.wait_tool_auth().await.expect("the user signed in");
    pocket
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_own_endpoints_are_not_for_tools() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = signed_in(&project).await;
    let base = project.slack.url();
    let dial = async |path: &str, method: &str| {
        let headers = json!({ "authorization": "Bearer {token}" });
        let input =
            json!({ "url": format!("{base}{path}"), "method": method, "headers": headers, "token": "SLACK_BOT_TOKEN" });
        pocket
            .invoke("dial", input)
            .await
            .expect("it ends well")
            .value
            .into_json()
    };
    let history = dial("/api/conversations.history?channel=C123", "GET").await;
    assert_eq!(history["status"], 200, "{history}");
    let tokens = project.slack.tokens();
    for path in [
        "/api/oauth.v2.access",
        "/api/auth.revoke",
        "/oauth/v2/authorize",
        "/api/auth.revoke/",
        "/API/auth.revoke",
        "/api/./auth.revoke",
        "/api/%61uth.revoke",
        "/api//auth.revoke",
        "/api/x/../auth.revoke",
        "/api/auth.revoke?a=b",
    ] {
        for method in ["GET", "POST"] {
            came_to_nothing(path, &dial(path, method).await);
        }
    }
    assert_eq!(project.slack.tokens(), tokens, "no token was revoked");
    assert_eq!(
        project.slack.token_requests(),
        1,
        "only the sign-in went to the token endpoint"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_listener_is_not_for_tools() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = signed_in(&project).await;
    // Another user's sign-in keeps the listener open.
    let other = pocket
        .for_profile("bob")
        .initialize_tool_auth()
        .await
        .expect("a sign-in begins");
    assert!(
        Browser::new().open(&other[0].url).await.status.is_success(),
        "a browser reaches it"
    );
    for url in [other[0].url.clone(), format!("https://localhost:{}/", project.port)] {
        let output = pocket
            .invoke("dial", json!({ "url": url }))
            .await
            .expect("it ends well");
        assert_eq!(output.refusals.len(), 1, "{:?}", output.refusals);
        came_to_nothing(&url, &output.value.into_json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_its_provider_only() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = signed_in(&project).await;
    let recorder = Recorder::start().await;
    let input = json!({ "url": format!("{}/steal", recorder.url()), "token": "SLACK_BOT_TOKEN", "body": "{token}", "method": "POST", "fail": true });
    let error = pocket.invoke("dial", input).await.expect_err("it is refused");
    assert_eq!(error.code(), Code::Denied, "{error}");
    assert!(recorder.seen().is_empty());
}

/// Gives the next of these answers each time it is asked, and the last one from then on.
#[derive(Debug)]
struct Changing {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolver for Changing {
    async fn resolve(&self, _host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = &self.answers[asked.min(self.answers.len() - 1)];
        Ok(answer.iter().map(|ip| SocketAddr::new(*ip, port)).collect())
    }
}

/// Requests to `changes.example`, which has these addresses.
async fn naming(answers: &[&[&str]], rule: Rule) -> (Hostile, Arc<Changing>) {
    let address = |text: &&str| text.parse().expect("an address");
    let changing = Arc::new(Changing {
        answers: answers
            .iter()
            .map(|answer| answer.iter().map(address).collect())
            .collect(),
        asked: AtomicUsize::new(0),
    });
    let resolver = Arc::clone(&changing);
    let hostile = Hostile::with(
        "dial",
        |entry| entry.allow(rule),
        |settings| settings.net.resolver = Some(resolver),
    )
    .await;
    (hostile, changing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_has_an_inner_address_among_others_is_not_dialled() {
    let recorder = Recorder::start().await;
    let origin = format!("http://changes.example:{}", recorder.port());
    let input = || json!({ "url": format!("{origin}/") });
    for answer in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["10.0.0.1", "8.8.8.8"],
        &["8.8.8.8", "127.0.0.1"],
    ] {
        let (hostile, _) = naming(&[answer], rule(&origin)).await;
        let called = hostile.call("dial", input()).await;
        assert_eq!(called.usage.requests, 0, "{answer:?}");
        assert_eq!(called.refusals.len(), 1, "{answer:?}: {:?}", called.refusals);
        came_to_nothing(&origin, &called.ended.expect("it ends well").into_json());
    }
    // The operator's own word opens no metadata service, under whatever name.
    let (hostile, _) = naming(&[&["169.254.169.254"]], private(&origin)).await;
    came_to_nothing(&origin, &hostile.output("dial", input()).await);
    assert!(recorder.seen().is_empty(), "{:?}", recorder.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_after_it_was_checked_changes_nothing() {
    let recorder = Recorder::start().await;
    let origin = format!("http://changes.example:{}", recorder.port());
    let input = || json!({ "url": format!("{origin}/") });
    // Nobody listens at the second answer: were the name asked for again to connect, the request would fail.
    let (hostile, changing) = naming(&[&["127.0.0.1"], &["127.0.0.2"]], private(&origin)).await;
    assert_eq!(hostile.output("dial", input()).await["status"], 200);
    assert_eq!(changing.asked.load(Ordering::SeqCst), 1);
    assert_eq!(recorder.seen().len(), 1, "{:?}", recorder.seen());
}

/// The process has a variable of its own by which wasmtime keeps the stack of each error.
#[test]
fn an_error_has_nothing_of_the_hosts_stack_in_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let origin = format!(
        "http://{}",
        listener.local_addr().expect("a bound socket has an address")
    );
    let breaking_off = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the guest comes");
        let _head = stream.read(&mut [0; 4096]).expect("it asks");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
            .expect("it listens");
    });
    let mut pocket = PocketCommand::new();
    pocket.set("RUST_BACKTRACE", "full");
    let manifest = json!({ "tool": { "name": "dial" }, "component": "tool.wasm" });
    let package = folder_of(&pocket.project(), "dial", &manifest).display().to_string();
    let input = json!({ "url": format!("{origin}/") }).to_string();
    let ended = pocket.run(["run", &package, &input, "--allow-private", &origin, "--json"]);
    breaking_off.join().expect("it was asked");
    let shape: Value = serde_json::from_str(&ended.stdout).expect("it prints JSON");
    let error = shape["output"]["error"].as_str().expect("the reply broke off");
    assert!(error.len() < 200 && !error.contains('\n'), "{error}");
}
