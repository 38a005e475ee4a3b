//! `cargo xtask test`: all tests.

use std::process::Command;

use anyhow::Result;

use crate::{
    build_tools, databases, glewlwyd, host, oauth_server, python_clients,
    workspace::{root, say},
};

/// What is typed after the verb goes to `cargo test`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    build_tools::run()?;
    let oauth_server = oauth_server::ready()?;
    let python = python_clients::ready()?;
    let glewlwyd = glewlwyd::ready();
    databases::ready();
    host::build()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tests = Command::new(&cargo);
    tests
        .arg("test")
        .args(host::PACKAGES)
        .arg("--no-fail-fast")
        .args(arguments);
    match &oauth_server {
        Some(folder) => {
            tests.env("POCKET_TEST_OAUTH_SERVER", folder);
        }
        None => say("left out: sign-ins against npm's oidc-provider, since this machine has no node and npm"),
    }
    match &python {
        Some(python) => {
            tests.env("POCKET_TEST_PYTHON_CLIENTS", python);
        }
        None => say("left out: clients from PyPI, since this machine has no python3 with venv (Debian: python3-venv)"),
    }
    if let Some(folder) = &glewlwyd {
        tests.env("POCKET_TEST_GLEWLWYD", folder);
    }
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
