//! An OAuth server that nobody here wrote: npm's `oidc-provider`, for the tests.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::{
    host,
    workspace::{root, say},
};

/// The folder in which node finds it; `None` where this machine has no node and npm.
pub(crate) fn ready() -> Result<Option<PathBuf>> {
    let has = |program: &str| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !has("node") || !has("npm") {
        return Ok(None);
    }
    let sources = root().join("tests/oauth-server");
    let folder = root().join("target/oauth-server");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut changed = !folder.join("node_modules/oidc-provider").is_dir();
    for name in ["package.json", "package-lock.json", "server.mjs"] {
        let new = fs::read(sources.join(name)).with_context(|| format!("cannot read `{name}` of the OAuth server"))?;
        let old = fs::read(folder.join(name)).ok();
        if old.as_ref() != Some(&new) {
            changed |= name != "server.mjs";
            fs::write(folder.join(name), new).with_context(|| format!("cannot write `{name}` of the OAuth server"))?;
        }
    }
    if changed {
        say("installing npm's oidc-provider into target/oauth-server");
        host::run(
            Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]),
            &folder,
        )?;
    }
    Ok(Some(folder))
}
