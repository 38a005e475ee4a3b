//! Clients of MCP, from PyPI: each lists, calls, is told what went wrong, and cancels.

use std::process::Stdio;

use pocket_tests::{Browser, Doors, Embedder, SlackProject, SlackSettings, binary};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::{PATIENCE, PYTHON, doors, ends_well, guests, place, root, started_by};

/// A program of ours that is a client, to be run by that python; nothing where there is none.
fn client(program: &str) -> Option<Command> {
    let mut command = started_by(place(PYTHON, program)?);
    command
        .arg(root().join(program))
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Some(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_lists_calls_and_cancels_over_http() {
    let Some(mut client) = client("tests/clients/python_sdk.py") else {
        return;
    };
    let embedder = Embedder::new();
    let doors = doors(&embedder).await;
    client
        .args(["http", &doors.url("/mcp")])
        .env("POCKET_KEY", doors.key("default"));
    assert!(ends_well(client).await.contains("all is well"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_lists_calls_and_cancels_on_pipes() {
    let Some(mut client) = client("tests/clients/python_sdk.py") else {
        return;
    };
    let pocket = pocket_tests::PocketCommand::new();
    let embedder = Embedder::new();
    for folder in guests(&embedder) {
        let added = pocket.run(["add", &folder.display().to_string(), "--yes"]);
        assert_eq!(added.code, 0, "{}", added.stderr);
    }
    client
        .args(["stdio", &binary().display().to_string()])
        .current_dir(pocket.project())
        .env("POCKET_HOME", pocket.home());
    assert!(ends_well(client).await.contains("all is well"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_sends_its_user_to_the_sign_in_and_the_call_goes_on() {
    let Some(mut client) = client("tests/clients/python_sdk.py") else {
        return;
    };
    let project = SlackProject::start(SlackSettings::default()).await;
    let pocket = project.builder().tool(project.get_messages()).build().await.unwrap();
    let doors = Doors::open(pocket, project.embedder.home()).await;
    client
        .args(["sign-in", &doors.url("/mcp")])
        .env("POCKET_KEY", doors.key("default"));
    let mut running = client.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    let all = async {
        let asked = lines.next_line().await.unwrap().unwrap();
        let url = asked.strip_prefix("open ").unwrap_or_else(|| panic!("{asked}"));
        let mut browser = Browser::new();
        let page = browser.open(url).await;
        let consent = browser.submit(&page, &[]).await;
        browser.submit(&consent, &[("decision", "allow")]).await;
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("all is well"));
        assert!(running.wait().await.unwrap().success());
    };
    tokio::time::timeout(PATIENCE, all).await.expect("it ends in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_frameworks_load_the_tools_and_call_one() {
    for program in ["langchain_tools.py", "openai_agents_tools.py"] {
        let Some(mut client) = client(&format!("server/examples/agents/{program}")) else {
            return;
        };
        let embedder = Embedder::new();
        let doors = doors(&embedder).await;
        client
            .args([&doors.url("/mcp"), "echo", "{\"text\": \"hello\"}"])
            .env("POCKET_KEY", doors.key("default"));
        let said = ends_well(client).await;
        assert!(
            said.contains("echo") && said.contains("typed_report"),
            "{program}: {said}"
        );
        assert!(said.contains("gave:") && said.contains("hello"), "{program}: {said}");
    }
}
