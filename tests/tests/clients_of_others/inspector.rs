//! MCP's Inspector on the command line, from npm: it lists, calls, and is told of a sign-in.

use std::path::Path;

use pocket_tests::{Browser, Doors, Embedder, PocketCommand, SlackProject, SlackSettings, binary};
use serde_json::{Value, json};

use crate::{NODE, doors, ends_well, guests, place, started_by};

/// What it was answered to a method, of the server that `target` names.
async fn answered(node_modules: &Path, target: &[&str], more: &[&str]) -> Value {
    let program = node_modules.join("node_modules/@modelcontextprotocol/inspector-cli/build/cli.js");
    let mut client = started_by("node");
    // It looks for its own name beside the folder that it runs in.
    client.current_dir(program.parent().unwrap());
    client.arg(program).arg("--cli").args(target).args(more);
    let said = ends_well(client).await;
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

async fn lists_and_calls(node_modules: &Path, target: &[&str]) {
    let listed = answered(node_modules, target, &["--method", "tools/list"]).await;
    let tools = listed["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["echo", "exit_code", "loop_forever", "typed_report"]);
    let echo = [
        "--method",
        "tools/call",
        "--tool-name",
        "echo",
        "--tool-arg",
        "text=hello",
    ];
    let called = answered(node_modules, target, &echo).await;
    assert_eq!(called["structuredContent"], json!({ "text": "hello" }), "{called}");
    let fails = ["--method", "tools/call", "--tool-name", "exit_code"];
    let failed = answered(node_modules, target, &fails).await;
    assert_eq!(failed["isError"], true, "{failed}");
    assert_eq!(failed["structuredContent"]["error"]["code"], "tool_failed", "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_lists_and_calls_over_http() {
    let Some(node_modules) = place(NODE, "MCP's Inspector over HTTP") else {
        return;
    };
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    let header = format!("Authorization: Bearer {}", doors.key("default"));
    let url = doors.url("/mcp");
    lists_and_calls(&node_modules, &[&url, "--transport", "http", "--header", &header]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_lists_and_calls_on_pipes() {
    let Some(node_modules) = place(NODE, "MCP's Inspector on pipes") else {
        return;
    };
    let pocket = PocketCommand::new();
    let embedder = Embedder::new();
    for folder in guests(&embedder) {
        let added = pocket.run(["add", &folder.display().to_string(), "--yes"]);
        assert_eq!(added.code, 0, "{}", added.stderr);
    }
    // As a client's file of servers has it.
    let server = json!({
        "command": binary(),
        "args": ["serve", "--stdio", "--project", pocket.project()],
        "env": { "POCKET_HOME": pocket.home(), "POCKET_STORE__KEYRING": "off" },
    });
    pocket.write(
        "servers.json",
        &json!({ "mcpServers": { "pocket": server } }).to_string(),
    );
    let file = pocket.project().join("servers.json").display().to_string();
    lists_and_calls(&node_modules, &["--config", &file, "--server", "pocket"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_is_told_where_to_sign_in() {
    let Some(node_modules) = place(NODE, "MCP's Inspector is told of a sign-in") else {
        return;
    };
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
    let doors = Doors::open(pocket, project.embedder.home()).await;
    let header = format!("Authorization: Bearer {}", doors.key("default"));
    let url = doors.url("/mcp");
    let target = [url.as_str(), "--transport", "http", "--header", &header];
    let call = [
        "--method",
        "tools/call",
        "--tool-name",
        "slack_get_messages",
        "--tool-arg",
        "channel=C123",
    ];
    let asked = answered(&node_modules, &target, &call).await;
    assert_eq!(asked["isError"], true, "{asked}");
    // The tool tells what its output is, and this is none.
    let sign_in = &asked["_meta"]["pocket/error"]["details"]["sign_in"];
    let url = sign_in["url"].as_str().unwrap_or_else(|| panic!("{asked}"));
    let words = asked["content"][0]["text"].as_str().unwrap();
    assert!(words.contains(url), "it is told in words too: {asked}");
    let mut browser = Browser::new();
    let page = browser.open(url).await;
    let consent = browser.submit(&page, &[]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    let called = answered(&node_modules, &target, &call).await;
    assert!(called["structuredContent"]["messages"].is_array(), "{called}");
    for secret in project.slack.secrets_given() {
        assert!(!format!("{asked}{called}").contains(&secret), "it is told no secret");
    }
}
