//! Packages of npm, as a lock file of ours pins them, installed under `target` for the tests.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::{
    host,
    workspace::{root, say},
};

/// In the folder once all of it is there: the lock file that it was installed by.
const STAMP: &str = "installed.json";

/// The folder in which node finds what the lock file in `from` pins; `None` where this machine has no node and npm.
pub(crate) fn installed(from: &str, into: &str, what: &str) -> Result<Option<PathBuf>> {
    if !has("node") || !has("npm") {
        return Ok(None);
    }
    let folder = root().join(into);
    let lock = fs::read(root().join(from).join("package-lock.json"))
        .with_context(|| format!("cannot read the lock file in `{from}`"))?;
    if fs::read(folder.join(STAMP)).is_ok_and(|installed| installed == lock) {
        return Ok(Some(folder));
    }
    say(format!("installing {what} into {into}"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(root().join(from).join(name), folder.join(name))
            .with_context(|| format!("cannot copy `{name}` of `{from}`"))?;
    }
    host::run(
        Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]),
        &folder,
    )?;
    fs::write(folder.join(STAMP), lock).context("cannot note that it is there")?;
    Ok(Some(folder))
}

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
