//! `cargo xtask soak [fuzz|calls]`: what runs for long and looks for what no story tells.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    build_tools, host,
    workspace::{root, say},
};

/// How long each target is run, where nothing else is said.
const SECONDS: u64 = 600;

/// `fuzz` and `calls`, or both without a word. `--seconds N` is for each target of `fuzz`; all else goes to `calls`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (word, rest) = match arguments.split_first() {
        Some((word, rest)) if !word.starts_with('-') => (Some(word.as_str()), rest),
        _none => (None, arguments),
    };
    let (seconds, rest) = seconds(rest)?;
    match word {
        Some("fuzz") => {
            ensure!(
                rest.is_empty(),
                "`soak fuzz` takes `--seconds N`, not `{}`",
                rest.join(" ")
            );
            fuzz(seconds)
        }
        Some("calls") => calls(&rest),
        None => {
            fuzz(seconds)?;
            calls(&rest)
        }
        Some(other) => bail!("there is `soak fuzz` and `soak calls`, not `soak {other}`"),
    }
}

/// Takes `--seconds N` out of what was typed.
fn seconds(arguments: &[String]) -> Result<(u64, Vec<&str>)> {
    let (mut seconds, mut rest) = (SECONDS, Vec::new());
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let number = words.next().context("`--seconds` takes a number")?;
            seconds = number
                .parse()
                .with_context(|| format!("`--seconds` takes a whole number: `{number}`"))?;
        } else {
            rest.push(word);
        }
    }
    ensure!(seconds > 0, "`--seconds` takes a number above 0");
    Ok((seconds, rest))
}

/// Runs every target for so long, also those after one with a finding.
fn fuzz(seconds: u64) -> Result<()> {
    let tools = cargo_fuzz()?;
    let folder = root().join("tests/fuzz");
    let targets = targets(&folder)?;
    say(format!("{} targets for {seconds} s each", targets.len()));
    let mut found = Vec::new();
    for target in &targets {
        say(target);
        let status = fuzzing(&tools, &folder, target, seconds)
            .status()
            .context("cannot run cargo-fuzz")?;
        if !status.success() {
            found.push(target.as_str());
        }
    }
    let artifacts = folder.join("artifacts");
    ensure!(
        found.is_empty(),
        "found by {}: the inputs lie in `{}`; copy each into `tests/fuzz/corpus/<target>` once it is mended",
        found.join(", "),
        artifacts.display()
    );
    Ok(())
}

/// What the library does in safe Rust needs no sanitizer, and is several times as fast without.
fn fuzzing(tools: &Path, folder: &Path, target: &str, seconds: u64) -> Command {
    let mut command = Command::new(tools.join("bin/cargo-fuzz"));
    // What is found new stays out of the repository: a person picks what is worth keeping.
    let found = root().join("target/fuzz-corpus").join(target);
    command
        .args(["fuzz", "run", "--fuzz-dir", ".", "--sanitizer", "none", target])
        .arg(found)
        .arg(folder.join("corpus").join(target))
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .args([
            "-max_len=4096",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ])
        .current_dir(folder)
        // The nightly compiler, which alone counts the code that an input reaches.
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .env_remove("CARGO")
        .env("CARGO_TARGET_DIR", root().join("target/fuzz"));
    command
}

/// The targets, by their files.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let sources = folder.join("fuzz_targets");
    let entries = std::fs::read_dir(&sources).with_context(|| format!("cannot read `{}`", sources.display()))?;
    let mut targets = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            std::fs::create_dir_all(root().join("target/fuzz-corpus").join(name))?;
            targets.push(name.to_owned());
        }
    }
    ensure!(!targets.is_empty(), "there is no target in `{}`", sources.display());
    targets.sort();
    Ok(targets)
}

/// Where cargo-fuzz is installed.
fn cargo_fuzz() -> Result<PathBuf> {
    let tools = root().join("target/tools");
    if !tools.join("bin/cargo-fuzz").is_file() {
        say("installing cargo-fuzz into target/tools; this takes some minutes, once");
        let folder = tools.display().to_string();
        host::cargo(&["install", "cargo-fuzz", "--locked", "--quiet", "--root", &folder])?;
    }
    Ok(tools)
}

fn calls(arguments: &[&str]) -> Result<()> {
    build_tools::run()?;
    let mut bench = vec!["bench", "--bench", "soak"];
    bench.extend(host::PACKAGES);
    bench.push("--");
    bench.extend(arguments);
    host::cargo(&bench)
}
