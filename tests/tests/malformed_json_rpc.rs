//! Whatever is no message of JSON-RPC, over HTTP and on pipes: it is told so, and the next message is answered.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Stdio, time::Duration};

use pocket_tests::{Doors, Embedder, PocketCommand, Reply, binary, sample};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// What cannot be read as JSON, or says a thing twice.
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let text = |name, text: &str| (name, text.as_bytes().to_vec());
    vec![
        text("nothing", ""),
        text("a word", "hello"),
        text("HTML", "<html></html>"),
        text("cut off", r#"{"jsonrpc":"2.0","id":1,"method":"tools/li"#),
        text(
            "two",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}"#,
        ),
        text(
            "a mark of its order of bytes",
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        ),
        text("a comma too many", r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#),
        text("a comment", r#"{"jsonrpc":"2.0",/* */"id":1,"method":"ping"}"#),
        text("NaN", r#"{"jsonrpc":"2.0","id":NaN,"method":"ping"}"#),
        text("half a pair", r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#),
        (
            "no UTF-8",
            b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}".to_vec(),
        ),
        (
            "UTF-16",
            "{\"id\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("NUL", b"\0\0\0".to_vec()),
        ("deep", [b"[".repeat(10_000), b"]".repeat(10_000)].concat()),
    ]
}

/// JSON that is no message, with the id that it has.
fn misshapen() -> Vec<(Value, Value)> {
    let ping = || json!({ "jsonrpc": "2.0", "id": 7, "method": "ping" });
    let with = |field: &str, value: Value| {
        let mut message = ping();
        message[field] = value;
        message
    };
    let without = |field: &str| {
        let mut message = ping();
        message.as_object_mut().unwrap().remove(field);
        message
    };
    let null = Value::Null;
    vec![
        (json!(null), null.clone()),
        (json!(1), null.clone()),
        (json!("ping"), null.clone()),
        (json!([]), null.clone()),
        (json!([ping()]), null.clone()),
        (json!([[ping()]]), null.clone()),
        (
            json!([{ "jsonrpc": "2.0", "method": "notifications/initialized" }]),
            null.clone(),
        ),
        (json!({}), null.clone()),
        (without("jsonrpc"), json!(7)),
        (with("jsonrpc", json!("1.0")), json!(7)),
        (with("jsonrpc", json!(2.0)), json!(7)),
        (with("id", null.clone()), null.clone()),
        (with("id", json!(1.5)), null.clone()),
        (with("id", json!(true)), null.clone()),
        (with("id", json!({ "a": 1 })), null.clone()),
        (with("id", json!([1])), null),
        (without("method"), json!(7)),
        (with("method", json!(1)), json!(7)),
        (with("method", json!(["ping"])), json!(7)),
        (with("params", json!([1])), json!(7)),
        (with("params", json!("a")), json!(7)),
    ]
}

/// Requests that are messages, and ask for what there is not.
fn unanswerable() -> Vec<(&'static str, Value, i64)> {
    vec![
        ("no/such/method", json!({}), -32601),
        ("", json!({}), -32601),
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({ "name": 1 }), -32602),
        ("tools/call", json!({ "name": "echo", "arguments": [] }), -32602),
        ("tools/call", json!({ "name": "echo", "arguments": "a" }), -32602),
        ("tools/call", json!({ "name": "no_such_tool" }), -32602),
        ("tools/call", json!({ "name": "../echo" }), -32602),
        ("tools/list", json!({ "cursor": "no such cursor" }), -32602),
        ("logging/setLevel", json!({ "level": "loud" }), -32602),
    ]
}

/// A session over HTTP.
struct Session {
    doors: Doors,
    key: String,
    id: String,
    _embedder: Embedder,
}

impl Session {
    async fn begin() -> Self {
        let embedder = Embedder::new();
        let echo = sample("echo").display().to_string();
        let pocket = embedder.builder().tool(echo.as_str()).build().await.unwrap();
        let doors = Doors::open(pocket, embedder.home()).await;
        let key = doors.key("default");
        let mut session = Self {
            doors,
            key,
            id: String::new(),
            _embedder: embedder,
        };
        let begun = session.post(hello().to_string().into_bytes()).await;
        session.id = begun.headers["mcp-session-id"].to_str().unwrap().to_owned();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(session.post(initialized.to_string().into_bytes()).await.status, 202);
        session
    }

    fn request(&self, body: Vec<u8>) -> reqwest::RequestBuilder {
        let request = self.doors.request("POST", "/mcp", &self.key);
        let request = request
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json");
        let request = if self.id.is_empty() {
            request
        } else {
            request.header("mcp-session-id", &self.id)
        };
        request.body(body)
    }

    async fn post(&self, body: Vec<u8>) -> Reply {
        self.doors.send(self.request(body)).await
    }

    /// That it is still a session in which tools are listed.
    async fn is_well(&self, after: &str) {
        let list = json!({ "jsonrpc": "2.0", "id": "next", "method": "tools/list" });
        let listed = answer(&self.post(list.to_string().into_bytes()).await);
        assert_eq!(listed["result"]["tools"][0]["name"], "echo", "after {after}: {listed}");
    }
}

fn hello() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "a", "version": "1" },
    } })
}

