//! Agents that call tools over MCP: on pipes and over HTTP, by the official SDK's own client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use pocket_tests::{Browser, Doors, Embedder, PocketCommand, SlackProject, SlackSettings, binary, sample, until};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt as _, ErrorData, RoleClient, ServiceExt as _,
    model::{
        CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
        ElicitationAction, ElicitationCapability, Implementation, ProgressNotificationParam, ProtocolVersion,
        UrlElicitationCapability,
    },
    service::{NotificationContext, RequestContext, RunningService},
    transport::{
        StreamableHttpClientTransport, TokioChildProcess, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// An agent, with a user who signs in where it is asked for.
#[derive(Clone, Default)]
struct Agent {
    /// Whether it can send its user to an address.
    opens_urls: bool,
    /// What the user does there; nothing where no one is asked.
    user: Option<&'static str>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Agent {
    fn saw(&self, what: impl Into<String>) {
        self.seen.lock().unwrap().push(what.into());
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl ClientHandler for Agent {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        if self.opens_urls {
            capabilities.elicitation = Some(ElicitationCapability::new().with_url(UrlElicitationCapability::default()));
        }
        ClientConfig::new(capabilities, Implementation::new("an-agent", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::UrlElicitationParams { url, message, .. } = request else {
            panic!("only an address is asked for");
        };
        self.saw(format!("asked: {message}"));
        match self.user {
            Some("decline") | None => Ok(ElicitResult::new(ElicitationAction::Decline)),
            Some(decision) => {
                // The user is still at it when the agent answers.
                tokio::spawn(async move { sign_in(&url, decision).await });
                Ok(ElicitResult::new(ElicitationAction::Accept))
            }
        }
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        self.saw(format!("progress: {}", params.progress));
    }
}

async fn sign_in(url: &str, decision: &str) {
    let mut browser = Browser::new();
    let page = browser.open(url).await;
    assert!(page.status.is_success(), "{} {}", page.status, page.body);
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", decision)]).await;
}

type Running = RunningService<RoleClient, Agent>;

async fn over_http(doors: &Doors, key: &str, agent: Agent, lifecycle: ClientLifecycleMode) -> Running {
    let config = StreamableHttpClientTransportConfig::with_uri(doors.url("/mcp")).auth_header(key);
    let transport = StreamableHttpClientTransport::from_config(config);
    let begun = agent.serve_with_lifecycle(transport, lifecycle);
    tokio::time::timeout(PATIENCE, begun)
        .await
        .expect("it begins in time")
        .expect("it begins")
}

fn newest() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    }
}

async fn call(agent: &Running, tool: &'static str, input: Value) -> CallToolResult {
    let request = CallToolRequestParams::new(tool).with_arguments(input.as_object().unwrap().clone());
    let called = tokio::time::timeout(PATIENCE, agent.call_tool(request)).await;
    called.expect("the call ends in time").expect("it is answered")
}

fn text(result: &CallToolResult) -> String {
    let content = serde_json::to_value(&result.content).unwrap();
    content[0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_each_revision_lists_and_calls() {
    let embedder = Embedder::new();
    let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    let pocket = embedder
        .builder()
        .tool(sample("echo").display().to_string().as_str())
        .tool(embedder.program("exit_code"))
        .tool(embedder.program("typed_report"))
        .tool(embedder.program_as("print_args", "strict", json!({ "tool": { "inputSchema": schema } })))
        .build()
        .await
        .unwrap();
    let doors = Doors::open(pocket, embedder.home()).await;
    let key = doors.key("default");
    for lifecycle in [ClientLifecycleMode::Initialize, newest()] {
        let agent = over_http(&doors, &key, Agent::default(), lifecycle.clone()).await;
        let tools = agent.list_all_tools().await.unwrap();
        let names: Vec<_> = tools.iter().map(|tool| tool.name.to_string()).collect();
        assert_eq!(names, ["echo", "exit_code", "strict", "typed_report"], "{lifecycle:?}");
        let called = call(&agent, "echo", json!({ "text": "hello" })).await;
        assert_eq!(called.is_error, Some(false), "{called:?}");
        assert_eq!(called.structured_content, Some(json!({ "text": "hello" })));
        assert_eq!(text(&called), r#"{"text":"hello"}"#);
        let failed = call(&agent, "exit_code", json!({})).await;
        assert_eq!(failed.is_error, Some(true));
        assert!(text(&failed).starts_with("[tool_failed] "), "{failed:?}");
        assert_eq!(failed.structured_content.unwrap()["error"]["code"], "tool_failed");
        let wrong = call(&agent, "strict", json!({ "text": 1 })).await;
        assert!(text(&wrong).starts_with("[invalid_input] "), "{wrong:?}");
        let unknown = agent.call_tool(CallToolRequestParams::new("no_such_tool")).await;
        assert!(unknown.is_err(), "{unknown:?}");
        call(&agent, "typed_report", json!({})).await;
        // The client hands notices on beside the result.
        let begun = std::time::Instant::now();
        while !agent.service().seen().contains(&"progress: 2".to_owned()) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{lifecycle:?}: {:?}",
                agent.service().seen()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        agent.cancel().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cannot_send_its_user_anywhere_is_told_the_address_in_words() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
    let doors = Doors::open(pocket, project.embedder.home()).await;
    let agent = over_http(&doors, &doors.key("default"), Agent::default(), newest()).await;
    let input = json!({ "channel": "C123", "limit": 2 });
    let told = call(&agent, "slack_get_messages", input.clone()).await;
    assert_eq!(told.is_error, Some(true));
    let words = text(&told);
    assert!(words.starts_with("[sign_in_required] "), "{words}");
    assert!(words.contains("slack") && words.contains("channels:history"), "{words}");
    let url = words.split_whitespace().last().unwrap();
    sign_in(url, "allow").await;
    let called = call(&agent, "slack_get_messages", input).await;
    assert_eq!(called.is_error, Some(false), "{called:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_elicitation_the_same_call_goes_on_by_itself() {
    for lifecycle in [ClientLifecycleMode::Initialize, newest()] {
        let project = SlackProject::start(SlackSettings::default()).await;
        let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
        let doors = Doors::open(pocket, project.embedder.home()).await;
        let user = |user| Agent {
            opens_urls: true,
            user: Some(user),
            ..Agent::default()
        };
        let key = doors.key("default");
        let input = json!({ "channel": "C123", "limit": 2 });
        let agent = over_http(&doors, &key, user("decline"), lifecycle.clone()).await;
        let declined = call(&agent, "slack_get_messages", input.clone()).await;
        assert!(text(&declined).contains("did not want"), "{declined:?}");
        let agent = over_http(&doors, &key, user("allow"), lifecycle.clone()).await;
        let called = call(&agent, "slack_get_messages", input.clone()).await;
        assert_eq!(called.is_error, Some(false), "{lifecycle:?}: {called:?}");
        let mut seen = agent.service().seen();
        seen.retain(|seen| seen.starts_with("asked: "));
        assert_eq!(seen.len(), 1, "{lifecycle:?}: the user is asked once: {seen:?}");
        let everything = format!("{called:?}{declined:?}");
        assert!(project.slack.tokens().iter().all(|token| !everything.contains(token)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_state_holds_for_one_key_and_one_call_only() {
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
    let doors = Doors::open(pocket, project.embedder.home()).await;
    let agent = || Agent {
        opens_urls: true,
        ..Agent::default()
    };
    let (alice, bob) = (doors.key("alice"), doors.key("bob"));
    let alices = over_http(&doors, &alice, agent(), newest()).await;
    let bobs = over_http(&doors, &bob, agent(), newest()).await;
    let request = |limit: u8| {
        let input = json!({ "channel": "C123", "limit": limit });
        CallToolRequestParams::new("slack_get_messages").with_arguments(input.as_object().unwrap().clone())
    };
    let first = alices.call_tool_once(request(2)).await.unwrap();
    let rmcp::model::CallToolResponse::InputRequired(required) = first else {
        panic!("it asks for input: {first:?}");
    };
    let state = required.request_state.unwrap();
    let answered = |limit: u8, state: &str| {
        let answer = [("sign-in".to_owned(), json!({ "action": "decline" }))];
        request(limit)
            .with_input_responses(answer.into())
            .with_request_state(state)
    };
    assert!(alices.call_tool_once(answered(2, &state)).await.is_ok());
    assert!(
        alices.call_tool_once(answered(3, &state)).await.is_err(),
        "another call"
    );
    assert!(bobs.call_tool_once(answered(2, &state)).await.is_err(), "another key");
    let mut forged = state.clone();
    forged.replace_range(10..11, if &state[10..11] == "A" { "B" } else { "A" });
    assert!(
        alices.call_tool_once(answered(2, &forged)).await.is_err(),
        "a forged one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cancels_stops_the_guest() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .tool(embedder.program("sleep_forever"))
        .build()
        .await
        .unwrap();
    let doors = Doors::open(pocket, embedder.home()).await;
    let key = doors.key("default");
    for lifecycle in [ClientLifecycleMode::Initialize, newest()] {
        let agent = over_http(&doors, &key, Agent::default(), lifecycle.clone()).await;
        let states = async |word: &str| -> Vec<Value> {
            let calls = doors.get("/api/calls", &key).await.json();
            calls["calls"]
                .as_array()
                .unwrap()
                .iter()
                .map(|call| call[word].clone())
                .collect()
        };
        {
            let mut calling = std::pin::pin!(agent.call_tool(CallToolRequestParams::new("sleep_forever")));
            until("it runs", async || {
                tokio::select! {
                    ended = &mut calling => panic!("it goes on: {ended:?}"),
                    states = states("state") => states.contains(&json!("running")).then_some(()),
                }
            })
            .await;
        }
        until("it is cancelled", async || {
            states("code")
                .await
                .iter()
                .all(|code| code == "cancelled")
                .then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_keys_session_does_not_exist() {
    let embedder = Embedder::new();
    let pocket = embedder
        .builder()
        .tool(sample("echo").display().to_string().as_str())
        .build()
        .await
        .unwrap();
    let doors = Doors::open(pocket, embedder.home()).await;
    let (alice, bob) = (doors.key("alice"), doors.key("bob"));
    let post = |key: &str, session: Option<&str>, body: Value| {
        let mut request = doors
            .request("POST", "/mcp", key)
            .header("accept", "application/json, text/event-stream");
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        request.json(&body)
    };
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "a", "version": "1" },
    } });
    let begun = post(&alice, None, hello).send().await.unwrap();
    let session = begun.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert!(
        post(&alice, Some(&session), initialized)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    assert_eq!(
        post(&bob, Some(&session), list.clone()).send().await.unwrap().status(),
        404
    );
    let stream = doors
        .request("GET", "/mcp", &bob)
        .header("mcp-session-id", &session)
        .header("accept", "text/event-stream");
    assert_eq!(stream.send().await.unwrap().status(), 404);
    let deleted = doors.request("DELETE", "/mcp", &bob).header("mcp-session-id", &session);
    assert_eq!(deleted.send().await.unwrap().status(), 404);
    assert_eq!(post(&alice, Some(&session), list).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_begins_sessions_without_end_loses_its_oldest_and_no_others() {
    let embedder = Embedder::new();
    let pocket = embedder.builder().build().await.unwrap();
    let doors = Doors::open(pocket, embedder.home()).await;
    let (many, other) = (doors.key("default"), doors.key("default"));
    let post = |key: &str, session: Option<&str>, body: Value| {
        let request = doors.request("POST", "/mcp", key);
        let request = request.header("accept", "application/json, text/event-stream");
        let request = match session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        };
        request.json(&body)
    };
    let begin = async |key: &str| {
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "a", "version": "1" },
        } });
        let begun = post(key, None, hello).send().await.unwrap();
        begun.headers()["mcp-session-id"].to_str().unwrap().to_owned()
    };
    let ping = async |key: &str, session: &str| {
        let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
        post(key, Some(session), ping).send().await.unwrap().status().as_u16()
    };
    let others = begin(&other).await;
    let (first, second) = (begin(&many).await, begin(&many).await);
    for _ in 0..255 {
        begin(&many).await;
    }
    assert_eq!(ping(&many, &first).await, 404);
    assert_eq!(ping(&many, &second).await, 200);
    assert_eq!(ping(&other, &others).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_pipes_nothing_that_a_tool_writes_breaks_the_frames() {
    let command = PocketCommand::new();
    let embedder = Embedder::new();
    // Made for its folder alone.
    let _entry = embedder.program("typed_report");
    let package = embedder.project().join("tools/typed_report");
    let added = command.run(["add", &package.display().to_string(), "--yes"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let mut process = tokio::process::Command::new(binary());
    process
        .args(["serve", "--stdio"])
        .current_dir(command.project())
        .env_clear()
        .env("HOME", command.user_home())
        .env("POCKET_HOME", command.home())
        .env("POCKET_STORE__KEYRING", "off")
        .stderr(Stdio::null());
    let agent = Agent::default()
        .serve(TokioChildProcess::new(process).unwrap())
        .await
        .unwrap();
    for _ in 0..3 {
        let called = call(&agent, "typed_report", json!({ "line": "\n{\"jsonrpc\":\"2.0\"}\n" })).await;
        assert_eq!(called.is_error, Some(false), "{called:?}");
    }
    agent.cancel().await.unwrap();
}
