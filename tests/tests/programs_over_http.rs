//! Programs that call tools over HTTP.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::HashSet, net::TcpStream, num::NonZeroU32, time::Duration};

use futures_util::StreamExt as _;
use pocket_server::ServerSettings;
use pocket_tests::{Doors, Embedder, SlackProject, SlackSettings, decide, sample, until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

async fn doors(embedder: &Embedder) -> Doors {
    doors_with(embedder, ServerSettings::default()).await
}

async fn doors_with(embedder: &Embedder, settings: ServerSettings) -> Doors {
    let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] });
    let pocket = embedder
        .builder()
        .tool(sample("echo").display().to_string().as_str())
        .tool(embedder.program("sleep_forever"))
        .tool(embedder.program("flood_stderr"))
        .tool(embedder.program("exit_code"))
        .tool(embedder.program_as("typed_report", "strict", json!({ "tool": { "inputSchema": schema } })))
        .build()
        .await
        .expect("the tools are well");
    Doors::open_with(pocket, embedder.home(), settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_finds_a_tool_and_calls_it() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let tools = doors.get("/api/tools", &key).await.json();
    let names: Vec<_> = tools["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].clone())
        .collect();
    assert_eq!(names, ["echo", "exit_code", "flood_stderr", "sleep_forever", "strict"]);
    let strict = doors.get("/api/tools/strict", &key).await.json();
    assert_eq!(strict["input_schema"]["required"], json!(["text"]), "{strict}");
    let called = doors.call("echo", &json!({ "text": "hello" }), &key).await;
    assert_eq!(called.status, 200, "{}", called.text);
    let called = called.json();
    assert_eq!(
        (&called["code"], &called["output"]),
        (&json!("ok"), &json!({ "text": "hello" }))
    );
    assert!(called["usage"]["wall_us"].is_number(), "{called}");
    let id = called["call"].as_str().unwrap();
    let kept = doors.get(&format!("/api/calls/{id}"), &key).await.json();
    assert_eq!((&kept["state"], &kept["code"]), (&json!("ended"), &json!("ok")));
    assert_eq!(kept["result"]["output"], json!({ "text": "hello" }));
    let calls = doors.get("/api/calls", &key).await.json();
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(1), "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_as_a_problem_with_our_code() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let post = |path: &str, kind: &str, body: &str| {
        let request = doors.request("POST", path, &key).header("content-type", kind);
        doors.send(request.body(body.to_owned()))
    };
    let calls = "/api/tools/strict/calls";
    let rows = [
        (
            post(calls, "application/json", "{\"text\": 1}").await,
            422,
            "invalid_input",
        ),
        (
            post(calls, "application/json", "{\"text\": ").await,
            422,
            "invalid_input",
        ),
        (
            post(calls, "application/json", "{\"a\":1,\"a\":2}").await,
            422,
            "invalid_input",
        ),
        (post(calls, "text/plain", "{}").await, 415, "invalid_input"),
        (
            post("/api/tools/ecko/calls", "application/json", "{}").await,
            404,
            "not_found",
        ),
        (
            post("/api/sign-ins", "application/json", "{\"nothing\":1}").await,
            422,
            "invalid_input",
        ),
        (doors.get("/api/calls/0123", &key).await, 404, "not_found"),
        (doors.get("/api/tools/nothing", &key).await, 404, "not_found"),
        (doors.get("/api/calls/0123?wait=long", &key).await, 422, "invalid_input"),
        (doors.get("/api/calls/0123?wait=61", &key).await, 422, "invalid_input"),
        (doors.get("/api/calls/%ff", &key).await, 422, "invalid_input"),
        (doors.get("/api/nothing", &key).await, 404, "not_found"),
        (
            doors.send(doors.request("PUT", "/api/tools", &key)).await,
            405,
            "invalid_input",
        ),
        (doors.call("exit_code", &json!({}), &key).await, 502, "tool_failed"),
    ];
    for (at, (reply, status, code)) in rows.iter().enumerate() {
        assert_eq!(reply.status, *status, "row {at}: {}", reply.text);
        assert_eq!(reply.headers["content-type"], "application/problem+json", "row {at}");
        let problem = reply.json();
        assert_eq!(problem["code"], *code, "row {at}: {problem}");
        assert_eq!(problem["status"], *status, "row {at}: {problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "row {at}: {problem}");
    }
    for (name, value) in [("prefer", "respond-async"), ("accept", "text/event-stream")] {
        let request = doors.request("POST", "/api/tools/echo/calls", &key).header(name, value);
        let reply = doors.send(request.body("{")).await;
        assert_eq!(
            reply.status, 422,
            "{name}: it is told at once, not of a call: {}",
            reply.text
        );
    }
    let large = json!({ "text": "a".repeat(9 << 20) });
    let reply = doors.call("echo", &large, &key).await;
    assert_eq!(reply.status, 413, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_key_nothing_is_told() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let (id, _) = key.rsplit_once('_').unwrap();
    for wrong in ["", "pocket_0123456789ab_AAAA", id, &format!("{key}a"), "Basic"] {
        for path in [
            "/api/tools",
            "/api/tools/echo",
            "/api/calls",
            "/api/accounts",
            "/mcp",
            "/api/sign-ins",
        ] {
            let reply = doors.get(path, wrong).await;
            assert_eq!(reply.status, 401, "{path} with `{wrong}`");
            assert!(reply.headers.contains_key("www-authenticate"));
            assert!(!reply.text.contains("echo"), "{}", reply.text);
        }
        assert_eq!(doors.call("echo", &json!({}), wrong).await.status, 401);
    }
    assert_eq!(doors.get("/healthz", "").await.status, 200);
    assert_eq!(doors.get("/readyz", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_one_key_does_not_exist_for_another() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let (alice, again, bob) = (doors.key("alice"), doors.key("alice"), doors.key("bob"));
    let ask = |key: &str| {
        let request = doors.request("POST", "/api/tools/sleep_forever/calls", key);
        doors.send(
            request
                .header("prefer", "respond-async")
                .header("idempotency-key", "one")
                .body("{}"),
        )
    };
    let begun = ask(&alice).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let path = begun.headers["location"].to_str().unwrap().to_owned();
    let same = ask(&alice).await.json();
    assert_eq!(
        same["call"],
        begun.json()["call"],
        "an idempotency key stands for one call"
    );
    for other in [&bob, &again] {
        assert_eq!(doors.get(&path, other).await.status, 404);
        assert_eq!(doors.get(&format!("{path}/events"), other).await.status, 404);
        assert_eq!(doors.send(doors.request("DELETE", &path, other)).await.status, 404);
        assert_eq!(doors.get("/api/calls", other).await.json()["calls"], json!([]));
        let theirs = ask(other).await.json();
        assert_ne!(theirs["call"], begun.json()["call"], "nor does its idempotency key");
    }
    assert_eq!(doors.get(&path, &alice).await.json()["state"], "running");
    let cancelled = doors.send(doors.request("DELETE", &path, &alice)).await.json();
    assert_eq!(
        (&cancelled["state"], &cancelled["code"]),
        (&json!("ended"), &json!("cancelled"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_that_stands_for_another_call_is_refused() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let ask = |text: &str| {
        let request = doors.request("POST", "/api/tools/echo/calls", &key);
        let request = request.header("idempotency-key", "one");
        doors.send(request.body(json!({ "text": text }).to_string()))
    };
    let first = ask("a").await.json();
    assert_eq!(ask("a").await.json()["call"], first["call"]);
    let other = ask("b").await;
    assert_eq!(
        (other.status, other.json()["code"].clone()),
        (422, json!("invalid_input"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_one_tool_sees_and_calls_no_other() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key_for("default", "echo");
    let tools = doors.get("/api/tools", &key).await.json();
    assert_eq!(tools["tools"].as_array().map(Vec::len), Some(1), "{tools}");
    assert_eq!(doors.call("echo", &json!({ "text": "a" }), &key).await.status, 200);
    for path in ["/api/tools/print", "/api/tools/exit_code"] {
        assert_eq!(doors.get(path, &key).await.status, 404);
    }
    let refused = doors.call("exit_code", &json!({}), &key).await;
    let unknown = doors.call("no_such_tool", &json!({}), &key).await;
    assert_eq!((refused.status, unknown.status), (404, 404));
    assert_eq!(
        refused.text.replace("exit_code", "T"),
        unknown.text.replace("no_such_tool", "T"),
        "the two are told alike"
    );
}

/// Waits until a call runs.
async fn runs(doors: &Doors, key: &str) {
    until("the call runs", async || {
        let calls = doors.get("/api/calls", key).await.json();
        (calls["calls"][0]["state"] == "running").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_stops_its_guest() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let request = doors.request("POST", "/api/tools/sleep_forever/calls", &key).body("{}");
    let caller = tokio::spawn(request.send());
    runs(&doors, &key).await;
    caller.abort();
    let code = until("the call ends", async || {
        let calls = doors.get("/api/calls", &key).await.json();
        calls["calls"][0]["code"].as_str().map(ToOwned::to_owned)
    })
    .await;
    assert_eq!(code, "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_a_call_may_wait_for_it() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let begin = async |tool: &str| {
        let request = doors.request("POST", &format!("/api/tools/{tool}/calls"), &key);
        let begun = doors.send(request.header("prefer", "respond-async").body("{}")).await;
        assert_eq!(begun.status, 202, "{}", begun.text);
        begun.headers["location"].to_str().unwrap().to_owned()
    };
    let ended = doors
        .get(&format!("{}?wait=60", begin("echo").await), &key)
        .await
        .json();
    assert_eq!(
        (&ended["state"], &ended["code"]),
        (&json!("ended"), &json!("ok")),
        "{ended}"
    );
    let running = doors
        .get(&format!("{}?wait=0", begin("sleep_forever").await), &key)
        .await
        .json();
    assert_eq!(running["state"], "running", "{running}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_told_as_it_goes_on() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .tool(embedder.program("typed_report"))
        .build()
        .await
        .unwrap();
    let doors = Doors::open(pocket, embedder.home()).await;
    let key = doors.key("default");
    let request = doors.request("POST", "/api/tools/typed_report/calls", &key);
    let told = doors
        .send(request.header("accept", "text/event-stream").body("{}"))
        .await;
    assert_eq!(told.headers["content-type"], "text/event-stream");
    let events: Vec<(String, Value)> = told
        .text
        .split("\n\n")
        .filter_map(|event| {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let data = serde_json::from_str(field("data:")?).expect("each event is JSON");
            Some((field("event:")?.to_owned(), data))
        })
        .collect();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"call"), "{names:?}");
    assert_eq!(names.last(), Some(&"end"), "{names:?}");
    for name in ["step", "log", "progress"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(events.last().unwrap().1["code"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_ends_what_it_has_open() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    let request = doors.request("POST", "/api/tools/sleep_forever/calls", &key);
    let reply = request
        .header("accept", "text/event-stream")
        .body("{}")
        .send()
        .await
        .unwrap();
    let mut stream = reply.bytes_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: call"), "{first:?}");
    let request = doors.request("POST", "/api/tools/sleep_forever/calls", &key);
    let alone = request
        .header("prefer", "respond-async")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(alone.status(), 202);
    let id = doors.keys().list().unwrap()[0].id.clone();
    let other = doors.key("default");
    let others = doors.request("POST", "/api/tools/sleep_forever/calls", &other);
    others
        .header("prefer", "respond-async")
        .body("{}")
        .send()
        .await
        .unwrap();
    doors.keys().revoke(&id).unwrap();
    let rest = tokio::time::timeout(PATIENCE, stream.collect::<Vec<_>>()).await;
    assert!(rest.is_ok(), "the stream ends");
    let numbers = doors.keys().create_for_metrics(None).unwrap().text;
    until("the calls end that nobody waits for", async || {
        let told = doors.get("/metrics", numbers.expose()).await.text;
        let ended = "pocket_calls_total{tool=\"sleep_forever\",code=\"cancelled\"} 2";
        told.lines().any(|line| line == ended).then_some(())
    })
    .await;
    assert_eq!(
        doors.get("/api/calls", &other).await.json()["calls"][0]["state"],
        "running"
    );
    assert_eq!(doors.get("/api/tools", &key).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_and_other_names_are_kept_out() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    for path in ["/api/tools", "/mcp", "/healthz", "/api/openapi.json"] {
        let rebound = doors.request("GET", path, &key).header("host", "evil.example");
        assert_eq!(doors.send(rebound).await.status, 421, "{path}");
        let foreign = doors.request("GET", path, &key).header("origin", "http://evil.example");
        assert_eq!(doors.send(foreign).await.status, 403, "{path}");
    }
    let ours = doors.request("GET", "/api/tools", &key).header("origin", doors.url(""));
    assert_eq!(doors.send(ours).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_cannot_have_all_of_it() {
    let embedder = Embedder::new();
    let mut settings = ServerSettings::default();
    settings.requests_per_key = 2;
    let doors = doors_with(&embedder, settings).await;
    let (greedy, other) = (doors.key("default"), doors.key("default"));
    let input = json!({});
    let waiting = || doors.call("sleep_forever", &input, &greedy);
    let mut waiting = std::pin::pin!(async { tokio::join!(waiting(), waiting()) });
    let busy = until("no room is left", async || {
        tokio::select! {
            _ended = &mut waiting => panic!("they go on"),
            reply = doors.get("/api/tools", &greedy) => (reply.status == 503).then_some(reply),
        }
    })
    .await;
    assert_eq!(busy.json()["code"], "busy");
    assert!(busy.headers.contains_key("retry-after"), "{:?}", busy.headers);
    assert_eq!(doors.get("/api/tools", &other).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_fast_is_told_so_and_no_other_is() {
    let embedder = Embedder::new();
    let mut settings = ServerSettings::default();
    settings.requests_per_second = NonZeroU32::new(3).unwrap();
    let doors = doors_with(&embedder, settings).await;
    let (fast, other) = (doors.key("default"), doors.key("default"));
    let refused = until("it is too fast", async || {
        let reply = doors.get("/api/tools", &fast).await;
        (reply.status != 200).then_some(reply)
    })
    .await;
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (429, json!("rate_limited"))
    );
    assert!(refused.headers.contains_key("retry-after"), "{:?}", refused.headers);
    assert_eq!(doors.get("/api/tools", &other).await.status, 200);
    until("it may again", async || {
        (doors.get("/api/tools", &fast).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_ends_a_request_keeps_no_connection() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let embedder = Embedder::new();
    let mut settings = ServerSettings::default();
    settings.head_timeout = Duration::from_millis(200);
    settings.connections = 2;
    let doors = doors_with(&embedder, settings).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = tokio::net::TcpStream::connect(doors.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
        slow.push(stream);
    }
    // It waits for one of the two to be let go.
    let reply = tokio::time::timeout(Duration::from_secs(30), doors.get("/healthz", "")).await;
    assert_eq!(reply.expect("it is answered in time").status, 200);
    for mut stream in slow {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "it is let go");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_once_what_runs_has_ended() {
    let embedder = Embedder::new();
    let mut settings = ServerSettings::default();
    settings.grace = Duration::from_millis(200);
    let mut doors = doors_with(&embedder, settings).await;
    let key = doors.key("default");
    let request = doors.request("POST", "/api/tools/sleep_forever/calls", &key).body("{}");
    let call = tokio::spawn(request.send());
    runs(&doors, &key).await;
    doors.end();
    tokio::time::timeout(PATIENCE, doors.ended())
        .await
        .expect("it ends in time");
    let reply = call.await.unwrap().expect("the caller is answered");
    assert_eq!(reply.status().as_u16(), 499);
    assert!(TcpStream::connect(doors.address).is_err(), "nobody listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_tells_every_path() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let description = doors.get("/api/openapi.json", "").await.json();
    let paths: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/api/accounts",
            "/api/accounts/{provider}",
            "/api/calls",
            "/api/calls/{id}",
            "/api/calls/{id}/events",
            "/api/sign-ins",
            "/api/tools",
            "/api/tools/{name}",
            "/api/tools/{name}/calls",
        ]
    );
    let operations = description["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|path| path.as_object().unwrap().values());
    let ids: Vec<_> = operations.map(|one| one["operationId"].as_str().unwrap()).collect();
    let unique: HashSet<_> = ids.iter().collect();
    assert_eq!(
        unique.len(),
        ids.len(),
        "a program made of it has a name for each: {ids:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_begun_here_makes_the_next_call_work() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let builder = project.builder().tool(sample("echo").display().to_string().as_str());
    let pocket = builder.tool(project.get_messages()).build().await.unwrap();
    let doors = Doors::open(pocket.clone(), project.embedder.home()).await;
    let (alice, bob) = (doors.key("alice"), doors.key("bob"));
    let none = doors.request("POST", "/api/sign-ins", &alice);
    let none = doors.send(none.json(&json!({ "tool": "echo" }))).await;
    assert_eq!(
        (none.status, none.json()),
        (200, json!({ "sign_in": null })),
        "echo needs none"
    );
    let input = json!({ "channel": "C123", "limit": 2 });
    let needed = doors.call("slack_get_messages", &input, &alice).await;
    assert_eq!(needed.json()["code"], "sign_in_required", "{}", needed.text);
    assert!(
        needed.json()["details"]["sign_in"]["url"].is_string(),
        "{}",
        needed.text
    );
    let request = doors.request("POST", "/api/sign-ins", &alice);
    let begun = doors.send(request.json(&json!({ "tool": "slack_get_messages" }))).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    assert_eq!(doors.get("/api/sign-ins", &bob).await.json()["sign_ins"], json!([]));
    let sign_in = pocket
        .for_profile("alice")
        .need_of("slack_get_messages")
        .await
        .unwrap()
        .unwrap();
    let sign_in = pocket.for_profile("alice").begin_sign_in(&sign_in, &[]).await.unwrap();
    assert_eq!(
        json!(sign_in.url),
        begun.json()["sign_in"]["url"],
        "one sign-in an account"
    );
    decide(&sign_in, "allow").await;
    let called = doors.call("slack_get_messages", &input, &alice).await;
    assert_eq!(called.status, 200, "{}", called.text);
    let accounts = doors.get("/api/accounts", &alice).await;
    assert_eq!(accounts.json()["accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(doors.get("/api/accounts", &bob).await.json()["accounts"], json!([]));
    for token in project.slack.tokens() {
        assert!(
            !accounts.text.contains(&token) && !called.text.contains(&token),
            "no token is told"
        );
    }
    let out = doors
        .send(doors.request("DELETE", "/api/accounts/slack", &bob))
        .await
        .json();
    assert_eq!(out["accounts"], 0, "bob signs out of his own alone");
    let out = doors
        .send(doors.request("DELETE", "/api/accounts/slack", &alice))
        .await
        .json();
    assert_eq!(out["accounts"], 1);
    let again = doors.call("slack_get_messages", &input, &alice).await;
    assert_eq!(again.json()["code"], "sign_in_required");
}
