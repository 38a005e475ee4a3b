//! A second OAuth server that nobody here wrote: Debian's `glewlwyd`, unpacked for the tests and installed nowhere.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    guests::debian,
    workspace::{root, say},
};

const PACKAGE: &str = "glewlwyd";

/// In the folder once all of it is there.
const STAMP: &str = "complete";

/// The folder with its program and what that needs; `None` where it cannot be had, which is then said.
pub(crate) fn ready() -> Option<PathBuf> {
    let folder = root().join("target/glewlwyd");
    if folder.join(STAMP).is_file() {
        return Some(folder);
    }
    say("fetching Debian's glewlwyd into target/glewlwyd, for the tests alone");
    match fetch(&folder) {
        Ok(()) => Some(folder),
        Err(reason) => {
            say(format!(
                "left out: sign-ins against Debian's glewlwyd, since it could not be fetched ({reason:#})"
            ));
            None
        }
    }
}

fn fetch(folder: &Path) -> Result<()> {
    // What was cut off the last time is begun anew.
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot delete `{}`", folder.display()))?;
    }
    let packages = folder.join("packages");
    fs::create_dir_all(&packages).with_context(|| format!("cannot make `{}`", packages.display()))?;
    // Lists that are missing, or older than what the archive has now, are mended once.
    if let Err(reason) = download(&packages) {
        debian::apt(&["update"]).with_context(|| format!("{reason:#}"))?;
        download(&packages)?;
    }
    for package in fs::read_dir(&packages).context("cannot read what was downloaded")? {
        let package = package.context("cannot read what was downloaded")?.path();
        ended_well(Command::new("dpkg-deb").arg("--extract").args([&package, folder]))?;
    }
    fs::remove_dir_all(&packages).context("cannot delete what was downloaded")?;
    let program = folder.join("usr/bin/glewlwyd");
    ended_well(
        Command::new(&program)
            .arg("--version")
            .env("LD_LIBRARY_PATH", libraries(folder)?),
    )?;
    fs::write(folder.join(STAMP), "").context("cannot note that it is there")
}

/// Downloads the program and those of its libraries that this machine does not have.
fn download(to: &Path) -> Result<()> {
    // Only apt knows which of several packages with one library it would take. It is asked, and installs nothing.
    let plan = ended_well(Command::new("apt-get").args(["--simulate", "--no-install-recommends", "install", PACKAGE]))?;
    let is_library = |name: &str| name.starts_with("lib") && !name.starts_with("libjs-") && !name.ends_with("-perl");
    let missing = plan
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next())
        .filter(|name| is_library(name));
    ended_well(
        Command::new("apt-get")
            .args(["--quiet", "download", PACKAGE])
            .args(missing)
            .current_dir(to),
    )?;
    Ok(())
}

/// Where its libraries lie, as the loader wants it said.
fn libraries(folder: &Path) -> Result<OsString> {
    let mut places = Vec::new();
    for above in ["usr/lib", "lib"] {
        // Not every package has both.
        let Ok(entries) = fs::read_dir(folder.join(above)) else {
            continue;
        };
        let folders = entries.flatten().map(|entry| entry.path());
        places.extend(folders.filter(|path| path.to_string_lossy().contains("-linux-")));
    }
    std::env::join_paths(places).context("the folder of its libraries has a name that the loader does not take")
}

/// Runs it to its end and gives what it printed.
fn ended_well(command: &mut Command) -> Result<String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed: {}", text.lines().last().unwrap_or("no reason given"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
