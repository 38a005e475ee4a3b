//! Folders that were fetched, by the digest of all that lies in them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cap_std::fs::Dir;

use crate::{
    base::{
        digest::Digest,
        file_lock::FileLock,
        files::{FileMode, create_private_dir, write_atomic},
        ours::{self, Closed, NotOurs},
    },
    source::{SourceError, listing::Listing},
};

/// More than the digest that an entry of the index is.
const LONGEST_ENTRY: u64 = 1024;

/// Folders that were fetched. What does not match its digest is put aside, as if it had never been there.
///
/// Nothing but this user's word says that a tree is the one of a commit. So what somebody else could have written is refused:
/// whoever writes the index would have his own tree shown and pinned under another's commit.
///
/// ```text
/// packages/<tree digest>/      a folder; once it is there it is whole
/// packages/index/<digest>      the tree digest of one folder of one commit of one repository
/// packages/lock                held while a folder is put into its place
/// ```
#[derive(Debug, Clone)]
pub(super) struct PackageCache {
    root: PathBuf,
}

impl PackageCache {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// What was fetched under this key, if it is still what it was.
    pub(super) fn find(&self, key: &Digest) -> Result<Option<(Digest, Dir)>, SourceError> {
        if !self.is_there()? {
            return Ok(None);
        }
        let text = match ours::read(&self.index(key), LONGEST_ENTRY, Closed::ToWriters) {
            Ok(text) => text,
            Err(error) if NotOurs::in_error(&error).is_some() => return Err(self.fail(error)),
            Err(_not_there) => return Ok(None),
        };
        let Ok(tree) = String::from_utf8_lossy(&text).trim().parse::<Digest>() else {
            return Ok(None);
        };
        Ok(self.open(&tree)?.map(|folder| (tree, folder)))
    }

