//! An OAuth server that nobody here wrote: npm's `oidc-provider`, for the tests.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{npm, workspace::root};

/// The folder in which node finds it, with the program that starts it; `None` where this machine has no node and npm.
pub(crate) fn ready() -> Result<Option<PathBuf>> {
    let folder = npm::installed("tests/oauth-server", "target/oauth-server", "npm's oidc-provider")?;
    if let Some(folder) = &folder {
        let program = "server.mjs";
        fs::copy(root().join("tests/oauth-server").join(program), folder.join(program))
            .with_context(|| format!("cannot copy `{program}` of the OAuth server"))?;
    }
    Ok(folder)
}
