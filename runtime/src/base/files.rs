//! Files that a crash leaves old or new, and locks between processes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

/// Who may read a file of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// Only this user (0600).
    Private,
    /// Whoever the user's umask lets.
    Shared,
}

/// Replaces `path` by `content`: a temporary file beside it, flushed to the disk, then renamed over it.
///
/// # Errors
/// When the folder cannot be written or the disk is full; what was at `path` is then still there.
pub fn write_atomic(path: &Path, content: &[u8], mode: FileMode) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".pocket-").tempfile_in(folder)?;
    #[cfg(unix)]
    if mode == FileMode::Shared {
        use std::os::unix::fs::PermissionsExt as _;
        // tempfile makes 0600; what others may see gets what was there, or the usual mode.
        let bits = fs::metadata(path).map_or(0o644, |m| m.permissions().mode() & 0o777);
        file.as_file().set_permissions(fs::Permissions::from_mode(bits))?;
    }
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // The rename itself is durable only once the folder is.
    File::open(folder)?.sync_all()
}

/// Makes a folder that only this user may enter, with its parents.
///
/// # Errors
/// When it cannot be made, or is there and belongs to another user or lets others in.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                if fs::metadata(path)?.permissions().mode() & 0o022 != 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::PermissionDenied,
                        format!(
                            "others may write this folder; run `chmod go-w` on it: `{}`",
                            path.display()
                        ),
                    ));
                }
            }
            Err(e) => return Err(e),
        }
    }
    #[cfg(not(unix))]
    fs::create_dir_all(path)?;
    Ok(())
}

/// A lock between processes, held until dropped.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits until no other process holds the lock at `path`; the file is made where it is not there and stays.
    ///
    /// This blocks the thread: call it where that is fine.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn acquire(path: &Path) -> io::Result<Self> {
        let file = Self::open(path)?;
        file.lock()?;
        Ok(Self { _file: file })
    }

    /// Takes the lock at `path` where nobody holds it, else gives `None`; never waits.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        let file = Self::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn open(path: &Path) -> io::Result<File> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().create(true).truncate(false).write(true).open(path)
    }
}
