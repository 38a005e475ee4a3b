//! Clients that nobody here wrote, from PyPI, for the tests: of MCP, and one that tries all of the HTTP API.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::{
    host,
    workspace::{root, say},
};

/// The python that finds them; `None` where this machine has no python that makes environments.
pub(crate) fn ready() -> Result<Option<PathBuf>> {
    let folder = root().join("target/python-clients");
    let python = folder.join("bin/python");
    let wanted = root().join("tests/clients/requirements.txt");
    let wanted = fs::read(&wanted).with_context(|| format!("cannot read `{}`", wanted.display()))?;
    let installed = folder.join("installed.txt");
    if python.is_file() && fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(Some(python));
    }
    let made = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        return Ok(None);
    }
    say("installing PyPI's mcp, langchain-mcp-adapters, openai-agents and schemathesis into target/python-clients");
    host::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
            ])
            .arg("tests/clients/requirements.txt"),
        &root(),
    )?;
    fs::write(&installed, wanted).with_context(|| format!("cannot write `{}`", installed.display()))?;
    Ok(Some(python))
}
