//! Calls that go on as tasks, for agents that take them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use pocket_tests::{Doors, Embedder, sample, until};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{
        CallToolRequestParams, CallToolResponse, CancelTaskParams, ClientCapabilities, ClientConfig, CreateTaskResult,
        GetTaskParams, Implementation, InputResponses, ProtocolVersion, TaskPayload, TaskStatus, UpdateTaskParams,
    },
    service::RunningService,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

/// An agent that may take tasks.
#[derive(Clone)]
struct Agent {
    takes_tasks: bool,
}

impl ClientHandler for Agent {
    fn get_info(&self) -> ClientConfig {
        let capabilities = if self.takes_tasks {
            ClientCapabilities::builder().enable_tasks().build()
        } else {
            ClientCapabilities::default()
        };
        ClientConfig::new(capabilities, Implementation::new("an-agent", "1"))
    }
}

type Running = RunningService<RoleClient, Agent>;

async fn agent(doors: &Doors, key: &str, takes_tasks: bool, lifecycle: ClientLifecycleMode) -> Running {
    let config = StreamableHttpClientTransportConfig::with_uri(doors.url("/mcp")).auth_header(key);
    let transport = StreamableHttpClientTransport::from_config(config);
    let begun = Agent { takes_tasks }.serve_with_lifecycle(transport, lifecycle);
    let begun = tokio::time::timeout(Duration::from_secs(60), begun).await;
    begun.unwrap().unwrap()
}

fn lifecycles() -> [ClientLifecycleMode; 2] {
    let newest = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    [ClientLifecycleMode::Initialize, newest]
}

async fn call(agent: &Running, tool: &'static str, input: Value) -> CallToolResponse {
    let request = CallToolRequestParams::new(tool).with_arguments(input.as_object().unwrap().clone());
    let called = tokio::time::timeout(Duration::from_secs(60), agent.call_tool_once(request));
    called.await.unwrap().unwrap()
}

async fn task(agent: &Running, tool: &'static str, input: Value) -> CreateTaskResult {
    match call(agent, tool, input).await {
        CallToolResponse::Task(task) => task,
        other => panic!("a task is given: {other:?}"),
    }
}

async fn doors(embedder: &Embedder) -> Doors {
    let builder = embedder.builder().tool(sample("echo").display().to_string().as_str());
    let builder = builder
        .tool(embedder.program("wait"))
        .tool(embedder.program("sleep_forever"));
    Doors::open(builder.build().await.unwrap(), embedder.home()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_goes_on_as_a_task_and_a_short_one_is_answered() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    for lifecycle in lifecycles() {
        let agent = agent(&doors, &key, true, lifecycle).await;
        let short = call(&agent, "echo", json!({ "a": 1 })).await;
        assert!(matches!(short, CallToolResponse::Complete(_)), "{short:?}");

        let begun = task(&agent, "wait", json!({ "milliseconds": 4_000 })).await.task;
        assert_eq!(begun.status, TaskStatus::Working);
        assert!(begun.ttl_ms.is_some() && begun.poll_interval_ms.is_some(), "{begun:?}");
        let look = async || agent.get_task(GetTaskParams::new(&begun.task_id)).await.unwrap().task;
        assert_eq!(look().await.status(), TaskStatus::Working);
        let ended = until("it has ended", async || {
            Some(look().await).filter(|task| task.status().is_terminal())
        })
        .await;
        let TaskPayload::Completed { result } = ended.payload else {
            panic!("it ended well: {ended:?}");
        };
        assert_eq!(result["isError"], false, "{result:?}");
        // Nothing was asked, so an answer changes nothing.
        let answer = UpdateTaskParams::new(&begun.task_id, InputResponses::default());
        agent.update_task(answer).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_cancelled_by_its_agent_and_by_no_other_key() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let (alice, bob) = (doors.key("alice"), doors.key("bob"));
    for lifecycle in lifecycles() {
        let hers = agent(&doors, &alice, true, lifecycle.clone()).await;
        let his = agent(&doors, &bob, true, lifecycle).await;
        let begun = task(&hers, "sleep_forever", json!({})).await.task;
        let id = begun.task_id.as_str();
        assert!(his.get_task(GetTaskParams::new(id)).await.is_err());
        assert!(his.cancel_task(CancelTaskParams::new(id)).await.is_err());
        let answer = UpdateTaskParams::new(id, InputResponses::default());
        assert!(his.update_task(answer).await.is_err());
        let look = async || hers.get_task(GetTaskParams::new(id)).await.unwrap().task;
        assert_eq!(look().await.status(), TaskStatus::Working);
        hers.cancel_task(CancelTaskParams::new(id)).await.unwrap();
        until("it is cancelled", async || {
            (look().await.status() == TaskStatus::Cancelled).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_tasks_waits_and_can_ask_for_none() {
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let key = doors.key("default");
    for lifecycle in lifecycles() {
        let agent = agent(&doors, &key, false, lifecycle).await;
        let waited = call(&agent, "wait", json!({ "milliseconds": 1_500 })).await;
        assert!(matches!(waited, CallToolResponse::Complete(_)), "{waited:?}");
        assert!(agent.get_task(GetTaskParams::new("0")).await.is_err());
    }
}
