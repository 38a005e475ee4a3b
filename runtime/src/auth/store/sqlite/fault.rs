//! What SQLite says, as what is wrong with the store.

use std::{io, path::Path, time::Duration};

use rusqlite::ErrorCode;

use crate::auth::StoreError;

/// Why a piece of work on the store failed, before it is known of which store.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// What stands in the file cannot be.
    Damaged(String),
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    /// The error for the store at `path`, whose lock was waited for so long.
    pub(super) fn at(self, path: &Path, waited: Duration) -> StoreError {
        let path = path.to_owned();
        let error = match self {
            Self::Store(error) => return error,
            Self::Damaged(reason) => return StoreError::Damaged { path, reason },
            Self::Sqlite(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                StoreError::Locked { path, waited }
            }
            Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
            // Our statements are constant: one that does not fit the file means that the file is not as we made it. Without a
            // code it is a value of another type than ours.
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::TypeMismatch
                | ErrorCode::ConstraintViolation,
            )
            | None => StoreError::Damaged {
                path,
                reason: error.to_string(),
            },
            Some(_system) => StoreError::Io {
                path,
                source: error.into(),
            },
        }
    }
}

/// Whether the system had no room for what was written.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The error for what the system refused of the store at `path`.
pub(super) fn io_at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| {
        if is_full(&error) {
            StoreError::DiskFull { path }
        } else {
            StoreError::Io {
                path,
                source: error.into(),
            }
        }
    }
}

/// The error for a file or folder that was looked at for who may use it.
pub(super) fn look_at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    // What the system itself refuses is no word on who else may use it.
    move |error| {
        if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
            StoreError::NotPrivate { path, source: error }
        } else {
            io_at(&path)(error)
        }
    }
}
