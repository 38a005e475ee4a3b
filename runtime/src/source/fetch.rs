//! Brings a source to this machine.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cap_std::fs::Dir;
use git2::Repository;

use crate::{
    base::{digest::Digest, home::Home, net::NetSettings},
    source::{
        Commit, Folder, GitSource, PathSource, PinnedSource, Source, SourceError,
        connection::{FetchLimits, Watch},
        download::Download,
        extract::Extraction,
        git_store::{GitStore, Locked},
        libgit2,
        package_cache::PackageCache,
    },
};

/// Brings sources to this machine, into a cache that several processes may share.
///
/// A fetch ends at 256 MiB, 100,000 objects or 120 s. It follows redirects on the same host only, sends what git's
/// credential helpers, the ssh agent or the URL itself have to the host that was written only, and reads no proxy variable.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

struct Inner {
    git: GitStore,
    packages: PackageCache,
    limits: FetchLimits,
}

/// A source that is here.
#[derive(Debug)]
pub struct Fetched {
    /// Where it came from.
    pub source: PinnedSource,
    /// The folder, open.
    pub folder: Dir,
    /// The digest of all that lies in it (git sources only).
    pub tree: Option<Digest>,
}

/// Told how far a fetch is.
pub trait Progress: Send + Sync {
    /// `done` of `total` objects received, `bytes` so far.
    fn received(&self, done: usize, total: usize, bytes: usize);
}

/// Stops a fetch when whoever waits for it goes away.
struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Fetcher {
    /// With its cache in `home`. libgit2's process-wide settings (time limits, CA file) are made here, once.
    ///
    /// # Errors
    /// When libgit2 refuses them.
    pub fn new(home: &Home, net: &NetSettings) -> Result<Self, SourceError> {
        libgit2::set_up(net)?;
        Ok(Self::with_limits(home, FetchLimits::default()))
    }

    fn with_limits(home: &Home, limits: FetchLimits) -> Self {
        Self {
            inner: Arc::new(Inner {
                git: GitStore::new(home.cache().join("git")),
                packages: PackageCache::new(home.cache().join("packages")),
                limits,
            }),
        }
    }

    /// Finds out what a source stands for now, and brings it here.
    ///
    /// # Errors
    /// When the repository, ref or folder is not there or cannot be reached.
    pub async fn fetch(&self, source: &Source, progress: Option<Arc<dyn Progress>>) -> Result<Fetched, SourceError> {
        match source {
            Source::Path(path) => open_path(path),
            Source::Git(git) => self.run(git, progress, Inner::fetch).await,
        }
    }

    /// Opens what was pinned: from the cache without the network where it is there, else fetched by its commit.
    ///
    /// # Errors
    /// When it is not in the cache and cannot be fetched.
    pub async fn open(
        &self,
        source: &PinnedSource,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Fetched, SourceError> {
        match source {
            PinnedSource::Path(path) => open_path(path),
            PinnedSource::Git { source, commit, folder } => {
                let (commit, folder) = (*commit, folder.clone());
                self.run(source, progress, move |inner, source, watch| {
                    inner.open(source, commit, &folder, watch)
                })
                .await
            }
        }
    }

    /// Runs on a thread that may block, with an end to it: libgit2 looks at the time only while something comes.
    async fn run(
        &self,
        source: &GitSource,
        progress: Option<Arc<dyn Progress>>,
        work: impl FnOnce(&Inner, &GitSource, &Watch) -> Result<Fetched, SourceError> + Send + 'static,
    ) -> Result<Fetched, SourceError> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let _guard = StopWhenDropped(Arc::clone(&cancelled));
        let limits = self.inner.limits;
        let inner = Arc::clone(&self.inner);
        let owned = source.clone();
        let thread = tokio::task::spawn_blocking(move || {
            let _in_use = libgit2::in_use();
            let watch = Watch::new(inner.limits, cancelled, progress);
            work(&inner, &owned, &watch)
        });
        match tokio::time::timeout(limits.time, thread).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(_panicked)) => Err(SourceError::Unreachable {
                url: source.remote.shown(),
                reason: "the server's answer cannot be read".to_owned(),
            }),
            Err(_elapsed) => Err(SourceError::TimedOut {
                url: source.remote.shown(),
                limit: limits.time,
            }),
        }
    }
}

impl Inner {
    fn fetch(&self, source: &GitSource, watch: &Watch) -> Result<Fetched, SourceError> {
        let locked = self.git.lock(&source.remote)?;
        let download = Download {
            store: &locked,
            source,
            watch,
        };
        let (resolved, repository) = download.current()?;
        if let Some(found) = self.cached(source, resolved.commit, &resolved.folder)? {
            return Ok(found);
        }
        self.extract(&locked, &repository, source, resolved.commit, &resolved.folder, watch)
    }

    fn open(&self, source: &GitSource, commit: Commit, folder: &Folder, watch: &Watch) -> Result<Fetched, SourceError> {
        if let Some(found) = self.cached(source, commit, folder)? {
            return Ok(found);
        }
        let locked = self.git.lock(&source.remote)?;
        let download = Download {
            store: &locked,
            source,
            watch,
        };
        let repository = download.pinned(commit)?;
        self.extract(&locked, &repository, source, commit, folder, watch)
    }

    fn cached(&self, source: &GitSource, commit: Commit, folder: &Folder) -> Result<Option<Fetched>, SourceError> {
        let found = self.packages.find(&key(source, commit, folder))?;
        Ok(found.map(|(tree, opened)| fetched(source, commit, folder, tree, opened)))
    }

    fn extract(
        &self,
        locked: &Locked,
        repository: &Repository,
        source: &GitSource,
        commit: Commit,
        folder: &Folder,
        watch: &Watch,
    ) -> Result<Fetched, SourceError> {
        let room = locked.aside()?;
        let into = Dir::open_ambient_dir(room.path(), cap_std::ambient_authority()).map_err(|e| locked.fail(e))?;
        let extraction = Extraction {
            repository,
            source,
            watch,
            commit,
            folder,
        };
        let tree = extraction.write(&into)?.digest();
        drop(into);
        let opened = self.packages.keep(&key(source, commit, folder), tree, room.path())?;
        Ok(fetched(source, commit, folder, tree, opened))
    }
}

fn open_path(path: &PathSource) -> Result<Fetched, SourceError> {
    Ok(Fetched {
        folder: path.open()?,
        source: PinnedSource::Path(path.clone()),
        tree: None,
    })
}

fn fetched(source: &GitSource, commit: Commit, folder: &Folder, tree: Digest, opened: Dir) -> Fetched {
    Fetched {
        source: PinnedSource::Git {
            source: source.clone(),
            commit,
            folder: folder.clone(),
        },
        folder: opened,
        tree: Some(tree),
    }
}

/// Under which a folder of a commit is found in the cache.
fn key(source: &GitSource, commit: Commit, folder: &Folder) -> Digest {
    let url = source.remote.url.as_bytes();
    Digest::of_parts([b"git".as_slice(), url, commit.as_bytes(), folder.as_str().as_bytes()])
}
