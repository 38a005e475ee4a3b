//! The nested cargo.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::root;

/// What guests are built for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Guests have a target directory of their own: a nested cargo on ours would wait for the lock that the outer one holds.
pub(crate) fn target_dir() -> PathBuf {
    root().join("target/guests")
}

/// Where cargo leaves the components of all guests; no two of them have one name.
pub(crate) fn release_dir() -> PathBuf {
    target_dir().join(TARGET).join("release")
}

/// A cargo that inherits nothing that would change what it builds.
pub(crate) fn clean(cargo: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(changes_the_build)) {
        command.env_remove(name);
    }
    command
}

/// Whether a variable is one by which cargo or a build is told what to do, rather than where the world is.
fn changes_the_build(name: &str) -> bool {
    let kept = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_TERM_",
    ];
    let changing = ["CARGO", "RUSTC", "RUSTDOC", "RUSTFLAGS", "LD_LIBRARY_PATH", "DYLD_"];
    changing.iter().any(|prefix| name.starts_with(prefix)) && !kept.iter().any(|prefix| name.starts_with(prefix))
}

/// Builds the workspace in `folder`, whose lockfile holds.
pub(crate) fn build(mut command: Command, folder: &Path, arguments: &[&str]) -> Result<()> {
    let status = command
        .current_dir(folder)
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target_dir())
        .args(arguments)
        .status()
        .with_context(|| format!("cannot start {:?}", command.get_program()))?;
    ensure!(status.success(), "the guests in `{}` were not built", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_the_outer_cargo_what_to_do_is_not_passed_on() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "RUSTC_WRAPPER",
            "CARGO_BUILD_TARGET",
        ] {
            assert!(changes_the_build(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_HTTP_PROXY",
            "CARGO_NET_OFFLINE",
            "RUSTUP_TOOLCHAIN",
            "PATH",
            "HOME",
        ] {
            assert!(!changes_the_build(name), "{name}");
        }
    }
}
