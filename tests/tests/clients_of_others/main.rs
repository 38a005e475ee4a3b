//! Stories with clients that nobody here wrote: of MCP, of the HTTP API, and a browser.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chromium;
mod inspector;
mod python;
mod schemathesis;

use std::{
    ffi::OsStr,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use pocket_tests::{Doors, Embedder, sample};
use tokio::process::Command;

/// The variable that names the python that finds those of PyPI.
const PYTHON: &str = "POCKET_TEST_PYTHON_CLIENTS";
/// The variable that names the folder in which node finds those of npm.
const NODE: &str = "POCKET_TEST_NODE_CLIENTS";
const PATIENCE: Duration = Duration::from_secs(180);

/// What a variable names; where it is not set, the story is said to be left out.
fn place(variable: &str, story: &str) -> Option<PathBuf> {
    let place = std::env::var_os(variable).map(PathBuf::from);
    if place.is_none() {
        // Past the capture of a test that passes; nobody reads it where stderr is closed.
        let _ = writeln!(std::io::stderr(), "left out, since {variable} is not set: {story}");
    }
    place
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A client, to be started: it has no stdin, and ends with its test.
fn started_by(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn ended(mut command: Command) -> Output {
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    ended.expect("it ends in time").expect("it can be started")
}

async fn ends_well(command: Command) -> String {
    let Output { status, stdout, stderr } = ended(command).await;
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
