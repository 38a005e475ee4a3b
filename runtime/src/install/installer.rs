//! Brings tools here, pins them in `pocket.lock`, and opens what was pinned.

use std::{path::PathBuf, sync::Arc};

use crate::{
    base::{digest::Digest, home::Home, name::ToolName},
    install::{InstallError, Installed},
    package::{Grant, Package},
    provider::Providers,
    source::{Fetcher, PinnedSource, Progress, Reference, Source, SourceError, SourceSettings},
};

/// A package that was fetched and checked, with nothing granted yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Candidate {
    /// Where it came from.
    pub source: PinnedSource,
    /// What lies there.
    pub package: Package,
    /// The digest of its folder, for a git source.
    pub tree: Option<Digest>,
}

/// What an update of a tool would change.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Update {
    /// What is there now.
    pub candidate: Candidate,
    /// What changes, in the order in which a person should read it; empty when nothing does.
    pub changes: Vec<Change>,
    /// Whether it asks for more than was granted: only a person may take such an update.
    pub widens: bool,
    /// What of the old grant still fits: nothing more than it had.
    pub grant: Grant,
}

/// One thing that an update changes: `commit`, `component`, `scopes`, `hosts`, `description`, ...
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What changes.
    pub what: String,
    /// From; empty where there was nothing.
    pub from: String,
    /// To; empty where there is nothing any more.
    pub to: String,
}

/// Where the lock is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockMode {
    /// In `pocket.lock` of this folder.
    Project(PathBuf),
    /// In memory, for as long as the process runs.
    Memory,
}

/// Brings tools here, and keeps in `pocket.lock` what each stands for and was granted.
#[derive(Clone)]
pub struct Installer {
    inner: Arc<()>,
}

impl Candidate {
    /// What was installed, as if it had just been fetched.
    #[must_use]
    pub fn of(installed: &Installed) -> Self {
        let Installed {
            name: _,
            source,
            package,
            grant: _,
            tree,
        } = installed.clone();
        Self { source, package, tree }
    }

    /// The digest of all that a person agrees to when granting: source as written, folder, the manifest's `auth` and
    /// `permissions`; for git also commit and component. `inspect` prints it, `--yes=<digest>` takes exactly it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        todo!()
    }
}

impl Installer {
    /// `base` is the folder from which relative paths are read.
    ///
    /// # Errors
    /// When the lockfile is there and cannot be read.
    pub fn new(
        home: &Home,
        base: PathBuf,
        mode: LockMode,
        fetcher: Fetcher,
        sources: SourceSettings,
    ) -> Result<Self, InstallError> {
        let _ = (home, base, mode, fetcher, sources);
        todo!()
    }

    /// What a user wrote, read.
    ///
    /// # Errors
    /// When it is neither a name, a path nor a URL that can be fetched.
    pub fn reference(&self, written: &str) -> Result<Reference, SourceError> {
        let _ = (written, &self.inner);
        todo!()
    }

    /// Fetches what a source stands for now, and checks it. Pins and grants nothing.
    ///
    /// # Errors
    /// When it cannot be fetched, or is not a package.
    pub async fn inspect(
        &self,
        source: &Source,
        providers: &Providers,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Candidate, InstallError> {
        let _ = (source, providers, progress);
        todo!()
    }

    /// The names in the lock.
    ///
    /// # Errors
    /// When the lockfile cannot be read.
    pub fn names(&self) -> Result<Vec<ToolName>, InstallError> {
        todo!()
    }

    /// The tool in the lock that was pinned from this very source (and has this name, where one is given).
    ///
    /// # Errors
    /// When the lockfile cannot be read.
    pub fn name_of(&self, source: &Source, name: Option<&ToolName>) -> Result<Option<ToolName>, InstallError> {
        let _ = (source, name);
        todo!()
    }

    /// Opens a tool that is in the lock: a git source from the cache, without the network where it is there, every digest
    /// compared; a path as it is now, with its grant cut down to what was agreed when its manifest asks more.
    ///
    /// # Errors
    /// When it is not in the lock, cannot be fetched, or is not what was pinned.
    pub async fn open(
        &self,
        name: &ToolName,
        providers: &Providers,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Installed, InstallError> {
        let _ = (name, providers, progress);
        todo!()
    }

    /// Pins a candidate under a name with what it is granted, replacing what had that name.
    ///
    /// # Errors
    /// When the lockfile cannot be written; it is then as it was.
    pub async fn install(&self, candidate: Candidate, name: ToolName, grant: Grant) -> Result<Installed, InstallError> {
        let _ = (candidate, name, grant);
        todo!()
    }

    /// What an update of a tool would change. Changes nothing.
    ///
    /// # Errors
    /// When its source cannot be fetched, or is no longer a package.
    pub async fn update(
        &self,
        installed: &Installed,
        providers: &Providers,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Update, InstallError> {
        let _ = (installed, providers, progress);
        todo!()
    }

    /// Takes a tool out of the lock.
    ///
    /// # Errors
    /// When it is not there, or the lockfile cannot be written.
    pub async fn remove(&self, name: &ToolName) -> Result<(), InstallError> {
        let _ = name;
        todo!()
    }
}
