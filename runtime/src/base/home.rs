//! The folders in which Pocket keeps things.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

/// Where Pocket keeps things: the platform's config, data and cache folders, or all under one.
///
/// ```text
/// config/config.toml     the user's own settings
/// data/accounts.sqlite   tokens, each sealed
/// data/store.key         their key, where nothing better holds it (0600)
/// data/store-*.key       those of stores on servers; *.key.next one that a store is about to get
/// data/grants.toml       what was granted to sources run without `add`
/// data/trust.toml        the projects whose files a person agreed to
/// data/tls/              the self-signed certificate of the listener
/// data/locks/, *.lock    what keeps two processes from writing one file at once
/// data/*.lost-<date>     token stores that were put aside, since their key was lost
/// data/callback-*        who has the port on which sign-ins come back
/// cache/git/             bare repositories, one a URL and commit
/// cache/packages/        package folders, by tree digest
/// cache/compiled/        compiled components, sealed with a key of their own
/// ```
#[derive(Debug, Clone)]
pub struct Home {
    config: PathBuf,
    data: PathBuf,
    cache: PathBuf,
}

impl Home {
    /// All of it under `folder`.
    pub fn at(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        Self {
            config: folder.join("config"),
            data: folder.join("data"),
            cache: folder.join("cache"),
        }
    }

    /// Under the folder that the variable `POCKET_HOME` names, else the platform's own folders; `None` when the platform names none.
    pub fn locate(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        if let Some(folder) = variable("POCKET_HOME").filter(|v| !v.is_empty()) {
            return Some(Self::at(PathBuf::from(folder)));
        }
        let platform = etcetera::choose_base_strategy().ok()?;
        Some(Self {
            config: platform.config_dir().join("pocket"),
            data: platform.data_dir().join("pocket"),
            cache: platform.cache_dir().join("pocket"),
        })
    }

    /// The user's own settings.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// What cannot be made again: accounts, grants, approvals.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What can be made again.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }
}
