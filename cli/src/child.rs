//! Starts other programs without our variables.

use std::{ffi::OsStr, process::Command};

/// A program that is to be started. The store's key or a client's secret may be among our variables, and it needs none of them.
pub(crate) fn program(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _value) in std::env::vars_os() {
        // Windows makes no difference between capitals and others.
        if name.to_string_lossy().to_ascii_uppercase().starts_with("POCKET_") {
            command.env_remove(name);
        }
    }
    command
}
