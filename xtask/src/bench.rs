//! `cargo xtask bench`: all figures.

use anyhow::Result;

use crate::{build_tools, host, workspace::say};

/// What is typed after the verb goes to criterion.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    build_tools::run()?;
    if !host::target_dir().join("release").join("pocket").is_file() {
        say("building optimised; the first time compiles wasmtime anew, which takes some fifteen minutes on two cores");
    }
    // With the benchmark, so that cargo settles on the same features for both.
    let mut binary = vec!["build", "--profile", "bench", "--bin", "pocket", "--bench", "pocket"];
    binary.extend(host::PACKAGES);
    host::cargo(&binary)?;
    let mut bench = vec!["bench", "--bench", "pocket"];
    bench.extend(host::PACKAGES);
    bench.push("--");
    bench.extend(arguments.iter().map(String::as_str));
    host::cargo(&bench)
}
