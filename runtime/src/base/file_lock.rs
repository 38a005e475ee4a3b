//! Locks between processes.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::base::text::shown_on_one_line;

/// How long a lock is waited for. What is done under one takes milliseconds: who holds it longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// After what pause a lock that somebody holds is tried again.
const PAUSE: Duration = Duration::from_millis(10);

/// A lock between processes, held until dropped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use pocket_runtime::FileLock;
///
/// let lock = FileLock::acquire(&folder.path().join("notes.lock"))?;
/// // No other process that takes this lock is here.
/// drop(lock);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

/// Another process holds a lock of ours, and did not let go while it was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockHeld {
    /// The lock's file.
    pub path: PathBuf,
    /// How long was waited.
    pub waited: Duration,
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process did not let go.
    #[error(transparent)]
    Held(LockHeld),
    /// The file could not be opened or locked.
    #[error(transparent)]
    Io(io::Error),
}

impl FileLock {
    /// Waits until no other process holds the lock at `path`, for 30 s at most; the file is made where it is not there and stays.
    ///
    /// This blocks the thread: call it where that is fine.
    ///
    /// # Errors
    /// When the file cannot be opened, or another process does not let go.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        Self::acquire_within(path, PATIENCE)
    }

    /// The same with another bound, for work that may take long.
    ///
    /// # Errors
    /// As [`FileLock::acquire`].
    pub(crate) fn acquire_within(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let file = open(path).map_err(LockError::Io)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                // The system's own waiting has no end that could be set.
                Err(fs::TryLockError::WouldBlock) if began.elapsed() < patience => thread::park_timeout(PAUSE),
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(LockError::Held(LockHeld {
                        path: path.to_owned(),
                        waited: patience,
                    }));
                }
                Err(fs::TryLockError::Error(error)) => return Err(LockError::Io(error)),
            }
        }
    }

    /// Takes the lock at `path` where nobody holds it, else gives `None`; never waits.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

impl LockError {
    /// As the error of who wanted the lock.
    pub(crate) fn told<E>(self, held: impl FnOnce(LockHeld) -> E, io: impl FnOnce(io::Error) -> E) -> E {
        match self {
            Self::Held(error) => held(error),
            Self::Io(error) => io(error),
        }
    }
}

impl LockHeld {
    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        vec!["end the process that holds it, or try again when it is done".to_owned()]
    }
}

impl fmt::Display for LockHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = shown_on_one_line(&self.path.to_string_lossy());
        write!(
            f,
            "another process has held this lock for {} s: `{path}`",
            self.waited.as_secs()
        )
    }
}

impl std::error::Error for LockHeld {}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Whoever can open it, be it only to read, can hold the lock.
        options.mode(0o600);
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    close_to_others(&file, path);
    Ok(file)
}

/// One of an earlier Pocket may be open to others. That of another user, whom the system protects from us, is left as it is.
#[cfg(unix)]
fn close_to_others(file: &File, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let is_open = |found: fs::Metadata| found.permissions().mode() & 0o077 != 0;
    if file.metadata().is_ok_and(is_open)
        && let Err(error) = file.set_permissions(fs::Permissions::from_mode(0o600))
    {
        tracing::debug!(file = %path.display(), %error, "a lock stays open to others");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_lock_is_ours_alone_one_that_was_open_to_others_too() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let made = folder.path().join("inner/made.lock");
        drop(FileLock::acquire(&made).unwrap());
        assert_eq!(mode(&made), 0o600);
        for before in [0o644, 0o666, 0o640] {
            let found = folder.path().join("found.lock");
            fs::write(&found, "").unwrap();
            fs::set_permissions(&found, fs::Permissions::from_mode(before)).unwrap();
            assert!(FileLock::try_acquire(&found).unwrap().is_some());
            assert_eq!(mode(&found), 0o600, "{before:o}");
        }
    }

    #[test]
    fn a_lock_that_is_never_let_go_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = FileLock::acquire(&path).unwrap();
        assert!(FileLock::try_acquire(&path).unwrap().is_none());
        let patience = Duration::from_millis(30);
        let began = Instant::now();
        let LockError::Held(error) = FileLock::acquire_within(&path, patience).unwrap_err() else {
            panic!("the system refused it");
        };
        assert!(began.elapsed() >= patience);
        assert_eq!((&error.path, error.waited), (&path, patience));
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        drop(held);
        FileLock::acquire_within(&path, Duration::ZERO).unwrap();
    }

    #[test]
    fn who_waits_has_it_once_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = FileLock::acquire(&path).unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| FileLock::acquire(&path).map(drop));
            drop(held);
            waits.join().unwrap().unwrap();
        });
    }
}
