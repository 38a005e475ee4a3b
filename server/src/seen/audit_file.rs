//! The files of the audit log: one that is written, and the ones before it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use pocket_runtime::{FileLock, LockError, create_private_dir};

/// A file that has so many bytes is put aside.
const LARGEST: u64 = 16 << 20;
/// How many that were put aside are kept.
const KEPT: u32 = 8;

/// `audit/audit.jsonl`, and `audit.1.jsonl` to `audit.8.jsonl` before it: JSON lines that are only ever appended to, by however many
/// processes serve from one `home`.
pub(super) struct AuditFile {
    folder: PathBuf,
    path: PathBuf,
    largest: u64,
}

impl AuditFile {
    /// In the folder `audit` of this one.
    pub(super) fn in_folder(folder: &Path) -> Self {
        let folder = folder.join("audit");
        Self {
            path: folder.join("audit.jsonl"),
            folder,
            largest: LARGEST,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends whole lines. No other process writes, or puts the file aside, meanwhile.
    pub(super) fn append(&mut self, lines: &str) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        create_private_dir(&self.folder)?;
        let _lock = FileLock::acquire(&self.folder.join("audit.lock")).map_err(|error| match error {
            LockError::Io(error) => error,
            LockError::Held(held) => io::Error::other(held.to_string()),
        })?;
        let mut file = self.open()?;
        if file.metadata()?.len() >= self.largest {
            drop(file);
            self.put_aside()?;
            file = self.open()?;
        }
        let before = file.metadata()?.len();
        file.write_all(lines.as_bytes()).inspect_err(|_failed| {
            // Half a line would make the next one unreadable too.
            let _ = file.set_len(before);
        })
    }

    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.path)
    }

    fn put_aside(&self) -> io::Result<()> {
        let aside = |number: u32| self.folder.join(format!("audit.{number}.jsonl"));
        for number in (1..KEPT).rev() {
            match fs::rename(aside(number), aside(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        fs::rename(&self.path, aside(1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_full_file_is_put_aside_and_the_last_ones_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = AuditFile::in_folder(folder.path());
        file.largest = 10;
        for number in 0..40 {
            file.append(&format!("line {number:04}\n")).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join("audit").join(name)).unwrap_or_default();
        assert_eq!(read("audit.jsonl"), "line 0039\n");
        assert_eq!(read("audit.1.jsonl"), "line 0038\n");
        assert_eq!(read("audit.8.jsonl"), "line 0031\n");
        assert_eq!(read("audit.9.jsonl"), "");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        AuditFile::in_folder(folder.path()).append("a line\n").unwrap();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("audit"), mode("audit/audit.jsonl")), (0o700, 0o600));
    }
}
