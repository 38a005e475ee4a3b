//! The usual way: rustup's toolchain with the standard library for the guests' target.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::cargo::{self, TARGET};
use super::sysroot::{has_target, sysroot};
use crate::workspace::say;

/// Proof that the toolchain has the target.
pub(crate) struct Rustup(());

impl Rustup {
    pub(crate) fn command(&self) -> Command {
        // Cargo tells its children which one it is, past the proxy that chose it.
        cargo::clean(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}

impl Display for Rustup {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "this toolchain's own {TARGET}")
    }
}

/// What is there already.
pub(crate) fn find() -> Result<Rustup> {
    let sysroot = sysroot()?;
    ensure!(
        has_target(&sysroot),
        "the toolchain has no {TARGET}: `{}`",
        sysroot.display()
    );
    Ok(Rustup(()))
}

/// Asks rustup for the target.
pub(crate) fn install() -> Result<Rustup> {
    say(format!("rustup target add {TARGET}"));
    let output = Command::new("rustup")
        .args(["target", "add", TARGET])
        // Where the server can not be reached, there is another way: no need to try again and again.
        .env("RUSTUP_MAX_RETRIES", "0")
        .stdin(Stdio::null())
        .output()
        .context("cannot start `rustup`")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let why = text
            .lines()
            .find(|line| line.starts_with("error"))
            .or(text.lines().last())
            .unwrap_or("no reason given");
        bail!("rustup did not get it: {why}");
    }
    find()
}
