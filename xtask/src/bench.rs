//! `cargo xtask bench`: all figures.

use anyhow::Result;

use crate::{build_tools, host};

/// What is typed after the verb goes to criterion.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    build_tools::run()?;
    let mut bench = vec!["bench", "--package", "pocket-benches", "--locked", "--"];
    bench.extend(arguments.iter().map(String::as_str));
    host::cargo(&bench)
}
