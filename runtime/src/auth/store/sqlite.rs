//! The store in `home`: one SQLite file, 0600, shared by the processes of this user.

mod accounts;
mod aside;
mod fault;
mod flows;
mod opening;
mod rekey;
mod revocations;
mod upgrade;

#[cfg(test)]
mod tests;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fault::Fault;
pub(super) use fault::io_at;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Mutex;

use crate::{
    auth::StoreError,
    base::{
        clock::{Clock as _, SystemClock},
        files,
        key::StoreKey,
        keys::Keys,
    },
};

/// How long an operation waits while another process has the store locked.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps accounts and pending sign-ins in one SQLite file, which the processes of one user share.
///
/// The file is made by the first process that needs it; whoever runs Pocket needs this type only where the key of a store
/// is lost:
///
/// ```
/// use pocket_runtime::SqliteStore;
///
/// let home = tempfile::tempdir()?;
/// let path = home.path().join("accounts.sqlite");
/// std::fs::write(&path, "a store whose key is lost")?;
/// let aside = SqliteStore::reset(&path)?.expect("there was one");
/// assert!(aside.to_string_lossy().contains("accounts.sqlite.lost-"));
/// assert!(!path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    path: Arc<Path>,
    /// The file that was opened: another may stand at its path later.
    opened: fs::Metadata,
    /// Of the key with which it was opened: the store may get another one later.
    key_id: [u8; 8],
    patience: Duration,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes it, with the key that was chosen when it was made: the key's id and a check value
    /// are recorded in it, and no other key is ever made for it.
    ///
    /// This blocks the thread for some milliseconds, for up to 30 s where another process makes it: call it where that is fine.
    ///
    /// # Errors
    /// When the file is damaged or not ours, or the key is lost or another: naming where it was kept.
    pub(super) fn open_with(path: &Path, keys: &Keys) -> Result<(Self, StoreKey), StoreError> {
        opening::open(path, keys, PATIENCE)
    }

    #[cfg(test)]
    pub(super) fn open(
        path: &Path,
        key: &crate::base::key::KeySource,
        key_file: &Path,
    ) -> Result<(Self, StoreKey), StoreError> {
        Self::open_with(path, &Keys::new(key.clone(), key_file.to_owned()))
    }

    /// Puts the store at `path` aside as `<name>.lost-<date>-<time>`, for when its key is lost or it is damaged; gives where it is
    /// then. The next process that needs a store makes a new one. `None` when there is none.
    ///
    /// This blocks the thread for some milliseconds, for up to 30 s where another process is at it: call it where that is fine.
    ///
    /// # Errors
    /// When the file cannot be renamed, or another process does not get done with it.
    pub fn reset(path: impl AsRef<Path>) -> Result<Option<PathBuf>, StoreError> {
        aside::put_aside(path.as_ref(), SystemClock.now())
    }

    /// Runs `work` as one transaction that only reads.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.run(TransactionBehavior::Deferred, work).await
    }

    /// Runs `work` as one transaction that keeps others from writing from its start.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.run(TransactionBehavior::Immediate, work).await
    }

    /// A caller that goes away cuts nothing short: what it began is done whole.
    async fn run<T, W>(&self, behavior: TransactionBehavior, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let mut connection = Arc::clone(&self.connection).lock_owned().await;
        let (path, opened, patience) = (Arc::clone(&self.path), self.opened.clone(), self.patience);
        let key_id = self.key_id;
        let done = tokio::task::spawn_blocking(move || {
            if !fs::symlink_metadata(&path).is_ok_and(|found| files::is_same_file(&found, &opened)) {
                return Err(StoreError::PutAside {
                    path: path.to_path_buf(),
                });
            }
            let transact = || {
                let transaction = connection.transaction_with_behavior(behavior)?;
                // What was sealed with another key meanwhile would not open, and nobody could open what this process saves.
                if !has_key(&transaction, &key_id)? {
                    return Err(Fault::Store(StoreError::Rekeyed { store: (&*path).into() }));
                }
                let made = work(&transaction)?;
                transaction.commit()?;
                Ok(made)
            };
            transact().map_err(|fault: Fault| fault.at(&path, patience))
        });
        done.await.map_err(|ended| StoreError::Unavailable(ended.into()))?
    }
}

fn has_key(transaction: &Transaction<'_>, id: &[u8; 8]) -> Result<bool, Fault> {
    let kept: Vec<u8> = transaction
        .prepare_cached("SELECT key_id FROM store")?
        .query_row([], |row| row.get(0))?;
    Ok(kept == id)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
