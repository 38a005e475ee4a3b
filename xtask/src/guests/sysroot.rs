//! The toolchain that cargo uses here, and what lies in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use super::cargo::TARGET;

/// The folder of the toolchain that cargo uses here.
pub(crate) fn sysroot() -> Result<PathBuf> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(["--print", "sysroot"])
        .output()
        .with_context(|| format!("cannot start {rustc:?}"))?;
    ensure!(output.status.success(), "{rustc:?} does not say where it lies");
    let path = String::from_utf8(output.stdout).context("the toolchain's path is not UTF-8")?;
    Ok(PathBuf::from(path.trim()))
}

/// Whether the standard library for guests is there, built.
pub(crate) fn has_target(sysroot: &Path) -> bool {
    let folder = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

/// The two linkers of guests, which come with the toolchain for the host.
pub(crate) struct Linkers {
    pub(crate) component: PathBuf,
    pub(crate) module: PathBuf,
}

/// Finds the linkers in a toolchain.
pub(crate) fn linkers(sysroot: &Path) -> Result<Linkers> {
    let rustlib = sysroot.join("lib/rustlib");
    for host in fs::read_dir(&rustlib)
        .with_context(|| format!("cannot list `{}`", rustlib.display()))?
        .flatten()
    {
        let bin = host.path().join("bin");
        let linkers = Linkers {
            component: bin.join("wasm-component-ld"),
            module: bin.join("gcc-ld/wasm-ld"),
        };
        if linkers.component.is_file() && linkers.module.is_file() {
            return Ok(linkers);
        }
    }
    bail!(
        "no `wasm-component-ld` with its `wasm-ld` in the toolchain: `{}`",
        sysroot.display()
    )
}
