//! Brings tools here, pins them in `pocket.lock`, and opens what was pinned.

use std::{path::PathBuf, sync::Arc};

use crate::{
    base::{digest::Digest, home::Home, name::ToolName, nearest::nearest},
    install::{
        Candidate, InstallError, Installed, Update,
        grant_file::GrantFile,
        lock_store::{LockStore, WriteLock},
        lockfile::{Locked, Lockfile, Pin},
        ownership,
        update::{narrowed, same_account},
    },
    package::{AuthRequirement, FolderGrant, Grant, Package},
    provider::Providers,
    source::{Fetched, Fetcher, PinnedSource, Progress, Reference, Source, SourceError, SourceSettings},
};

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
    inner: Arc<Inner>,
}

struct Inner {
    base: PathBuf,
    lock: LockStore,
    fetcher: Fetcher,
    sources: SourceSettings,
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
        let lock = LockStore::new(home, mode);
        lock.read()?;
        Ok(Self {
            inner: Arc::new(Inner {
                base,
                lock,
                fetcher,
                sources,
            }),
        })
    }

    /// The same, with `pocket.lock` written by somebody else where there is one.
    #[must_use]
    pub(crate) fn written_by(mut self, writer: Option<Arc<dyn WriteLock>>) -> Self {
        // Nobody shares it yet: it was just made.
        if let (Some(inner), Some(writer)) = (Arc::get_mut(&mut self.inner), writer) {
            inner.lock.written_by(writer);
        }
        self
    }

    /// What a user wrote, read.
    ///
    /// # Errors
    /// When it is neither a name, a path nor a URL that can be fetched.
    pub fn reference(&self, written: &str) -> Result<Reference, SourceError> {
        Reference::parse(written, &self.inner.base, &self.inner.sources)
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
        let fetched = self.inner.fetcher.fetch(source, progress).await?;
        let providers = providers.clone();
        apart(move || candidate(fetched, &providers)).await
    }

    /// The names in the lock.
    ///
    /// # Errors
    /// When the lockfile cannot be read.
    pub fn names(&self) -> Result<Vec<ToolName>, InstallError> {
        Ok(self.inner.lock.read()?.tools.into_keys().collect())
    }

    /// The tools in the lock that were pinned from this very source.
    ///
    /// # Errors
    /// When the lockfile cannot be read.
    pub fn names_of(&self, source: &Source) -> Result<Vec<ToolName>, InstallError> {
        let tools = self.inner.lock.read()?.tools.into_iter();
        let from_it = tools.filter(|(_, locked)| match (self.reference(&locked.source), source) {
            // However the folder was written.
            (Ok(Reference::Source(Source::Path(pinned))), Source::Path(asked)) => pinned.folder == asked.folder,
            (Ok(Reference::Source(pinned)), asked) => pinned == *asked,
            (Ok(Reference::Name(_)) | Err(_), _) => false,
        });
        Ok(from_it.map(|(name, _)| name).collect())
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
        let locked = self.locked(name)?;
        let fetched = self.inner.fetcher.open(&self.pinned(name, &locked)?, progress).await?;
        let (installer, name, providers) = (self.clone(), name.clone(), providers.clone());
        apart(move || installer.checked(&name, &locked, fetched, &providers)).await
    }

    /// The same without the network: nothing where the tool is not here.
    ///
    /// # Errors
    /// When it is not in the lock, or is not what was pinned.
    pub async fn open_here(&self, name: &ToolName, providers: &Providers) -> Result<Option<Installed>, InstallError> {
        let (installer, name, providers) = (self.clone(), name.clone(), providers.clone());
        apart(move || {
            let locked = installer.locked(&name)?;
            let fetched = installer.inner.fetcher.open_here(&installer.pinned(&name, &locked)?)?;
            fetched
                .map(|fetched| installer.checked(&name, &locked, fetched, &providers))
                .transpose()
        })
        .await
    }

    /// The folders that the lock gives a tool, without opening it; none where it is not in the lock.
    ///
    /// # Errors
    /// When the lockfile cannot be read.
    pub fn folders_of(&self, name: &ToolName) -> Result<Vec<FolderGrant>, InstallError> {
        let mut lock = self.inner.lock.read()?;
        let Some(locked) = lock.tools.remove(name) else {
            return Ok(Vec::new());
        };
        Ok(locked.grant.read(Some(&self.inner.base)).files)
    }

    /// The folders that the lock gives its tools, without opening any.
    ///
    /// # Errors
    /// When the lockfile cannot be read.
    pub(crate) fn folders(&self) -> Result<Vec<FolderGrant>, InstallError> {
        let tools = self.inner.lock.read()?.tools.into_values();
        Ok(tools
            .flat_map(|locked| locked.grant.read(Some(&self.inner.base)).files)
            .collect())
    }

    fn locked(&self, name: &ToolName) -> Result<Locked, InstallError> {
        let mut lock = self.inner.lock.read()?;
        lock.tools.remove(name).ok_or_else(|| not_in_lock(&lock, name))
    }

    fn checked(
        &self,
        name: &ToolName,
        locked: &Locked,
        fetched: Fetched,
        providers: &Providers,
    ) -> Result<Installed, InstallError> {
        if let (Some(pin), Some(found)) = (&locked.pin, fetched.tree) {
            same(name, "folder", pin.tree, found)?;
        }
        let candidate = candidate(fetched, providers)?;
        let grant = locked.grant.read(Some(&self.inner.base));
        match &locked.pin {
            Some(pin) => {
                same(name, "manifest", pin.manifest, candidate.package.manifest.digest)?;
                same(name, "component", pin.component, candidate.package.component.digest)?;
                same(name, "grant", locked.agreed, candidate.digest())?;
                Ok(candidate.installed_as(name.clone(), grant))
            }
            None => Ok(as_agreed(candidate, name, locked, &grant)),
        }
    }

    /// Pins a candidate under a name with what it is granted, replacing what had that name.
    ///
    /// # Errors
    /// When the lockfile cannot be written; it is then as it was.
    pub async fn install(&self, candidate: Candidate, name: ToolName, grant: Grant) -> Result<Installed, InstallError> {
        let entry = Locked {
            source: candidate.source.written().to_owned(),
            pin: pin(&candidate),
            agreed: candidate.digest(),
            auth: candidate.package.manifest.auth.clone(),
            grant: GrantFile::of(&grant, Some(&self.inner.base))?,
        };
        let key = name.clone();
        self.change(move |lock| {
            lock.tools.insert(key, entry);
            Ok(())
        })
        .await?;
        Ok(candidate.installed_as(name, grant))
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
        let candidate = self.inspect(&installed.source.unpinned(), providers, progress).await?;
        Ok(Update::between(installed, candidate))
    }

    /// Takes a tool out of the lock.
    ///
    /// # Errors
    /// When it is not there, or the lockfile cannot be written.
    pub async fn remove(&self, name: &ToolName) -> Result<(), InstallError> {
        let name = name.clone();
        self.change(move |lock| match lock.tools.remove(&name) {
            Some(_) => Ok(()),
            None => Err(not_in_lock(lock, &name)),
        })
        .await
    }

    /// Waiting for another process blocks, so it is done on a thread for that.
    async fn change(
        &self,
        change: impl FnOnce(&mut Lockfile) -> Result<(), InstallError> + Send + 'static,
    ) -> Result<(), InstallError> {
        let inner = Arc::clone(&self.inner);
        let changed = tokio::task::spawn_blocking(move || inner.lock.change(change)).await;
        changed.unwrap_or_else(|stopped| {
            Err(InstallError::Unwritable {
                path: self.inner.lock.path().to_owned(),
                source: std::io::Error::other(stopped),
            })
        })
    }

    /// What an entry of the lock stands for. The file may come from a stranger, who could have the text that a person
    /// reads say one thing and the pin another.
    fn pinned(&self, name: &ToolName, locked: &Locked) -> Result<PinnedSource, InstallError> {
        match (self.reference(&locked.source)?, &locked.pin) {
            (Reference::Source(Source::Path(path)), None) => Ok(PinnedSource::Path(path)),
            (Reference::Source(Source::Git(source)), Some(pin)) if source.may_mean(&pin.commit, &pin.folder) => {
                Ok(PinnedSource::Git {
                    source,
                    commit: pin.commit,
                    folder: pin.folder.clone(),
                })
            }
            (Reference::Source(Source::Git(_)), Some(_)) => {
                Err(self.not_valid(name, "`source` cannot stand for this `commit` and `folder`"))
            }
            (Reference::Source(Source::Git(_)), None) => Err(self.not_valid(name, "a git source has a `commit`")),
            (Reference::Source(Source::Path(_)), Some(_)) => Err(self.not_valid(name, "a path has no `commit`")),
            (Reference::Name(_), _) => Err(self.not_valid(name, "`source` is neither a path nor a URL")),
        }
    }

    fn not_valid(&self, name: &ToolName, message: &str) -> InstallError {
        InstallError::FileNotValid {
            path: self.inner.lock.path().to_owned(),
            place: None,
            message: format!("[tools.{name}]: {message}"),
        }
    }
}

