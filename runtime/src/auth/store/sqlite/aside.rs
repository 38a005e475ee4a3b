//! Puts a store aside without losing it.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use time::{OffsetDateTime, macros::format_description};

use super::fault::io_at;
use crate::{
    auth::StoreError,
    base::{clock::UnixTime, file_lock::FileLock},
};

/// What SQLite keeps beside a file. They go first: one left behind would be taken for that of the next store.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Renames the store at `path` and what belongs to it; gives its new path, `None` when there was no store.
pub(super) fn put_aside(path: &Path, now: UnixTime) -> Result<Option<PathBuf>, StoreError> {
    if !path
        .parent()
        .is_some_and(|folder| folder.as_os_str().is_empty() || folder.exists())
    {
        return Ok(None);
    }
    let _lock = lock(path)?;
    put_aside_locked(path, now)
}

/// The same while the lock is held.
pub(super) fn put_aside_locked(path: &Path, now: UnixTime) -> Result<Option<PathBuf>, StoreError> {
    let aside = free_name(path, now);
    for companion in COMPANIONS {
        rename(&with(path, companion), &with(&aside, companion)).map_err(io_at(path))?;
    }
    let moved = rename(path, &aside).map_err(io_at(path))?;
    Ok(moved.then_some(aside))
}

/// Held while a store is made or put aside.
pub(super) fn lock(path: &Path) -> Result<FileLock, StoreError> {
    FileLock::acquire(&with(path, ".lock")).map_err(|error| error.told(StoreError::of_lock, io_at(path)))
}

/// The paths of the files that SQLite keeps beside the one at `path`.
pub(super) fn companions(path: &Path) -> [PathBuf; 2] {
    COMPANIONS.map(|companion| with(path, companion))
}

fn free_name(path: &Path, now: UnixTime) -> PathBuf {
    let format = format_description!("[year][month][day]-[hour][minute][second]");
    let stamp = OffsetDateTime::from_unix_timestamp(now.0)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_else(|| now.0.to_string());
    let first = with(path, &format!(".lost-{stamp}"));
    let mut name = first.clone();
    let mut count = 1_u32;
    while [name.clone()]
        .iter()
        .chain(&companions(&name))
        .any(|n| fs::symlink_metadata(n).is_ok())
    {
        count = count.saturating_add(1);
        name = with(&first, &format!("-{count}"));
    }
    name
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

fn rename(from: &Path, to: &Path) -> io::Result<bool> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
