//! Where the lock is kept, changed by one process at a time.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    base::{
        digest::Digest,
        file_lock::FileLock,
        files::{FileMode, create_private_dir, write_atomic},
        home::Home,
    },
    install::{
        InstallError, LockMode,
        lockfile::{LARGEST, Lockfile},
    },
};

/// Where the lock is kept.
#[derive(Debug)]
pub(super) enum LockStore {
    /// In `pocket.lock` of a project.
    Project(ProjectLock),
    /// In memory.
    Memory(Mutex<Lockfile>),
}

/// `pocket.lock`, and the file that is locked while it changes. That one lies in `home`: a project may be on a disk that
/// has no locks, and nobody wants it under version control.
#[derive(Debug)]
pub(super) struct ProjectLock {
    file: PathBuf,
    guard: PathBuf,
    home: PathBuf,
    /// Who writes it, where this process does not do so itself.
    writer: Option<Arc<dyn WriteLock>>,
}

/// Writes `pocket.lock` for a process that may not write in the project's folder.
pub trait WriteLock: std::fmt::Debug + Send + Sync {
    /// Puts this content in the place of the file's, at once: whoever reads it meanwhile sees the old or the new.
    ///
    /// # Errors
    /// When it cannot be written; it is then as it was.
    fn write(&self, content: &[u8]) -> io::Result<()>;

    /// What it wrote last: it counts where the process may not read the file. (One that takes another's place may be beyond what that
    /// process was let read.)
    fn written(&self) -> Option<String>;
}

impl LockStore {
    pub(super) fn new(home: &Home, mode: LockMode) -> Self {
        match mode {
            LockMode::Memory => Self::Memory(Mutex::default()),
            LockMode::Project(folder) => {
                let real = folder.canonicalize().unwrap_or_else(|_not_there| folder.clone());
                let name = Digest::of(real.as_os_str().as_encoded_bytes()).hex();
                Self::Project(ProjectLock {
                    file: folder.join("pocket.lock"),
                    guard: home.data().join("locks").join(name),
                    home: home.data().to_owned(),
                    writer: None,
                })
            }
        }
    }

    /// The same, written by somebody else where it is a file.
    pub(super) fn written_by(&mut self, writer: Arc<dyn WriteLock>) {
        if let Self::Project(project) = self {
            project.writer = Some(writer);
        }
    }

    /// What it says now; nothing where there is no file yet.
    pub(super) fn read(&self) -> Result<Lockfile, InstallError> {
        match self {
            Self::Project(project) => project.read(),
            Self::Memory(lock) => Ok(lock.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// Reads, changes and writes it, while nobody else does. It stays as it was where `change` fails.
    ///
    /// This blocks the thread while another process changes it.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Lockfile) -> Result<T, InstallError>,
    ) -> Result<T, InstallError> {
        match self {
            Self::Project(project) => project.change(change),
            Self::Memory(lock) => {
                let mut lock = lock.lock().unwrap_or_else(PoisonError::into_inner);
                let mut changed = lock.clone();
                let outcome = change(&mut changed)?;
                *lock = changed;
                Ok(outcome)
            }
        }
    }

    /// For messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Project(project) => &project.file,
            Self::Memory(_) => Path::new("pocket.lock"),
        }
    }
}

impl ProjectLock {
    fn read(&self) -> Result<Lockfile, InstallError> {
        match self.text()? {
            Some(text) => Lockfile::parse(&text, &self.file),
            None => Ok(Lockfile::default()),
        }
    }

    fn text(&self) -> Result<Option<String>, InstallError> {
        let read = read_text(&self.file, LARGEST);
        if let Err(InstallError::Unreadable { source, .. }) = &read
            && source.kind() == io::ErrorKind::PermissionDenied
            && let Some(written) = self.writer.as_ref().and_then(|writer| writer.written())
        {
            return Ok(Some(written));
        }
        read
    }

    fn change<T>(&self, change: impl FnOnce(&mut Lockfile) -> Result<T, InstallError>) -> Result<T, InstallError> {
        let fail = |path: &Path, source| InstallError::Unwritable {
            path: path.to_owned(),
            source,
        };
        create_private_dir(&self.home).map_err(|e| fail(&self.home, e))?;
        let _guard = FileLock::acquire(&self.guard)
            .map_err(|error| error.told(InstallError::Locked, |e| fail(&self.guard, e)))?;
        let before = self.read()?;
        let mut after = before.clone();
        let outcome = change(&mut after)?;
        if after != before || !self.file.exists() {
            let text = after.write(&self.file)?;
            let written = match &self.writer {
                Some(writer) => writer.write(text.as_bytes()),
                None => write_atomic(&self.file, text.as_bytes(), FileMode::Shared),
            };
            written.map_err(|e| fail(&self.file, e))?;
        }
        Ok(outcome)
    }
}

/// The text of a file of ours; nothing where it is not there.
pub(super) fn read_text(path: &Path, largest: u64) -> Result<Option<String>, InstallError> {
    let fail = |source| InstallError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(fail(e)),
    };
    let mut text = String::new();
    let size = file.take(largest + 1).read_to_string(&mut text).map_err(fail)?;
    if size as u64 > largest {
        return Err(InstallError::FileNotValid {
            path: path.to_owned(),
            place: None,
            message: format!("it has more than {largest} bytes"),
        });
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::{
        base::name::ToolName,
        install::{grant_file::GrantFile, lockfile::Locked},
    };

    fn tool(source: &str) -> Locked {
        Locked {
            source: source.to_owned(),
            pin: None,
            agreed: Digest::of(source.as_bytes()),
            auth: None,
            grant: GrantFile::default(),
        }
    }

    #[test]
    fn tools_added_at_once_all_land() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        std::thread::scope(|scope| {
            for n in 0..16 {
                let (home, folder) = (&home, folder.path());
                scope.spawn(move || {
                    let store = LockStore::new(home, LockMode::Project(folder.to_owned()));
                    let name: ToolName = format!("tool{n}").parse().unwrap();
                    store.change(|lock| Ok(lock.tools.insert(name, tool("./x")))).unwrap();
                });
            }
        });
        let store = LockStore::new(&home, LockMode::Project(folder.path().to_owned()));
        assert_eq!(store.read().unwrap().tools.len(), 16);
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "only `pocket.lock` and the home are there: {left:?}");
    }

    #[test]
    fn a_change_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        for mode in [LockMode::Project(folder.path().to_owned()), LockMode::Memory] {
            let store = LockStore::new(&home, mode);
            let add = |lock: &mut Lockfile| Ok(lock.tools.insert("a".parse().unwrap(), tool("./a")));
            store.change(add).unwrap();
            let before = store.read().unwrap();
            let failed: Result<(), _> = store.change(|lock| {
                lock.tools.clear();
                Err(InstallError::NotInLock {
                    name: "b".to_owned(),
                    nearest: None,
                })
            });
            assert!(failed.is_err());
            assert_eq!(store.read().unwrap(), before);
        }
    }

    #[test]
    fn a_file_that_is_too_large_or_no_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(read_text(&path, 4).unwrap().is_none());
        fs::write(&path, "12345").unwrap();
        assert!(matches!(read_text(&path, 4), Err(InstallError::FileNotValid { .. })));
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(read_text(&path, 4), Err(InstallError::Unreadable { .. })));
    }
}
