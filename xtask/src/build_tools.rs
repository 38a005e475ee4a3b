//! `cargo xtask build-tools`: builds the sample tools and the hostile guests, and puts each component in its place.
//!
//! ```text
//! sample-tools/echo/echo.wasm           beside the `pocket.json` that names it
//! tests/programs/built/dial.wasm        under the name of its source file
//! ```

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::guests::{Toolchain, release_dir};
use crate::workspace::{root, say};

pub(crate) fn run() -> Result<()> {
    let toolchain = Toolchain::ready()?;
    let tools = sample_tools(&toolchain)?;
    let programs = programs(&toolchain)?;
    say(format!(
        "{tools} tools and {programs} programs are built, with {toolchain}"
    ));
    Ok(())
}

fn sample_tools(toolchain: &Toolchain) -> Result<usize> {
    let folder = root().join("sample-tools");
    toolchain.build(&folder, &[])?;
    let tools: Vec<_> = entries(&folder)?
        .into_iter()
        .filter(|tool| tool.join("pocket.json").is_file())
        .collect();
    for tool in &tools {
        let manifest = tool.join("pocket.json");
        let name = component_name(tool)?;
        let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read `{}`", manifest.display()))?;
        ensure!(
            text.contains(&format!("\"component\": \"{name}\"")),
            "`{}` does not name the component that is built there: `{name}`",
            manifest.display()
        );
        place(&release_dir().join(&name), &tool.join(&name))?;
    }
    Ok(tools.len())
}

/// Cargo keeps a command's name, and writes a library's with underscores.
fn component_name(tool: &Path) -> Result<String> {
    let folder = tool
        .file_name()
        .and_then(|name| name.to_str())
        .context("a tool's folder has no name in UTF-8")?;
    let is_command = tool.join("src/main.rs").is_file();
    Ok(if is_command {
        format!("{folder}.wasm")
    } else {
        format!("{}.wasm", folder.replace('-', "_"))
    })
}

fn programs(toolchain: &Toolchain) -> Result<usize> {
    let folder = root().join("tests/programs");
    toolchain.build(&folder, &["--bins", "--examples"])?;
    let built = folder.join("built");
    fs::create_dir_all(&built).with_context(|| format!("cannot make `{}`", built.display()))?;
    let release = release_dir();
    let mut names = Vec::new();
    for (sources, from) in [("src/bin", release.clone()), ("typed", release.join("examples"))] {
        for source in entries(&folder.join(sources))? {
            let mut name = source
                .file_stem()
                .map(OsString::from)
                .context("a program has no name")?;
            name.push(".wasm");
            place(&from.join(&name), &built.join(&name))?;
            names.push(name);
        }
    }
    for stale in entries(&built)?
        .iter()
        .filter(|path| !path.file_name().is_some_and(|n| names.iter().any(|k| k == n)))
    {
        fs::remove_file(stale).with_context(|| format!("cannot remove `{}`", stale.display()))?;
    }
    Ok(names.len())
}

/// Puts a component in its place. Whoever reads meanwhile sees the old or the new; one that is right already is only given
/// the time of now, by which tests tell whether it is newer than its source.
fn place(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("was not built: `{}`", from.display()))?;
    match fs::read(to) {
        Ok(old) if old == new => {
            let touch = || fs::File::open(to)?.set_modified(SystemTime::now());
            return touch().with_context(|| format!("cannot set the time of `{}`", to.display()));
        }
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e).with_context(|| format!("cannot read `{}`", to.display())),
    }
    let half = to.with_extension(format!("wasm.{}", std::process::id()));
    fs::write(&half, new).with_context(|| format!("cannot write `{}`", half.display()))?;
    fs::rename(&half, to).with_context(|| format!("cannot write `{}`", to.display()))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()
    };
    let mut paths = read().with_context(|| format!("cannot list `{}`", folder.display()))?;
    paths.sort();
    Ok(paths)
}
