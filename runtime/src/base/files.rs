//! Files that a crash leaves old or new, and who may use them.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use crate::base::text::shown_on_one_line;

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

/// Makes a folder that only this user may enter, with its parents. One of his that is there and lets others in is closed to them.
///
/// # Errors
/// When it cannot be made, or is there and belongs to another user or lets others write.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::metadata(path)?;
                // Closing it would not undo what others may have put there.
                if found.permissions().mode() & 0o022 != 0 {
                    return Err(refused("others may write this folder; run `chmod go-w` on it", path));
                }
                let owner = Owner::of_new_files_in(path)?;
                if !owner.owns(&found) {
                    return Err(refused("the folder belongs to another user", path));
                }
                if found.permissions().mode() & 0o077 != 0 && owner.made(&found) {
                    // On what was opened: a hardened process changes no mode by a path.
                    File::open(path)?.set_permissions(fs::Permissions::from_mode(0o700))?;
                }
            }
            Err(e) => return Err(e),
        }
    }
    #[cfg(not(unix))]
    fs::create_dir_all(path)?;
    Ok(())
}

/// The user as whom this process makes files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    #[cfg(unix)]
    uid: u32,
}

impl Owner {
    /// Asks the file system, by a file without a name: it alone knows how it maps users.
    ///
    /// # Errors
    /// When no file can be made in `folder`.
    pub(crate) fn of_new_files_in(folder: &Path) -> io::Result<Self> {
        let made = tempfile::tempfile_in(folder)?.metadata()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Ok(Self { uid: made.uid() })
        }
        #[cfg(not(unix))]
        {
            let _ = made;
            Ok(Self {})
        }
    }

    /// Whether a file is this user's own.
    #[cfg(unix)]
    fn made(self, found: &fs::Metadata) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        found.uid() == self.uid
    }

    /// Whether a file is this user's, or the administrator's, who can read all anyway.
    #[must_use]
    pub(crate) fn owns(self, found: &fs::Metadata) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            found.uid() == self.uid || found.uid() == 0
        }
        #[cfg(not(unix))]
        {
            let _ = found;
            true
        }
    }
}

/// Looks at a file that only `owner` may read, without opening it.
///
/// # Errors
/// When it is not there, is a link or no plain file, belongs to another user, or lets others in.
pub(crate) fn check_private(path: &Path, owner: Owner) -> io::Result<fs::Metadata> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Err(refused("it is a symbolic link", path));
    }
    if !found.is_file() {
        return Err(refused("it is not a plain file", path));
    }
    if !owner.owns(&found) {
        return Err(refused("it belongs to another user", path));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if found.permissions().mode() & 0o077 != 0 {
            return Err(refused("others may read or write it; run `chmod go-rwx` on it", path));
        }
    }
    Ok(found)
}

/// Opens a file that only `owner` may read, for reading.
///
/// # Errors
/// As [`check_private`], and when the file changes between the look and the opening.
pub(crate) fn open_private(path: &Path, owner: Owner) -> io::Result<File> {
    let looked_at = check_private(path, owner)?;
    let file = File::open(path)?;
    if !is_same_file(&looked_at, &file.metadata()?) {
        return Err(refused("it was replaced while it was opened", path));
    }
    Ok(file)
}

/// Whether two looks saw the same file rather than another of the same name.
#[must_use]
pub(crate) fn is_same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        one.created().ok() == other.created().ok()
    }
}

fn refused(why: &str, path: &Path) -> io::Error {
    let path = shown_on_one_line(&path.to_string_lossy());
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{why}: `{path}`"))
}
