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
    },
    source::{SourceError, listing::Listing},
};

/// Folders that were fetched. What does not match its digest is put aside, as if it had never been there.
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
        let Ok(text) = fs::read_to_string(self.index(key)) else {
            return Ok(None);
        };
        let Ok(tree) = text.trim().parse::<Digest>() else {
            return Ok(None);
        };
        Ok(self.open(&tree)?.map(|folder| (tree, folder)))
    }

    /// Keeps the folder `made` under its digest, and what it was fetched as.
    pub(super) fn keep(&self, key: &Digest, tree: Digest, made: &Path) -> Result<Dir, SourceError> {
        let fail = |source| self.fail(source);
        create_private_dir(&self.root).map_err(fail)?;
        create_private_dir(&self.root.join("index")).map_err(fail)?;
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
        let folder = match Dir::open_ambient_dir(&path, cap_std::ambient_authority()) {
            Ok(folder) => folder,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_not_a_folder) => return self.put_aside(&path).map(|()| None),
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
        SourceError::Cache {
            path: self.root.clone(),
            source,
        }
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
}
