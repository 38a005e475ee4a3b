//! The outer cargo: what is built for this machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::workspace::{root, say};

/// Every build takes the same packages, so that cargo settles on the same features and builds dependencies once. The SDK is
/// for guests.
pub(crate) const PACKAGES: [&str; 4] = ["--workspace", "--exclude", "pocket-tool", "--locked"];

/// Where cargo leaves what it builds.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs cargo in the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(arguments), &root())
}

/// Builds all of the workspace in the dev profile, saying so the first time, when it takes long. With the tests: they ask for
/// more of tokio, and without them cargo would build that and all that uses it a second time.
pub(crate) fn build() -> Result<()> {
    if !target_dir().join("debug").join("pocket").is_file() {
        say("building; the first time compiles wasmtime, which takes some ten minutes on two cores");
    }
    let mut arguments = vec!["build"];
    arguments.extend(PACKAGES);
    arguments.extend(["--bins", "--tests"]);
    cargo(&arguments)
}

/// Runs a command in a folder, and tells its time where that is long.
pub(crate) fn run(command: &mut Command, folder: &Path) -> Result<()> {
    let shown = format!("{command:?}").replace('"', "");
    let began = Instant::now();
    let status = command
        .current_dir(folder)
        .status()
        .with_context(|| format!("cannot run `{shown}`"))?;
    ensure!(status.success(), "`{shown}` ended with {status}");
    if began.elapsed().as_secs() > 10 {
        say(format!("{} s: {shown}", began.elapsed().as_secs()));
    }
    Ok(())
}

/// This machine's own target: `x86_64-unknown-linux-gnu`.
pub(crate) fn triple() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    Ok(line.to_owned())
}
