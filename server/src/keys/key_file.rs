//! `keys.json`: the keys of a `home`, hashed.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use pocket_runtime::{FileLock, FileMode, create_private_dir, write_atomic};
use serde::{Deserialize, Serialize};

use crate::keys::{Key, KeysError};

/// The version that this Pocket writes.
const VERSION: u32 = 1;
/// More than any operator makes.
const LARGEST: u64 = 16 << 20;

/// Where the keys of a `home` are kept.
#[derive(Debug, Clone)]
pub(super) struct KeyFile {
    folder: PathBuf,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    keys: Vec<Key>,
}

/// By what a file that was written anew differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: SystemTime,
    #[cfg(unix)]
    inode: u64,
}

impl KeyFile {
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("keys.json"),
            folder: folder.to_owned(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it is now; `None` where there is none.
    pub(super) fn stamp(&self) -> Result<Option<Stamp>, KeysError> {
        match self.path.metadata() {
            Ok(about) => Ok(Some(Stamp {
                length: about.len(),
                modified: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                #[cfg(unix)]
                inode: std::os::unix::fs::MetadataExt::ino(&about),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub(super) fn read(&self) -> Result<Vec<Key>, KeysError> {
        let mut text = String::new();
        match File::open(&self.path) {
            Ok(file) => file
                .take(LARGEST)
                .read_to_string(&mut text)
                .map_err(|e| self.failed(e))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(error)),
        };
        let content: Content = serde_json::from_str(&text).map_err(|error| KeysError::NotValid {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        if content.version != VERSION {
            return Err(KeysError::NotValid {
                path: self.path.clone(),
                reason: format!("it has version {}, and this Pocket reads {VERSION}", content.version),
            });
        }
        Ok(content.keys)
    }

    /// Changes it, with no other process doing so meanwhile.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Vec<Key>) -> Result<T, KeysError>) -> Result<T, KeysError> {
        let failed = |error| self.failed(error);
        create_private_dir(&self.folder).map_err(failed)?;
        let _lock =
            FileLock::acquire(&self.path.with_extension("lock")).map_err(|error| KeysError::of(error, &self.path))?;
        let mut keys = self.read()?;
        let changed = change(&mut keys)?;
        let content = serde_json::to_vec_pretty(&Content { version: VERSION, keys })
            .map_err(|error| failed(io::Error::other(error)))?;
        write_atomic(&self.path, &content, FileMode::Private).map_err(failed)?;
        Ok(changed)
    }

    fn failed(&self, error: io::Error) -> KeysError {
        KeysError::Io {
            path: self.path.clone(),
            error,
        }
    }
}
