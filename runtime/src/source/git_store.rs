//! Bare repositories, each with what was fetched for one commit.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use git2::Repository;
use tempfile::TempDir;

use crate::{
    base::{
        digest::Digest,
        file_lock::FileLock,
        files::create_private_dir,
        ours::{self, Closed},
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

    /// Waits until nobody else fetches from that URL, for as long as the fetch of another process may take.
    pub(super) fn lock(&self, remote: &Remote, patience: Duration) -> Result<Locked, SourceError> {
        let folder = self.root.join(Digest::of(remote.url.as_bytes()).hex());
        let fail = |source| SourceError::of_cache(&folder, source);
        create_private_dir(&self.root).map_err(fail)?;
        create_private_dir(&folder).map_err(fail)?;
        ours::check_folder(&folder, Closed::ToWriters).map_err(fail)?;
        let lock = FileLock::acquire_within(&folder.join("lock"), patience)
            .map_err(|error| error.told(SourceError::Locked, fail))?;
        let locked = Locked { folder, _lock: lock };
        locked.remove_leftovers();
        Ok(locked)
    }
}

impl Locked {
    /// The repository with that commit, if it is here.
    ///
    /// That it is here says that it was on a branch or tag of that remote: whoever put it there has to be this user.
    pub(super) fn ready(&self, commit: Commit) -> Result<Option<Repository>, SourceError> {
        let folder = self.folder.join(commit.to_string());
        match fs::symlink_metadata(&folder) {
            Ok(found) => ours::check(&folder, &found, Closed::ToWriters).map_err(|e| self.fail(e))?,
            Err(_not_there) => return Ok(None),
        }
        let open = || {
            let repository = Repository::open(&folder).ok()?;
            let oid = git2::Oid::from_bytes(commit.as_bytes()).ok()?;
            let is_there = repository.find_commit(oid).is_ok();
            is_there.then_some(repository)
        };
        Ok(open())
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
        self.ready(commit)?
            .ok_or_else(|| self.fail(io::Error::other("a repository changed while it was kept")))
    }

    pub(super) fn fail(&self, source: io::Error) -> SourceError {
        SourceError::of_cache(&self.folder, source)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::{base::code::Code, source::remote::Transport};

    fn remote() -> Remote {
        Remote {
            url: "https://host/x.git".to_owned(),
            transport: Transport::Http,
            host: "host".to_owned(),
            login: None,
        }
    }

    #[test]
    fn a_process_that_does_not_let_go_of_a_repository_is_told_with_the_file() {
        let home = tempfile::tempdir().unwrap();
        let store = GitStore::new(home.path().join("git"));
        let remote = remote();
        let held = store.lock(&remote, Duration::ZERO).unwrap();
        let error = store.lock(&remote, Duration::ZERO).unwrap_err();
        assert_eq!(error.code(), Code::Busy);
        let file = held.folder.join("lock").display().to_string();
        let told = error.to_string();
        assert!(told.contains("another process has held this lock"), "{told}");
        assert!(told.contains(&file), "{told}");
        assert!(!error.hints().is_empty());
        drop(held);
        store.lock(&remote, Duration::ZERO).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_another_user_owns_or_could_have_written_is_refused() {
        use crate::base::ours::tests::{give_away, set_mode};

        type Spoil = fn(&Path, &Path);
        let commit: Commit = "0123456789012345678901234567890123456789".parse().unwrap();
        let spoils: [(&str, Spoil); 6] = [
            ("all of them are another's", |git, _| give_away(git)),
            ("all of them are open", |git, _| set_mode(git, 0o777)),
            ("those of a remote are another's", |_, remote| give_away(remote)),
            ("those of a remote are open", |_, remote| set_mode(remote, 0o777)),
            ("the folder above is open", |git, _| {
                set_mode(git.parent().unwrap(), 0o777)
            }),
            ("the folder above is another's", |git, _| {
                give_away(git.parent().unwrap())
            }),
        ];
        for (what, spoil) in spoils {
            let home = tempfile::tempdir().unwrap();
            let store = GitStore::new(home.path().join("cache/git"));
            let folder = store.lock(&remote(), Duration::ZERO).unwrap().folder;
            spoil(&store.root, &folder);
            let refused = store.lock(&remote(), Duration::ZERO).unwrap_err();
            assert_eq!(refused.code(), Code::Internal, "{what}: {refused:?}");
            assert!(!refused.hints().is_empty(), "{what}");
        }
        let home = tempfile::tempdir().unwrap();
        let store = GitStore::new(home.path().join("cache/git"));
        let locked = store.lock(&remote(), Duration::ZERO).unwrap();
        let folder = locked.folder.join(commit.to_string());
        fs::create_dir(&folder).unwrap();
        assert!(locked.ready(commit).unwrap().is_none());
        give_away(&folder);
        assert!(matches!(
            locked.ready(commit).err(),
            Some(SourceError::CacheNotOurs { .. })
        ));
    }
}