/// The message in a reply, as JSON or as the last event.
fn answer(reply: &Reply) -> Value {
    let data = reply.text.lines().rev().find_map(|line| line.strip_prefix("data: "));
    let text = data.unwrap_or(&reply.text);
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {} {}", reply.status, reply.text))
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_what_is_no_message_is_told_so_and_the_next_is_answered() {
    let session = Session::begin().await;
    for (name, body) in unreadable() {
        let reply = session.post(body).await;
        let told = answer(&reply);
        assert_eq!(
            (reply.status, &told["error"]["code"]),
            (400, &json!(-32700)),
            "{name}: {told}"
        );
        session.is_well(name).await;
    }
    for (message, id) in misshapen() {
        let reply = session.post(message.to_string().into_bytes()).await;
        let told = answer(&reply);
        assert_eq!(
            (reply.status, &told["error"]["code"]),
            (400, &json!(-32600)),
            "{message}: {told}"
        );
        assert_eq!(told["id"], id, "{message}");
        session.is_well(&message.to_string()).await;
    }
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}"#;
    let told = answer(&session.post(twice.as_bytes().to_vec()).await);
    assert_eq!(told["error"]["code"], -32700, "{told}");
    for (method, params, code) in unanswerable() {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        let told = answer(&session.post(message.to_string().into_bytes()).await);
        assert_eq!(
            (&told["error"]["code"], &told["id"]),
            (&json!(code), &json!(7)),
            "{message}: {told}"
        );
        session.is_well(&message.to_string()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_what_nobody_asked_for_is_taken_and_comes_to_nothing() {
    let session = Session::begin().await;
    for message in [
        json!({ "jsonrpc": "2.0", "id": 99, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": "never", "error": { "code": 1, "message": "a" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 12345 } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {} }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": [1] } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/no/such" }),
    ] {
        let reply = session.post(message.to_string().into_bytes()).await;
        assert!(
            matches!(reply.status, 202 | 400),
            "{message}: {} {}",
            reply.status,
            reply.text
        );
        session.is_well(&message.to_string()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_odd_heads_and_bodies_are_refused_and_the_next_is_answered() {
    let session = Session::begin().await;
    let ping = || {
        json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })
            .to_string()
            .into_bytes()
    };
    let sent = async |name: &str, value: &str| {
        let mut request = session.request(ping()).build().unwrap();
        request.headers_mut().insert(
            http::HeaderName::try_from(name).unwrap(),
            http::HeaderValue::try_from(value).unwrap(),
        );
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.execute(request).await.unwrap().status().as_u16()
    };
    for (name, value, status) in [
        ("accept", "text/html", 406),
        ("content-type", "text/plain", 415),
        ("content-type", "application/x-www-form-urlencoded", 415),
        ("mcp-session-id", "no such session", 404),
        ("mcp-session-id", "../../etc/passwd", 404),
        ("mcp-protocol-version", "1999-01-01", 400),
        ("origin", "https://evil.example", 403),
        ("host", "evil.example", 421),
    ] {
        assert_eq!(sent(name, value).await, status, "{name}: {value}");
        session.is_well(name).await;
    }
    let long = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "echo", "arguments": { "a": "x".repeat(10 << 20) },
    } });
    let reply = session.post(long.to_string().into_bytes()).await;
    assert_eq!(reply.status, 413, "{}", reply.text);
    session.is_well("ten megabytes").await;
    for method in ["PUT", "PATCH", "OPTIONS"] {
        let status = session
            .doors
            .send(session.doors.request(method, "/mcp", &session.key))
            .await
            .status;
        assert_eq!(status, 405, "{method}");
    }
}

/// An agent that writes what it likes on the pipes of a server.
struct Pipes {
    _command: PocketCommand,
    process: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Pipes {
    async fn begin() -> Self {
        let command = PocketCommand::new();
        let added = command.run(["add", &sample("echo").display().to_string(), "--yes"]);
        assert_eq!(added.code, 0, "{}", added.stderr);
        let mut process = Command::new(binary())
            .args(["serve", "--stdio"])
            .current_dir(command.project())
            .env_clear()
            .env("HOME", command.user_home())
            .env("POCKET_HOME", command.home())
            .env("POCKET_STORE__KEYRING", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let to = process.stdin.take().unwrap();
        let from = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut pipes = Self {
            _command: command,
            process,
            to,
            from,
        };
        pipes.write(hello().to_string().as_bytes()).await;
        assert_eq!(pipes.read().await["id"], 0);
        pipes
            .write(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
            .await;
        pipes
    }

    async fn write(&mut self, line: &[u8]) {
        self.to.write_all(line).await.unwrap();
        self.to.write_all(b"\n").await.unwrap();
        self.to.flush().await.unwrap();
    }

    /// The next line, which is a message whatever went before.
    async fn read(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.from.next_line()).await;
        let line = line.expect("it is answered").unwrap().expect("it goes on");
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        message
    }

    /// That tools are listed; gives what was said before.
    async fn is_well(&mut self, after: &str) -> Vec<Value> {
        let list = json!({ "jsonrpc": "2.0", "id": "next", "method": "tools/list" });
        self.write(list.to_string().as_bytes()).await;
        let mut before = Vec::new();
        loop {
            let message = self.read().await;
            if message["id"] == "next" {
                assert_eq!(
                    message["result"]["tools"][0]["name"], "echo",
                    "after {after}: {message}"
                );
                return before;
            }
            before.push(message);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_pipes_what_is_no_message_breaks_nothing_and_the_next_is_answered() {
    let mut pipes = Pipes::begin().await;
    for (name, body) in unreadable() {
        pipes.write(&body).await;
        for said in pipes.is_well(name).await {
            assert!(
                said["error"]["code"].is_i64() || said["id"] == 1 || said["id"] == 2,
                "{name}: {said}"
            );
        }
    }
    for (message, _id) in misshapen() {
        pipes.write(message.to_string().as_bytes()).await;
        for said in pipes.is_well(&message.to_string()).await {
            assert!(said["error"]["code"].is_i64(), "{message}: {said}");
        }
    }
    for (method, params, code) in unanswerable() {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        pipes.write(message.to_string().as_bytes()).await;
        // Requests are worked on side by side, so either may be answered first.
        let is_told = |said: &Value| said["id"] == 7 && said["error"]["code"] == code;
        let mut said = pipes.is_well(&message.to_string()).await;
        while !said.iter().any(is_told) {
            said.push(pipes.read().await);
        }
    }
    let long = vec![b'x'; 20 << 20];
    pipes.write(&long).await;
    pipes.is_well("twenty megabytes").await;
    let Pipes { process, to, .. } = pipes;
    drop(to);
    let ended = tokio::time::timeout(PATIENCE, process.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && !stderr.contains("panicked"), "{stderr}");
}
