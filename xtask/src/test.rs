//! `cargo xtask test`: all tests.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    build_tools, chromium, databases, glewlwyd, host, node_clients, oauth_server, python_clients,
    workspace::{root, say},
};

/// What is typed after the verb goes to `cargo test`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    build_tools::run()?;
    let clients = clients()?;
    databases::ready();
    host::build()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tests = Command::new(&cargo);
    tests
        .arg("test")
        .args(host::PACKAGES)
        .arg("--no-fail-fast")
        .args(arguments)
        .envs(clients);
    if !arguments.is_empty() {
        return host::run(&mut tests, &root());
    }
    say("the SDK and the sample tools, as far as they run on this machine");
    host::cargo(&["test", "--package", "pocket-tool", "--locked", "--quiet"])?;
    let target = root().join("target/samples");
    let mut samples = Command::new(&cargo);
    samples
        .args([
            "test",
            "--locked",
            "--quiet",
            "--target",
            &host::triple()?,
            "--target-dir",
        ])
        .arg(target);
    host::run(&mut samples, &root().join("sample-tools"))?;
    host::run(&mut tests, &root())
}

/// Readies what the stories need that nobody here wrote, each with the variable that tells them where it is. What this machine
/// cannot have is said by name.
fn clients() -> Result<Vec<(&'static str, PathBuf)>> {
    let mut clients = Vec::new();
    let mut found = |variable, place: Option<PathBuf>| {
        let is_there = place.is_some();
        clients.extend(place.map(|place| (variable, place)));
        is_there
    };
    if !found("POCKET_TEST_OAUTH_SERVER", oauth_server::ready()?) {
        say("left out: sign-ins against npm's oidc-provider, since this machine has no node and npm");
    }
    if !found("POCKET_TEST_PYTHON_CLIENTS", python_clients::ready()?) {
        say("left out: clients from PyPI, since this machine has no python3 with venv (Debian: python3-venv)");
    }
    if found("POCKET_TEST_NODE_CLIENTS", node_clients::ready()?) {
        found("POCKET_TEST_CHROMIUM", chromium::ready());
    } else {
        say("left out: MCP's Inspector, and the pages in a browser, since this machine has no node and npm");
    }
    found("POCKET_TEST_GLEWLWYD", glewlwyd::ready());
    Ok(clients)
}
