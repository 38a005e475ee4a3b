//! `pocket build`: build the tool in a folder.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use pocket_runtime::{Code, FileMode};
use serde_json::json;

use crate::{args, check, child, failure::Failure, session::Place, terminal::Terminal};

/// The target that tools are compiled to.
const TARGET: &str = "wasm32-wasip2";

pub(crate) fn build(args: args::Folder, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let folder = std::path::absolute(&args.folder).unwrap_or(args.folder);
    if !folder.join("Cargo.toml").is_file() {
        let message = format!("there is no `Cargo.toml` in this folder: `{}`", folder.display());
        return Err(Failure::said(Code::NotFound, message)
            .hint("`pocket new NAME` begins a tool; for other languages, build a wasm32-wasip2 component beside `pocket.json`"));
    }
    let built = compile(&folder, terminal)?;
    let name = built.file_name().context("cargo named no file")?;
    let beside = folder.join(name);
    let bytes = std::fs::read(&built).with_context(|| format!("cannot read `{}`", built.display()))?;
    pocket_runtime::write_atomic(&beside, &bytes, FileMode::Shared)
        .with_context(|| format!("cannot write `{}`", beside.display()))?;
    terminal.done(format_args!(
        "built {} ({} KiB)",
        name.to_string_lossy(),
        bytes.len().div_ceil(1024)
    ));
    if terminal.is_json() {
        terminal.value(&json!({ "component": beside, "bytes": bytes.len() }));
        return Ok(());
    }
    check::check(args::Folder { folder }, place, terminal)
}

/// Runs cargo, and gives the one component that it made.
fn compile(folder: &Path, terminal: &Terminal) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    terminal.say(format_args!("cargo build --release --target {TARGET}"));
    let output = child::program(cargo)
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(folder)
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot run cargo: it comes with Rust")?;
    if !output.status.success() {
        return Err(Failure::said(Code::NotValid, "the tool does not compile")
            .hint(format!(
                "if cargo cannot find `core` or `std` for the target: rustup target add {TARGET}"
            ))
            .hint(
                "if it cannot find `pocket-tool`: `pocket new NAME --sdk-path guest-sdk`, from a checkout of Pocket",
            ));
    }
    let mut components: Vec<PathBuf> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .filter(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        .filter(|file| !file.components().any(|part| part.as_os_str() == "deps"))
        .collect();
    components.dedup();
    match components.as_slice() {
        [component] => Ok(component.clone()),
        [] => Err(Failure::said(Code::NotValid, "cargo made no component")
            .hint("a tool is a binary, or a library with `crate-type = [\"cdylib\"]`")),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(Failure::said(
                Code::NotValid,
                format!("cargo made several components: {}", names.join(", ")),
            )
            .hint("keep one tool a package"))
        }
    }
}
