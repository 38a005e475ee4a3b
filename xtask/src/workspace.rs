//! Where this repository lies, and how its verbs speak.

use std::fmt::Display;
use std::path::PathBuf;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or_else(|| xtask.clone(), PathBuf::from)
}

/// Tells the person at the terminal; stdout is left to what a verb gives.
#[expect(clippy::print_stderr, reason = "the one place where xtask speaks")]
pub(crate) fn say(line: impl Display) {
    eprintln!("{line}");
}
