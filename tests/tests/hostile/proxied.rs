//! Requests through the operator's proxy.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use pocket_runtime::{ProxySettings, Resolver, Rule, Secret, Settings};
use pocket_tests::{
    Authority, ConnectProxy, GitServer, PocketCommand, Recorder, SlackCommand, SlackProject, SlackSettings, Tunnels,
    decide, folder_of, sample,
};
use serde_json::{Value, json};

use crate::{Hostile, private, secrets::sign_in};

const PASSWORD: &str = "planted-proxy-password";
/// `me` and the password, as the header has them.
const AUTHORIZATION: &str = "Basic bWU6cGxhbnRlZC1wcm94eS1wYXNzd29yZA==";
/// An address that is anyone's.
const GLOBAL: &str = "93.184.215.14";

/// Every name has this one address, but for those of the proxy.
#[derive(Debug)]
struct Everything(IpAddr);

#[async_trait]
impl Resolver for Everything {
    async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let address = if host == "proxy.example" {
            [127, 0, 0, 1].into()
        } else {
            self.0
        };
        Ok(vec![SocketAddr::new(address, port)])
    }
}

fn settings_of(proxy: &ConnectProxy) -> ProxySettings {
    ProxySettings::new(&proxy.url())
        .and_then(|settings| settings.with_login(Secret::new("me"), Secret::new(PASSWORD)))
        .expect("it is a proxy")
}

/// A guest whose operator has this proxy, in a world where every name has this address.
async fn behind(proxy: ProxySettings, address: &str, rules: &[Rule], more: impl FnOnce(&mut Settings)) -> Hostile {
    let address = address.parse().expect("an address");
    let give = |entry: pocket_runtime::ToolEntry| rules.iter().cloned().fold(entry, pocket_runtime::ToolEntry::allow);
    Hostile::with("dial", give, |settings| {
        settings.net.proxy = Some(proxy);
        settings.net.resolver = Some(Arc::new(Everything(address)));
        more(settings);
    })
    .await
}

