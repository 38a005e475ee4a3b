//! Bare repositories, each with what was fetched for one commit.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use git2::Repository;
use tempfile::TempDir;

use crate::{
    base::{
        digest::Digest,
        files::{FileLock, create_private_dir},
    },
    source::{Commit, SourceError, remote::Remote},
};

/// Bare repositories in `home`.
///
/// Each is made aside and renamed, and never changed afterwards: an interrupted fetch leaves only a folder that the next
/// one removes, and no fetch has to reason about what an earlier, shallow one left out. That a commit is here means that
/// it was seen on a branch or tag of that remote.
///
/// ```text
/// git/<digest of the URL>/lock          held while one of the others is made
/// git/<digest of the URL>/<commit>/     a bare repository with that commit
/// git/<digest of the URL>/.new-*/       being made, or left behind by a process that was killed
/// ```
#[derive(Debug, Clone)]
pub(super) struct GitStore {
    root: PathBuf,
}

/// The repositories of one URL, with the word that nobody else is making one.
#[derive(Debug)]
pub(super) struct Locked {
    folder: PathBuf,
    _lock: FileLock,
}

const MADE_ASIDE: &str = ".new-";

impl GitStore {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Waits until nobody else fetches from that URL.
    pub(super) fn lock(&self, remote: &Remote) -> Result<Locked, SourceError> {
        let folder = self.root.join(Digest::of(remote.url.as_bytes()).hex());
        let fail = |source| SourceError::Cache {
            path: folder.clone(),
            source,
        };
        create_private_dir(&self.root).map_err(fail)?;
        create_private_dir(&folder).map_err(fail)?;
        let lock = FileLock::acquire(&folder.join("lock")).map_err(fail)?;
        let locked = Locked { folder, _lock: lock };
        locked.remove_leftovers();
        Ok(locked)
    }
}

impl Locked {
    /// The repository with that commit, if it is here.
    pub(super) fn ready(&self, commit: Commit) -> Option<Repository> {
        let repository = Repository::open(self.folder.join(commit.to_string())).ok()?;
        let oid = git2::Oid::from_bytes(commit.as_bytes()).ok()?;
        let is_there = repository.find_commit(oid).is_ok();
        is_there.then_some(repository)
    }

    /// A folder on the same disk, gone when dropped.
    pub(super) fn aside(&self) -> Result<TempDir, SourceError> {
        tempfile::Builder::new()
            .prefix(MADE_ASIDE)
            .tempdir_in(&self.folder)
            .map_err(|e| self.fail(e))
    }

    /// Puts a repository that has the commit into its place.
    pub(super) fn keep(&self, commit: Commit, made: TempDir) -> Result<Repository, SourceError> {
        let place = self.folder.join(commit.to_string());
        // What is there and could not be opened is broken.
        if place.exists() {
            fs::rename(&place, self.aside()?.path().join("broken")).map_err(|e| self.fail(e))?;
        }
        let made = made.keep();
        fs::rename(&made, &place).map_err(|e| self.fail(e))?;
        self.ready(commit)
            .ok_or_else(|| self.fail(io::Error::other("a repository changed while it was kept")))
    }

    pub(super) fn fail(&self, source: io::Error) -> SourceError {
        SourceError::Cache {
            path: self.folder.clone(),
            source,
        }
    }

    /// What processes that were killed left behind: while the lock is held, nobody is making any of it.
    fn remove_leftovers(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(MADE_ASIDE)) {
            if let Err(e) = fs::remove_dir_all(entry.path()) {
                tracing::debug!(folder = %entry.path().display(), error = %e, "a leftover stays");
            }
        }
    }
}

/// An empty bare repository, in which a remote's redirects to other hosts are not followed.
pub(super) fn make_bare(path: &Path) -> Result<Repository, git2::Error> {
    let mut options = git2::RepositoryInitOptions::new();
    options.bare(true).no_reinit(true).external_template(false).mkdir(false);
    let repository = Repository::init_opts(path, &options)?;
    repository.config()?.set_bool("http.followRedirects", false)?;
    Ok(repository)
}
