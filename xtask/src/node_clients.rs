//! Clients that nobody here wrote, from npm, for the tests: MCP's Inspector, and what drives a browser.

use std::path::PathBuf;

use anyhow::Result;

use crate::npm;

/// The folder in which node finds them; `None` where this machine has no node and npm.
pub(crate) fn ready() -> Result<Option<PathBuf>> {
    npm::installed(
        "tests/clients",
        "target/node-clients",
        "npm's inspector-cli of MCP, playwright-core and axe-core",
    )
}
