//! The store in `home`: one SQLite file, 0600, shared by the processes of this user.

use std::path::Path;

use crate::{
    auth::StoreError,
    base::key::{KeySource, StoreKey},
};

/// Keeps accounts and pending sign-ins in one SQLite file.
pub struct SqliteStore {}

impl SqliteStore {
    /// Opens the store at `path`, or makes it, with the key that was chosen when it was made: the key's id and a check value
    /// are recorded in it, and no other key is ever made for it.
    ///
    /// # Errors
    /// When the file is damaged or not ours, or the key is lost or another: naming where it was kept.
    pub(crate) fn open(path: &Path, key: &KeySource, key_file: &Path) -> Result<(Self, StoreKey), StoreError> {
        let _ = (path, key, key_file);
        todo!()
    }
}
