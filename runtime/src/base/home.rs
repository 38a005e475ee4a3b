//! The folders in which Pocket keeps things.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use crate::base::ours::{self, Closed};

/// Where Pocket keeps things: the platform's config, data and cache folders, or all under one.
///
/// ```text
/// config/config.toml     the user's own settings
/// data/accounts.sqlite   tokens, each sealed
/// data/store.key         their key, where nothing better holds it (0600)
/// data/store-*.key       those of stores on servers; *.key.next one that a store is about to get
/// data/grants.toml       what was granted to sources run without `add`
/// data/keys.json         keys with which a server is called, hashed; data/keys/ those that `pocket serve` made for this user (0600)
/// data/agents.key        seals what agents bring back of a call that waits (0600)
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

    /// Looks whether this user alone could have put there what lies in the folders of the cache; what is not there yet is well.
    ///
    /// # Errors
    /// When a part of it, or a folder above, is another's or lets others write: what is fetched or compiled is then not kept.
    pub fn check_cache(&self) -> io::Result<()> {
        let git = self.cache.join("git");
        let mut folders: Vec<PathBuf> = entries(&git)?.into_iter().filter(|path| path.is_dir()).collect();
        folders.extend([git, self.cache.join("packages"), self.cache.join("packages/index")]);
        for folder in folders {
            check_with_entries(&folder, Closed::ToWriters)?;
        }
        check_with_entries(&self.cache.join("compiled"), Closed::ToAll)
    }
}

fn check_with_entries(folder: &Path, closed: Closed) -> io::Result<()> {
    match ours::check_folder(folder, closed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    for entry in entries(folder)? {
        // What keeps two processes apart says nothing.
        if entry.file_name().is_some_and(|name| name == "lock") {
            continue;
        }
        match fs::symlink_metadata(&entry) {
            Ok(found) => ours::check(&entry, &found, closed)?,
            // Another process took it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::base::ours::tests::{give_away, set_mode};

    #[test]
    fn every_folder_of_the_cache_and_what_lies_in_it_is_looked_at() {
        let parts = [
            "git",
            "git/url",
            "git/url/commit",
            "packages",
            "packages/tree",
            "packages/index",
            "compiled",
        ];
        for spoilt in parts {
            for spoil in [give_away, |path: &Path| set_mode(path, 0o777)] {
                let folder = tempfile::tempdir().unwrap();
                let home = Home::at(folder.path());
                home.check_cache().unwrap();
                for part in parts {
                    let path = home.cache().join(part);
                    fs::create_dir_all(&path).unwrap();
                    set_mode(&path, 0o700);
                }
                home.check_cache().unwrap();
                spoil(&home.cache().join(spoilt));
                let told = home.check_cache().unwrap_err().to_string();
                assert!(told.contains(spoilt), "{told}");
            }
        }
    }
}