    /// Whether anything was ever kept here; an error where others could have put it there.
    fn is_there(&self) -> Result<bool, SourceError> {
        let checked = ours::check_folder(&self.root, Closed::ToWriters)
            .and_then(|()| ours::check_folder(&self.root.join("index"), Closed::ToWriters));
        match checked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Keeps the folder `made` under its digest, and what it was fetched as.
    pub(super) fn keep(&self, key: &Digest, tree: Digest, made: &Path) -> Result<Dir, SourceError> {
        let fail = |source| self.fail(source);
        create_private_dir(&self.root).map_err(fail)?;
        create_private_dir(&self.root.join("index")).map_err(fail)?;
        self.is_there()?;
        let lock = FileLock::acquire(&self.root.join("lock")).map_err(|error| error.told(SourceError::Locked, fail))?;
        let folder = match self.open(&tree)? {
            Some(folder) => folder,
            None => {
                fs::rename(made, self.folder(&tree)).map_err(fail)?;
                self.open(&tree)?
                    .ok_or_else(|| fail(io::Error::other("a folder changed while it was kept")))?
            }
        };
        drop(lock);
        write_atomic(&self.index(key), tree.to_string().as_bytes(), FileMode::Private).map_err(fail)?;
        Ok(folder)
    }

    fn open(&self, tree: &Digest) -> Result<Option<Dir>, SourceError> {
        let path = self.folder(tree);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.fail(e)),
        };
        ours::check(&path, &found, Closed::ToWriters).map_err(|e| self.fail(e))?;
        if !found.is_dir() {
            return self.put_aside(&path).map(|()| None);
        }
        let Ok(folder) = Dir::open_ambient_dir(&path, cap_std::ambient_authority()) else {
            return self.put_aside(&path).map(|()| None);
        };
        match Listing::read(&folder) {
            Ok(listing) if listing.digest() == *tree => Ok(Some(folder)),
            Ok(_) | Err(_) => {
                tracing::warn!(folder = %path.display(), "a cached package is not what it was; it is fetched again");
                self.put_aside(&path).map(|()| None)
            }
        }
    }

    /// Moves away what does not match, so that nobody takes it while it is being removed.
    fn put_aside(&self, path: &Path) -> Result<(), SourceError> {
        let aside = tempfile::Builder::new()
            .prefix(".aside-")
            .tempdir_in(&self.root)
            .map_err(|e| self.fail(e))?;
        match fs::rename(path, aside.path().join("folder")) {
            Ok(()) => Ok(()),
            // Another process was faster.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(self.fail(e)),
        }
    }

    fn folder(&self, tree: &Digest) -> PathBuf {
        self.root.join(tree.hex())
    }

    fn index(&self, key: &Digest) -> PathBuf {
        self.root.join("index").join(key.hex())
    }

    fn fail(&self, source: io::Error) -> SourceError {
        SourceError::of_cache(&self.root, source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn made(home: &Path, content: &str) -> (PathBuf, Digest) {
        let path = home.join("made");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), content).unwrap();
        let folder = Dir::open_ambient_dir(&path, cap_std::ambient_authority()).unwrap();
        (path, Listing::read(&folder).unwrap().digest())
    }

    #[test]
    fn what_was_kept_is_found_until_a_byte_of_it_changes() {
        let home = tempfile::tempdir().unwrap();
        let cache = PackageCache::new(home.path().join("packages"));
        let key = Digest::of(b"key");
        assert!(cache.find(&key).unwrap().is_none());
        let (path, tree) = made(home.path(), "content");
        cache.keep(&key, tree, &path).unwrap();
        let (found, folder) = cache.find(&key).unwrap().unwrap();
        assert_eq!(
            (found, folder.read_to_string("file").unwrap().as_str()),
            (tree, "content")
        );

        fs::write(cache.folder(&tree).join("file"), "c0ntent").unwrap();
        assert!(cache.find(&key).unwrap().is_none());
        assert!(!cache.folder(&tree).exists(), "what does not match is put aside");
        let (path, tree) = made(home.path(), "content");
        cache.keep(&key, tree, &path).unwrap();
        assert!(cache.find(&key).unwrap().is_some());
    }

    #[test]
    fn a_file_that_was_added_or_taken_away_is_seen() {
        let home = tempfile::tempdir().unwrap();
        let cache = PackageCache::new(home.path().join("packages"));
        let (path, tree) = made(home.path(), "content");
        cache.keep(&Digest::of(b"key"), tree, &path).unwrap();
        fs::write(cache.folder(&tree).join("more"), "").unwrap();
        assert!(cache.open(&tree).unwrap().is_none());
        fs::write(cache.folder(&tree), "a file in place of the folder").unwrap();
        assert!(cache.open(&tree).unwrap().is_none());
    }

    #[test]
    fn keeping_under_a_wrong_digest_fails() {
        let home = tempfile::tempdir().unwrap();
        let cache = PackageCache::new(home.path().join("packages"));
        let (path, _) = made(home.path(), "content");
        assert!(cache.keep(&Digest::of(b"key"), Digest::of(b"other"), &path).is_err());
    }

    /// What is told of a cache that was spoilt after something was kept in it.
    #[cfg(unix)]
    fn refusal(spoil: impl FnOnce(&Path, &PackageCache, Digest)) -> Option<SourceError> {
        let home = tempfile::tempdir().unwrap();
        let cache = PackageCache::new(home.path().join("cache/packages"));
        let key = Digest::of(b"key");
        let (path, tree) = made(home.path(), "content");
        cache.keep(&key, tree, &path).unwrap();
        spoil(home.path(), &cache, tree);
        cache.find(&key).err()
    }

    #[cfg(unix)]
    #[test]
    fn what_another_user_owns_or_could_have_written_is_refused_and_stays() {
        use crate::base::ours::tests::{give_away, set_mode};

        type Spoil = fn(&Path, &PackageCache, Digest);
        let key = || Digest::of(b"key");
        assert!(refusal(|_, _, _| ()).is_none());
        let spoils: [(&str, Spoil); 8] = [
            ("the folder is another's", |_, cache, _| give_away(&cache.root)),
            ("the folder is open", |_, cache, _| set_mode(&cache.root, 0o777)),
            ("the index is another's", |_, cache, _| {
                give_away(&cache.root.join("index"))
            }),
            ("the index is open", |_, cache, _| {
                set_mode(&cache.root.join("index"), 0o733)
            }),
            ("a tree is another's", |_, cache, tree| give_away(&cache.folder(&tree))),
            ("a tree is open", |_, cache, tree| set_mode(&cache.folder(&tree), 0o757)),
            ("the folder above is open", |home, _, _| {
                set_mode(&home.join("cache"), 0o777)
            }),
            ("the folder above is another's", |home, _, _| {
                give_away(&home.join("cache"))
            }),
        ];
        for (what, spoil) in spoils {
            let refused = refusal(spoil).unwrap_or_else(|| panic!("{what}"));
            assert!(
                matches!(refused, SourceError::CacheNotOurs { .. }),
                "{what}: {refused:?}"
            );
            assert_eq!(refused.code(), crate::Code::Internal);
            assert!(!refused.hints().is_empty(), "{what}");
        }
        for (what, mode) in [("an entry is another's", None), ("an entry is open", Some(0o646))] {
            let refused = refusal(|_, cache, _| match mode {
                Some(mode) => set_mode(&cache.index(&key()), mode),
                None => give_away(&cache.index(&key())),
            });
            assert!(
                matches!(refused, Some(SourceError::CacheNotOurs { .. })),
                "{what}: {refused:?}"
            );
        }
    }
}
