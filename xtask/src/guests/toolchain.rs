//! The toolchain that builds guests on this machine.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use anyhow::{Result, anyhow, bail};

use super::debian::Debian;
use super::rustup::Rustup;
use super::{cargo, debian, rustup};
use crate::workspace::say;

/// The variable that forces one way.
const FORCED: &str = "POCKET_GUEST_TOOLCHAIN";

/// The toolchain that builds guests on this machine.
pub(crate) enum Toolchain {
    /// The one that built this program, with the standard library for the guests' target.
    Rustup(Rustup),
    /// Debian's compiler with the standard library's sources, and the linker of the one that built this program.
    Debian(Debian),
}

impl Toolchain {
    /// What is there already; else what can be had, and the person at the terminal is told how.
    pub(crate) fn ready() -> Result<Self> {
        match env::var(FORCED).ok().as_deref() {
            None | Some("") => Self::either(),
            Some("rustup") => rustup::find().or_else(|_| rustup::install()).map(Self::Rustup),
            Some("debian") => debian::find().or_else(|_| debian::install()).map(Self::Debian),
            Some(other) => bail!("`{FORCED}` is neither `rustup` nor `debian`: `{other}`"),
        }
    }

    fn either() -> Result<Self> {
        if let Ok(rustup) = rustup::find() {
            return Ok(Self::Rustup(rustup));
        }
        if let Ok(debian) = debian::find() {
            return Ok(Self::Debian(debian));
        }
        let no_target = match rustup::install() {
            Ok(rustup) => return Ok(Self::Rustup(rustup)),
            Err(error) => error,
        };
        say(format!(
            "the usual way is closed ({no_target:#}); trying Debian's packages"
        ));
        debian::install().map(Self::Debian).map_err(|no_packages| {
            anyhow!(
                "nothing here builds for {}\n  with rustup: {no_target:#}\n  with Debian's packages: {no_packages:#}\n\
                 `rustup target add {}` is the usual way, once its server can be reached",
                cargo::TARGET,
                cargo::TARGET
            )
        })
    }

    /// Builds a workspace of guests in release mode.
    pub(crate) fn build(&self, folder: &Path, arguments: &[&str]) -> Result<()> {
        let command = match self {
            Self::Rustup(rustup) => rustup.command(),
            Self::Debian(debian) => debian.command()?,
        };
        cargo::build(command, folder, arguments)
    }
}

impl Display for Toolchain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rustup(rustup) => rustup.fmt(f),
            Self::Debian(debian) => debian.fmt(f),
        }
    }
}
