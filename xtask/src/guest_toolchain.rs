//! `cargo xtask guest-toolchain`: sets up what builds guests, by the way that this machine allows.

use anyhow::Result;

use crate::guests::Toolchain;
use crate::workspace::say;

pub(crate) fn run() -> Result<()> {
    let toolchain = Toolchain::ready()?;
    say(format!("guests are built with {toolchain}"));
    Ok(())
}
