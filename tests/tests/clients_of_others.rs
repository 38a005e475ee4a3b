//! Clients of MCP that nobody here wrote, from PyPI: each lists, calls, is told what went wrong, and cancels.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use pocket_tests::{Browser, Doors, Embedder, SlackProject, SlackSettings, binary, sample};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

/// The variable that names the python that finds these clients.
const PYTHON: &str = "POCKET_TEST_PYTHON_CLIENTS";
const PATIENCE: Duration = Duration::from_secs(180);

/// A program of ours that is a client, to be run by that python; nothing where there is none.
fn client(program: &str) -> Option<Command> {
    let Some(python) = std::env::var_os(PYTHON) else {
        // Past the capture of a test that passes; nobody reads it where stderr is closed.
        let _ = writeln!(std::io::stderr(), "left out, since {PYTHON} is not set: {program}");
        return None;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = Command::new(python);
    command
        .arg(root.join(program))
        .stdin(Stdio::null())
        .env("PYTHONUNBUFFERED", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .kill_on_drop(true);
    Some(command)
}

async fn ends_well(mut command: Command) -> String {
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let Output { status, stdout, stderr } = ended.expect("it ends in time").expect("it can be started");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

fn guests(embedder: &Embedder) -> Vec<PathBuf> {
    let written = ["exit_code", "loop_forever", "typed_report"].map(|name| {
        embedder.program(name);
        embedder.project().join("tools").join(name)
    });
    std::iter::once(sample("echo")).chain(written).collect()
}

async fn doors(embedder: &Embedder) -> Doors {
    let folders = guests(embedder);
    let tools = folders.iter().map(|folder| folder.display().to_string());
    let builder = tools.fold(embedder.builder(), |builder, tool| builder.tool(tool.as_str()));
    Doors::open(builder.build().await.unwrap(), embedder.home()).await
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
