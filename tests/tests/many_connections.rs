//! Connections that want much of a server: very many, very slow ones, streams without end, and calls while it is told to end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{io::Write as _, process::Command, time::Duration};

use futures_util::{StreamExt as _, future::join_all};
use pocket_server::ServerSettings;
use pocket_tests::{Doors, Embedder, PocketCommand, Running, put_program, sample, until, use_ring};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a process of its own with `echo`: it, where it listens, and its key.
fn served(pocket: &PocketCommand) -> (Running, String, String) {
    use_ring();
    let added = pocket.run(["add", &sample("echo").display().to_string(), "--yes"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let mut serving = pocket.start(["serve", "--listen", "127.0.0.1:0"]);
    let url = serving.after("listening at ");
    let file = serving.after("the key  in ");
    let key = std::fs::read_to_string(file.split(": send it").next().unwrap()).unwrap();
    (serving, url, key.trim().to_owned())
}

fn tell_to_end(serving: &Running) {
    let told = Command::new("kill").args(["-TERM", &serving.id().to_string()]).status();
    assert!(told.unwrap().success());
}

async fn doors_with(embedder: &Embedder, settings: ServerSettings) -> Doors {
    let pocket = embedder
        .builder()
        .tool(sample("echo").display().to_string().as_str())
        .tool(embedder.program("sleep_forever"))
        .build()
        .await
        .unwrap();
    Doors::open_with(pocket, embedder.home(), settings).await
}

/// Ten thousand, or as many as the system lets this process and the server have.
fn as_many_as_may_be() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, most).unwrap();
    let files = usize::try_from(limit.maximum.unwrap_or(u64::MAX)).unwrap();
    let many = 10_000.min(files / 2);
    if many < 10_000 {
        // Past the capture of a test that passes; nobody reads it where stderr is closed.
        let _ = writeln!(
            std::io::stderr(),
            "only {many} idle connections: this process may have {files} files open"
        );
    }
    many
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let many = as_many_as_may_be();
    let pocket = PocketCommand::new();
    let (serving, url, key) = served(&pocket);
    let address = url.strip_prefix("http://").unwrap();
    let mut idle = Vec::with_capacity(many);
    while idle.len() < many {
        let some = (0..100.min(many - idle.len())).map(|_| TcpStream::connect(address));
        idle.extend(join_all(some).await.into_iter().map(Result::unwrap));
    }
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let call = client.post(format!("{url}/api/tools/echo/calls")).bearer_auth(&key);
    let called = call.body(r#"{"text":"hello"}"#).send().await.unwrap();
    assert_eq!(called.status(), 200, "beside {many} connections");
    let alive = client.get(format!("{url}/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), 200, "beside {many} connections");
    tell_to_end(&serving);
    let ended = serving.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_trickles_a_body_is_let_go_and_his_turn_is_free_again() {
    let embedder = Embedder::new();
    let mut settings = ServerSettings::default();
    settings.body_timeout = Duration::from_millis(300);
    settings.requests_per_key = 1;
    let doors = doors_with(&embedder, settings).await;
    let key = doors.key("default");
    for path in ["/api/tools/echo/calls", "/mcp"] {
        let mut slow = TcpStream::connect(doors.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: 1000\r\n\r\n{{",
            doors.address
        );
        slow.write_all(head.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        let read = tokio::time::timeout(PATIENCE, slow.read_to_end(&mut reply)).await;
        read.expect("it is let go").unwrap();
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 408"), "{path}: {reply}");
        assert!(reply.contains("the body did not come in time"), "{path}: {reply}");
        let called = doors.call("echo", &json!({ "text": "hello" }), &key).await;
        assert_eq!(called.status, 200, "after {path}: {}", called.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_is_a_request_that_is_open() {
    let embedder = Embedder::new();
    let mut settings = ServerSettings::default();
    settings.requests_per_key = 2;
    let doors = doors_with(&embedder, settings).await;
    let (greedy, other) = (doors.key("default"), doors.key("default"));
    let mut streams = Vec::new();
    for _ in 0..2 {
        let request = doors.request("POST", "/api/tools/sleep_forever/calls", &greedy);
        let reply = request.header("accept", "text/event-stream").body("{}").send().await;
        let mut stream = reply.unwrap().bytes_stream();
        assert!(stream.next().await.unwrap().unwrap().starts_with(b"event: call"));
        streams.push(stream);
    }
    let refused = doors.get("/api/tools", &greedy).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (503, &json!("busy")),
        "{}",
        refused.text
    );
    assert_eq!(doors.get("/api/tools", &other).await.status, 200);
    streams.pop();
    until("its turn is free again", async || {
        (doors.get("/api/tools", &greedy).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_under_load_it_answers_what_it_took_and_refuses_the_rest() {
    let pocket = PocketCommand::new();
    let (serving, url, key) = served(&pocket);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (began, mut begun) = tokio::sync::mpsc::channel(1);
    let callers = (0..32).map(|_| {
        let (client, url, key, began) = (client.clone(), url.clone(), key.clone(), began.clone());
        tokio::spawn(async move {
            loop {
                let call = client.post(format!("{url}/api/tools/echo/calls")).bearer_auth(&key);
                // Nothing is heard of what nobody took any more.
                let Ok(reply) = call.body(r#"{"text":"hello"}"#).send().await else {
                    return;
                };
                let status = reply.status().as_u16();
                let text = reply.text().await.expect("a reply that began comes whole");
                if status != 200 {
                    assert!(matches!(status, 499 | 503), "{status} {text}");
                    return;
                }
                assert!(text.contains("hello"), "{text}");
                let _ = began.try_send(());
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    begun.recv().await.unwrap();
    tell_to_end(&serving);
    let ended = tokio::time::timeout(PATIENCE, serving.ended()).await;
    let ended = ended.expect("it ends in time");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    for caller in tokio::time::timeout(PATIENCE, join_all(callers)).await.unwrap() {
        caller.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_ends_no_call_and_the_tool_is_served_as_it_was() {
    use_ring();
    let pocket = PocketCommand::new();
    let folder = pocket.project().join("gone");
    std::fs::create_dir_all(&folder).unwrap();
    put_program("sleep_forever", &folder.join("tool.wasm"));
    let manifest = json!({ "tool": { "name": "gone", "description": "sleeps", "component": "tool.wasm" } });
    std::fs::write(folder.join("pocket.json"), manifest.to_string()).unwrap();
    let added = pocket.run(["add", "./gone", "--yes"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let mut serving = pocket.start(["serve", "--listen", "127.0.0.1:0"]);
    let url = serving.after("listening at ");
    let file = serving.after("the key  in ");
    let key = std::fs::read_to_string(file.split(": send it").next().unwrap()).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begin = async || {
        let call = client
            .post(format!("{url}/api/tools/gone/calls"))
            .bearer_auth(key.trim());
        let begun = call.header("prefer", "respond-async").body("{}").send().await.unwrap();
        assert_eq!(begun.status(), 202);
        begun.headers()["location"].to_str().unwrap().to_owned()
    };
    let state = async |call: &str| {
        let asked = client.get(format!("{url}{call}")).bearer_auth(key.trim()).send().await;
        let told: serde_json::Value = serde_json::from_str(&asked.unwrap().text().await.unwrap()).unwrap();
        told["state"].clone()
    };
    let before = begin().await;
    std::fs::remove_dir_all(&folder).unwrap();
    let after = begin().await;
    assert_eq!(
        (state(&before).await, state(&after).await),
        (json!("running"), json!("running"))
    );
    for call in [before, after] {
        let cancelled = client
            .delete(format!("{url}{call}"))
            .bearer_auth(key.trim())
            .send()
            .await;
        assert_eq!(cancelled.unwrap().status(), 200);
        assert_eq!(state(&call).await, "ended");
    }
    tell_to_end(&serving);
    let ended = serving.ended().await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
