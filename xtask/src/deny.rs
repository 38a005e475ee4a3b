//! `cargo xtask deny`: licences, sources and bans of all dependencies.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    host,
    workspace::{root, say},
};

/// Its advisory check needs a database from the network; it runs in `.github/workflows/`.
const CHECKS: [&str; 4] = ["check", "bans", "licenses", "sources"];

pub(crate) fn run() -> Result<()> {
    let program = program()?;
    host::run(Command::new(program).args(["--locked"]).args(CHECKS), &root())
}

fn program() -> Result<PathBuf> {
    let on_path = PathBuf::from("cargo-deny");
    if Command::new(&on_path)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return Ok(on_path);
    }
    let tools = root().join("target/tools");
    let ours = tools.join("bin/cargo-deny");
    if !ours.is_file() {
        say("installing cargo-deny into target/tools; this takes some minutes, once");
        let tools = tools.display().to_string();
        host::cargo(&["install", "cargo-deny", "--locked", "--quiet", "--root", &tools])?;
    }
    Ok(ours)
}
