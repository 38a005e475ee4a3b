//! Where rustup's server is out of reach: Debian's compiler, the standard library's sources, and a libc for WASI.
//!
//! The linker comes with rustup's toolchain for the host, so only the compiler and the sources are Debian's: they have to
//! be of one version. The standard library is built once, into the guests' target directory.

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::cargo::{self, target_dir};
use super::sysroot::{linkers, sysroot};
use crate::workspace::say;

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
const LIBC: &str = "/usr/lib/wasm32-wasi";
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];

/// The oldest compiler that builds guests: what `guest-sdk` asks.
const OLDEST: (u32, u32) = (1, 88);

/// Proof that the compiler, the sources and the libc are there.
pub(crate) struct Debian {
    version: (u32, u32),
}

impl Debian {
    pub(crate) fn command(&self) -> Result<Command> {
        let linker = write_linker()?;
        let mut command = cargo::clean(CARGO);
        command
            .env("RUSTC", RUSTC)
            // `build-std` is not stable yet; with a compiler and sources of one version it works.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
            .env("CARGO_TARGET_WASM32_WASIP2_LINKER", linker)
            // Added to the flags of the guests' own configuration, where RUSTFLAGS would replace them.
            .env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", "-Clink-self-contained=no");
        Ok(command)
    }
}

impl Display for Debian {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        write!(f, "Debian's compiler {major}.{minor} and the linker of this toolchain")
    }
}

/// What is there already.
pub(crate) fn find() -> Result<Debian> {
    let version = version()?;
    let (major, minor) = OLDEST;
    ensure!(
        version >= OLDEST,
        "`{RUSTC}` is older than {major}.{minor}: {}.{}",
        version.0,
        version.1
    );
    for file in [
        CARGO.to_owned(),
        SOURCES.to_owned(),
        format!("{LIBC}/libc.a"),
        format!("{LIBC}/crt1-command.o"),
    ] {
        ensure!(Path::new(&file).is_file(), "there is no `{file}`");
    }
    linkers(&sysroot()?)?;
    Ok(Debian { version })
}

/// Asks apt for the packages.
pub(crate) fn install() -> Result<Debian> {
    ensure!(Path::new("/usr/bin/apt-get").is_file(), "this machine has no apt-get");
    // Compilers that new programs need come through the security archive, which old lists know nothing of.
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"][..], &PACKAGES].concat())?;
    find()
}

pub(crate) fn apt(arguments: &[&str]) -> Result<()> {
    let mut words = if is_root()? {
        vec!["apt-get"]
    } else {
        vec!["sudo", "-n", "apt-get"]
    };
    words.extend(arguments);
    say(words.join(" "));
    let output = Command::new(words[0])
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .with_context(|| format!("cannot start `{}`", words[0]))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed: {}",
            words.join(" "),
            text.lines().last().unwrap_or("no reason given")
        );
    }
    Ok(())
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().context("cannot start `id`")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn version() -> Result<(u32, u32)> {
    let output = Command::new(RUSTC)
        .arg("--version")
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .with_context(|| format!("cannot start `{RUSTC}`"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let read = || {
        let mut parts = text.split_whitespace().nth(1)?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    read().with_context(|| format!("`{RUSTC}` says no version: `{}`", text.trim()))
}

/// Writes the program that stands in for the linker, as the start file of a command is linked to commands only: flags
/// would hold for libraries too.
fn write_linker() -> Result<PathBuf> {
    let linkers = linkers(&sysroot()?)?;
    let script = format!(
        "#!/bin/sh\n\
         start='{LIBC}/crt1-command.o'\n\
         for word in \"$@\"; do\n\
         \x20   if [ \"$word\" = --no-entry ]; then start=; fi\n\
         done\n\
         exec '{}' \"$@\" --wasm-ld-path '{}' $start '-L{LIBC}' -lc\n",
        linkers.component.display(),
        linkers.module.display(),
    );
    let folder = target_dir();
    let path = folder.join("link-with-debian-libc");
    if fs::read_to_string(&path).is_ok_and(|old| old == script) {
        return Ok(path);
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let half = path.with_extension(std::process::id().to_string());
    fs::write(&half, script).with_context(|| format!("cannot write `{}`", half.display()))?;
    fs::set_permissions(&half, fs::Permissions::from_mode(0o755)).context("cannot make the linker executable")?;
    fs::rename(&half, &path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}