/// Checks a package on a thread of its own: a stranger's component may keep it for seconds.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InstallError> + Send + 'static,
) -> Result<T, InstallError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that ends stops it.
            Err(_ending) => std::future::pending().await,
        },
    }
}

/// Checks what was fetched; for a path, that nobody else could have written it.
fn candidate(fetched: Fetched, providers: &Providers) -> Result<Candidate, InstallError> {
    let Fetched { source, folder, tree } = fetched;
    let package = Package::open(&folder, providers)?;
    if let PinnedSource::Path(path) = &source {
        ownership::check(path, &folder, &package.component.path)?;
    }
    Ok(Candidate { source, package, tree })
}

fn pin(candidate: &Candidate) -> Option<Pin> {
    match (&candidate.source, candidate.tree) {
        (
            PinnedSource::Git {
                source: _,
                commit,
                folder,
            },
            Some(tree),
        ) => Some(Pin {
            commit: *commit,
            folder: folder.clone(),
            tree,
            manifest: candidate.package.manifest.digest,
            component: candidate.package.component.digest,
        }),
        (PinnedSource::Path(_), _) | (PinnedSource::Git { .. }, None) => None,
    }
}

/// A path as it is now, with no more than was agreed: of its scopes those that were, and of another account nothing.
fn as_agreed(mut candidate: Candidate, name: &ToolName, locked: &Locked, grant: &Grant) -> Installed {
    if candidate.digest() == locked.agreed {
        return candidate.installed_as(name.clone(), grant.clone());
    }
    if let (Some(asked), Some(agreed)) = (&mut candidate.package.manifest.auth, &locked.auth) {
        cut_scopes(asked, agreed);
    }
    let asked = candidate.package.manifest.auth.as_ref();
    let grant = narrowed(grant, locked.auth.as_ref(), asked);
    candidate.installed_as(name.clone(), grant)
}

fn cut_scopes(asked: &mut AuthRequirement, agreed: &AuthRequirement) {
    if same_account(asked, agreed) {
        asked.scopes.retain(|scope| agreed.scopes.contains(scope));
    }
}

fn same(name: &ToolName, what: &'static str, expected: Digest, found: Digest) -> Result<(), InstallError> {
    if expected == found {
        Ok(())
    } else {
        Err(InstallError::Mismatch {
            name: name.to_string(),
            what,
            expected,
            found,
        })
    }
}

fn not_in_lock(lock: &Lockfile, name: &ToolName) -> InstallError {
    InstallError::NotInLock {
        name: name.to_string(),
        nearest: nearest(name.as_str(), lock.tools.keys().map(ToolName::as_str)).map(ToOwned::to_owned),
    }
}