fn rule(text: &str) -> Rule {
    text.parse().expect("it is a rule")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_through_the_proxy_to_the_address_that_was_checked() {
    let authority = Authority::new();
    let (plain, secure) = (
        Recorder::start().await,
        Recorder::start_with(Some(authority.server_of(&["api.example"]))).await,
    );
    let proxy = ConnectProxy::start(Tunnels::Opened).await;
    let origins = [
        format!("http://api.example:{}", plain.port()),
        format!("https://api.example:{}", secure.port()),
    ];
    let rules = origins.each_ref().map(|origin| rule(origin));
    let trust = |settings: &mut Settings| settings.net.ca_pem = Some(authority.pem().into_bytes());
    let hostile = behind(settings_of(&proxy), GLOBAL, &rules, trust).await;
    for origin in &origins {
        let output = hostile.output("dial", json!({ "url": format!("{origin}/a") })).await;
        assert_eq!(output["status"], 200, "{output}");
    }
    let targets = [&plain, &secure].map(|recorder| format!("{GLOBAL}:{}", recorder.port()));
    assert_eq!(proxy.targets(), targets);
    for recorder in [&plain, &secure] {
        let [seen] = &recorder.seen()[..] else {
            panic!("one request arrived: {:?}", recorder.seen())
        };
        assert_eq!(seen.headers.get("proxy-authorization"), None, "{seen:?}");
        let host = seen.headers.get("host").cloned().unwrap_or_default();
        assert!(
            host.is_empty() || host == format!("api.example:{}", recorder.port()),
            "{seen:?}"
        );
    }
    assert!(
        proxy
            .asked()
            .iter()
            .all(|asked| asked.authorization.as_deref() == Some(AUTHORIZATION))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_reached_is_refused_before_the_proxy_hears_of_it() {
    let proxy = ConnectProxy::start(Tunnels::Opened).await;
    let everywhere = ProxySettings::new(&format!("http://proxy.example:{}", proxy.port())).expect("it is a proxy");
    let mut everywhere = everywhere;
    everywhere.inner = true;
    let granted = [rule("http://api.example"), private("http://deep.example")];
    for (address, url) in [
        ("10.0.0.1", "http://api.example/"),
        ("127.0.0.1", "http://api.example/"),
        ("169.254.169.254", "http://deep.example/"),
        (GLOBAL, "http://other.example/"),
    ] {
        let hostile = behind(everywhere.clone(), address, &granted, |_settings| {}).await;
        let called = hostile.call("dial", json!({ "url": url })).await;
        assert_eq!(called.refusals.len(), 1, "{url} at {address}: {:?}", called.refusals);
    }
    // With names found by the proxy, the rules still hold, and so does the check of an address that is written.
    everywhere.resolves = true;
    let granted = [
        rule("http://api.example"),
        rule("http://10.0.0.1"),
        rule("http://localhost"),
    ];
    let hostile = behind(everywhere.clone(), "127.0.0.1", &granted, |_settings| {}).await;
    for url in ["http://other.example/", "http://10.0.0.1/", "http://localhost/"] {
        let called = hostile.call("dial", json!({ "url": url })).await;
        assert_eq!(called.refusals.len(), 1, "{url}: {:?}", called.refusals);
    }
    // Nor does any other name lead to the proxy itself, whoever may reach inner addresses.
    everywhere.resolves = false;
    let origin = format!("http://api.example:{}", proxy.port());
    for inner in [true, false] {
        everywhere.inner = inner;
        let hostile = behind(everywhere.clone(), "127.0.0.1", &[private(&origin)], |_settings| {}).await;
        let called = hostile.call("dial", json!({ "url": format!("{origin}/") })).await;
        assert!(
            called.refusals[0].contains("the operator's proxy"),
            "{:?}",
            called.refusals
        );
    }
    assert_eq!(proxy.targets(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_finds_addresses_is_given_the_name() {
    let (recorder, proxy) = (Recorder::start().await, ConnectProxy::start(Tunnels::Opened).await);
    let origin = format!("http://api.example:{}", recorder.port());
    let mut settings = settings_of(&proxy);
    settings.resolves = true;
    // What the name would lead to here does not matter.
    let hostile = behind(settings, "169.254.169.254", &[rule(&origin)], |_settings| {}).await;
    let output = hostile.output("dial", json!({ "url": format!("{origin}/a") })).await;
    assert_eq!(output["status"], 200, "{output}");
    assert_eq!(proxy.targets(), [format!("api.example:{}", recorder.port())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inner_or_excepted_host_is_reached_directly() {
    let (recorder, proxy) = (Recorder::start().await, ConnectProxy::start(Tunnels::Opened).await);
    let origin = |host: &str| format!("http://{host}:{}", recorder.port());
    let input = |host: &str| json!({ "url": format!("{}/", origin(host)) });
    let rules = ["127.0.0.1", "api.example"].map(|host| private(&origin(host)));
    // By its address, by its name, by its network; and through the proxy where the operator says so.
    let plain = settings_of(&proxy);
    let mut inner = plain.clone();
    inner.inner = true;
    let with = |direct: &'static str| inner.clone().with_direct([direct]).expect("it is a host");
    for (settings, host, asked) in [
        (plain.clone(), "127.0.0.1", 0),
        (plain.clone(), "api.example", 0),
        (with("api.example"), "api.example", 0),
        (with("*.example"), "api.example", 0),
        (with("127.0.0.0/8"), "api.example", 0),
        (with("127.0.0.0/8"), "127.0.0.1", 0),
        (with("other.example"), "api.example", 1),
        (inner.clone(), "127.0.0.1", 2),
    ] {
        let hostile = behind(settings, "127.0.0.1", &rules, |_settings| {}).await;
        assert_eq!(hostile.output("dial", input(host)).await["status"], 200);
        assert_eq!(proxy.asked().len(), asked, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_opens_no_tunnel_is_told_as_unreachable() {
    let down = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        format!(
            "http://{}",
            listener.local_addr().expect("a bound socket has an address")
        )
    };
    let mut cases = vec![(down, "nobody answers there")];
    let mut proxies = Vec::new();
    for (tunnels, says) in [
        (
            Tunnels::Answered("HTTP/1.1 407 Who\r\nproxy-authenticate: Basic\r\n\r\n"),
            "(407)",
        ),
        (
            Tunnels::Answered("HTTP/1.1 403 Forbidden\r\n\r\nno"),
            "refuses to connect there (403)",
        ),
        (
            Tunnels::Answered("HTTP/1.1 502 Bad\r\n\r\n"),
            "could not connect there (502)",
        ),
        (Tunnels::Answered("SSH-2.0-OpenSSH\r\n"), "none of an HTTP proxy"),
        (Tunnels::Answered(""), "without an answer"),
        (Tunnels::Silent, "does not answer"),
        (Tunnels::Endless, "has no end"),
    ] {
        let proxy = ConnectProxy::start(tunnels).await;
        cases.push((proxy.url(), says));
        proxies.push(proxy);
    }
    for (url, says) in cases {
        let settings = ProxySettings::new(&url).expect("it is a proxy");
        let settings = settings
            .with_login(Secret::new("me"), Secret::new(PASSWORD))
            .expect("it has a user");
        let quick = |settings: &mut Settings| settings.limits.connect_timeout = Duration::from_millis(800);
        let hostile = behind(settings, GLOBAL, &[rule("https://api.example")], quick).await;
        let called = hostile
            .call("dial", json!({ "url": "https://api.example/", "fail": true }))
            .await;
        assert_eq!(called.usage.requests, 0, "{says}: nothing was sent");
        let error = called.ended.expect_err("it fails");
        let told = format!("{error} {error:?} {:?}", error.hints());
        assert_eq!(error.code().as_str(), "unreachable", "{says}: {told}");
        assert!(
            told.contains(says) && told.contains(&url) && !error.hints().is_empty(),
            "{says}: {told}"
        );
        assert!(!told.contains("planted") && !told.contains("bWU6"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_goes_through_the_proxy() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let proxy = ConnectProxy::start(Tunnels::Opened).await;
    project.write_settings(&format!("[network.proxy]\nurl = \"{}\"\ninner = true\n", proxy.url()));
    let secrets = project.embedder.read(".secrets.toml").expect("it is there");
    let login = format!("[network.proxy]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    project.embedder.write(".secrets.toml", &format!("{secrets}\n{login}"));
    let pocket = project
        .builder()
        .tool(project.get_messages())
        .build()
        .await
        .expect("it can be built");
    let sign_ins = pocket.initialize_tool_auth().await.expect("a sign-in begins");
    decide(&sign_ins[0], "allow").await;
    pocket.wait_tool_auth().await.expect("the user signed in");
    let port = project
        .slack
        .url()
        .rsplit_once(':')
        .expect("it has a port")
        .1
        .to_owned();
    assert_eq!(proxy.targets(), [format!("localhost:{port}")]);
    let output = pocket
        .invoke("slack_get_messages", json!({ "channel": "C123", "limit": 1 }))
        .await;
    output.expect("it ends well");
    assert!(
        proxy.targets().contains(&format!("127.0.0.1:{port}")),
        "{:?}",
        proxy.targets()
    );
    assert!(
        proxy
            .asked()
            .iter()
            .all(|asked| asked.authorization.as_deref() == Some(AUTHORIZATION))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_goes_through_the_proxy() {
    let rotation = SlackSettings {
        rotation: Some(43_200),
        ..SlackSettings::default()
    };
    let project = SlackProject::start(rotation).await;
    let built = || project.builder().tool(project.get_messages()).build();
    sign_in(&built().await.expect("it can be built")).await;
    project.slack.end_access_tokens();
    // The next process, which has no connection yet.
    let proxy = ConnectProxy::start(Tunnels::Opened).await;
    project.write_settings(&format!("[network.proxy]\nurl = \"{}\"\ninner = true\n", proxy.url()));
    let secrets = project.embedder.read(".secrets.toml").expect("it is there");
    let login = format!("[network.proxy]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n");
    project.embedder.write(".secrets.toml", &format!("{secrets}\n{login}"));
    let pocket = built().await.expect("it can be built");
    let input = json!({ "channel": "C123", "limit": 1 });
    pocket.invoke("slack_get_messages", input).await.expect("it ends well");
    assert_eq!(project.slack.refreshes(), 1);
    let url = project.slack.url();
    let (_, port) = url.rsplit_once(':').expect("it has a port");
    // The tool asks for its API at the address that was found for it.
    let of_provider = proxy
        .targets()
        .iter()
        .filter(|target| **target == format!("localhost:{port}"))
        .count();
    assert_eq!(of_provider, 1, "{:?}", proxy.targets());
    let known = |asked: &pocket_tests::Asked| asked.authorization.as_deref() == Some(AUTHORIZATION);
    assert!(proxy.asked().iter().all(known), "{:?}", proxy.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_of_an_issuer_are_asked_for_through_the_proxy() {
    let authority = Authority::new();
    let issuer = Recorder::start_with(Some(authority.server_of(&["issuer.example"]))).await;
    let proxy = ConnectProxy::start(Tunnels::Opened).await;
    let mut pocket = PocketCommand::new();
    pocket.set("POCKET_TRUST_PROJECT", "1");
    let (host, url) = (format!("issuer.example:{}", issuer.port()), proxy.url());
    pocket.write("authority.pem", &authority.pem());
    pocket.write(
        "pocket.toml",
        &format!(
            "[providers.judge]\nhosts = [\"{host}\"]\noauth2.issuer = \"https://{host}\"\n\
             [network]\nca_file = \"authority.pem\"\n[network.proxy]\nurl = \"{url}\"\n"
        ),
    );
    pocket.write(
        ".secrets.toml",
        "[auth.judge]\nclient_id = \"1\"\nclient_secret = \"planted-secret\"\n",
    );
    let ended = pocket.run(["auth", "login", "judge"]);
    // It has no metadata, so nothing more is asked of it.
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("no metadata"), "{}", ended.stderr);
    let asked: Vec<String> = issuer.seen().into_iter().map(|seen| seen.line).collect();
    assert!(
        asked.iter().any(|line| line.starts_with("GET /.well-known/")),
        "{asked:?}"
    );
    assert!(
        !proxy.targets().is_empty() && proxy.targets().iter().all(|target| *target == host),
        "{:?}",
        proxy.targets()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn git_goes_through_the_proxy() {
    let authority = Authority::new();
    let git = GitServer::start(Some(authority.server())).await;
    git.commit("tools.git", "main", "", &sample("echo"));
    let mut pocket = PocketCommand::new();
    pocket.set("POCKET_TRUST_PROJECT", "1");
    pocket.write("authority.pem", &authority.pem());
    let source = format!("{}#main:", git.url("tools.git"));
    for (tunnels, code) in [
        (Tunnels::Answered("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n"), 6),
        (Tunnels::Guarded, 0),
    ] {
        let proxy = ConnectProxy::start(tunnels).await;
        let lines = format!(
            "[network]\nca_file = \"authority.pem\"\n[network.proxy]\nurl = \"{}\"\ninner = true\n",
            proxy.url()
        );
        pocket.write("pocket.toml", &lines);
        pocket.write(
            ".secrets.toml",
            &format!("[network.proxy]\nuser = \"me\"\npassword = \"{PASSWORD}\"\n"),
        );
        let ended = pocket.run(["run", &source, "{\"a\": 1}", "-v"]);
        assert_eq!(ended.code, code, "{}", ended.stderr);
        assert!(
            proxy.targets().contains(&format!("localhost:{}", git.port())),
            "{:?}",
            proxy.asked()
        );
        if code == 0 {
            let known = |asked: &pocket_tests::Asked| asked.authorization.as_deref() == Some(AUTHORIZATION);
            assert!(proxy.asked().iter().any(known), "{:?}", proxy.asked());
        }
        assert!(
            !format!("{}{}", ended.stdout, ended.stderr).contains("planted"),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_asked() {
    let mut story = SlackCommand::start(SlackSettings::default()).await;
    let trap = ConnectProxy::start(Tunnels::Opened).await;
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        story.pocket.set(name, trap.url()).set(name.to_lowercase(), trap.url());
    }
    let args = story.run("slack-get-messages", r#"{"channel": "C123", "limit": 1}"#);
    assert_eq!(story.sign_in(&args, "allow").await.code, 0);
    let git = GitServer::start(None).await;
    git.commit("tools.git", "main", "", &sample("echo"));
    let ended = story
        .pocket
        .run(["run", &format!("{}#main:", git.url("tools.git")), "{\"a\": 1}"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(trap.asked(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projects_proxy_is_asked_for_and_shown_without_its_password() {
    let proxy = ConnectProxy::start(Tunnels::Answered("HTTP/1.1 407 Who\r\n\r\n")).await;
    let pocket = PocketCommand::new();
    let (url, port) = (proxy.url(), proxy.port());
    pocket.write(
        "pocket.toml",
        &format!("[network.proxy]\nurl = \"http://me:{PASSWORD}@127.0.0.1:{port}\"\nresolves = true\n"),
    );
    let manifest = json!({ "tool": { "name": "dial" }, "component": "tool.wasm" });
    let package = folder_of(&pocket.project(), "dial", &manifest).display().to_string();
    let input = json!({ "url": "https://api.example/", "fail": true }).to_string();
    let mut shown = String::new();
    let mut run = |args: &[&str]| {
        let ended = pocket.run(args);
        shown.push_str(&format!("{}{}", ended.stdout, ended.stderr));
        ended
    };
    let before = run(&["inspect", &package, "--json"]);
    let proxy_of = |text: &str| serde_json::from_str::<Value>(text).expect("it prints JSON")["proxy"].clone();
    assert_eq!(proxy_of(&before.stdout), Value::Null, "nobody trusts the project");
    let trusted = run(&["trust", "--yes"]);
    assert!(
        trusted.stderr.contains(&format!("go through the proxy {url}")),
        "{}",
        trusted.stderr
    );
    let inspected = run(&["inspect", &package]);
    assert!(
        inspected
            .stdout
            .contains(&format!("{url}; it finds the addresses of hosts")),
        "{}",
        inspected.stdout
    );
    let ended = run(&["run", &package, &input, "--allow", "https://api.example", "-v"]);
    assert_eq!(ended.code, 6, "{}", ended.stderr);
    assert_eq!(proxy.targets(), ["api.example:443"]);
    assert!(
        ended.stderr.contains("(407)") && ended.stderr.contains("`[network.proxy]`"),
        "{}",
        ended.stderr
    );
    assert!(!shown.contains("planted") && !shown.contains("cGxhbnRlZ"), "{shown}");
}
