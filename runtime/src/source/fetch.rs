//! Brings a source to this machine.

use std::{ffi::OsString, sync::Arc};

use cap_std::fs::Dir;
use git2::Repository;

use crate::{
    base::{digest::Digest, home::Home, net::NetSettings},
    source::{
        Commit, Folder, GitSource, PathSource, PinnedSource, Source, SourceError,
        awaited::{Awaited, Group},
        connection::{FetchLimits, Watch},
        download::Download,
        extract::Extraction,
        fetcher_process::FetcherProcess,
        git_store::{GitStore, Locked},
        libgit2,
        package_cache::PackageCache,
    },
};

/// Brings sources to this machine, into a cache that several processes may share.
///
/// A fetch ends at 256 MiB, 100,000 objects or 120 s. It follows redirects on the same host only, sends what git's
/// credential helpers, the ssh agent or the URL itself have to the host that was written only. It goes through the
/// operator's proxy where there is one, but for ssh, and reads no proxy variable.
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
    /// What asks git servers, where this process does not do so itself.
    process: Option<FetcherProcess>,
    group: Group,
}

struct Inner {
    net: NetSettings,
    git: GitStore,
    packages: PackageCache,
    limits: FetchLimits,
    withheld: Vec<OsString>,
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
    /// The repository at this URL is asked now; what is in the cache is not fetched. The URL has no password.
    fn begun(&self, url: &str) {
        let _ = url;
    }
    /// Nobody waits for the fetch any more, however it ended. It may never have begun.
    fn ended(&self) {}
}

/// Stops a fetch, and what was started for it, when whoever waits for it goes away.
struct Waiting {
    awaited: Arc<Awaited>,
    progress: Option<Arc<dyn Progress>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.awaited.end();
        if let Some(progress) = &self.progress {
            progress.ended();
        }
    }
}

impl Fetcher {
    /// With its cache in `home`.
    ///
    /// # Errors
    /// When the operator's CA file has no certificate.
    pub fn new(home: &Home, net: &NetSettings) -> Result<Self, SourceError> {
        Self::withholding(home, net, &[])
    }

    /// With the variables of these names kept from git and its credential helpers, such as
    /// [`Settings::own_variables`](crate::Settings::own_variables).
    ///
    /// # Errors
    /// As [`Fetcher::new`].
    pub fn withholding(home: &Home, net: &NetSettings, variables: &[OsString]) -> Result<Self, SourceError> {
        libgit2::check_ca(net)?;
        Ok(Self::with_limits(home, net, FetchLimits::default(), variables.to_vec()))
    }

    /// Sets libgit2 up now rather than at the first fetch that needs it: its settings (time limits, CA file) are the whole
    /// process's, and reading the system's certificates takes tens of milliseconds.
    ///
    /// A program that has many threads later calls this before it starts them, since libgit2 also writes environment
    /// variables then (`SSL_CERT_FILE`, `SSL_CERT_DIR`, where they are not set).
    ///
    /// # Errors
    /// When libgit2 refuses the settings.
    pub fn prepare(&self) -> Result<(), SourceError> {
        libgit2::enter(&self.inner.net).map(drop)
    }

    fn with_limits(home: &Home, net: &NetSettings, limits: FetchLimits, withheld: Vec<OsString>) -> Self {
        Self {
            inner: Arc::new(Inner {
                net: net.clone(),
                git: GitStore::new(home.cache().join("git")),
                packages: PackageCache::new(home.cache().join("packages")),
                limits,
                withheld,
            }),
            process: None,
            group: Group::default(),
        }
    }

    /// Has git servers asked by a process of its own, with the same cache: where this process may start no programs, such as git or ssh.
    #[must_use]
    pub fn by(self, process: FetcherProcess) -> Self {
        Self {
            process: Some(process),
            ..self
        }
    }

    /// Has git and what it starts in this process's own group, which whoever started this process ends.
    #[must_use]
    pub(super) fn in_this_group(self) -> Self {
        Self {
            group: Group::OfThisProcess,
            ..self
        }
    }

    /// Finds out what a source stands for now, and brings it here.
    ///
    /// # Errors
    /// When the repository, ref or folder is not there or cannot be reached.
    pub async fn fetch(&self, source: &Source, progress: Option<Arc<dyn Progress>>) -> Result<Fetched, SourceError> {
        match source {
            Source::Path(path) => open_path(path),
            Source::Git(git) => match &self.process {
                None => self.run(git, progress, Inner::fetch).await,
                Some(process) => self.elsewhere(process, git, None, progress).await,
            },
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
                if let Some(process) = &self.process {
                    return match self.inner.cached(source, commit, &folder)? {
                        Some(found) => Ok(found),
                        None => self.elsewhere(process, source, Some((commit, folder)), progress).await,
                    };
                }
                self.run(source, progress, move |inner, source, watch| {
                    inner.open(source, commit, &folder, watch)
                })
                .await
            }
        }
    }

    /// Has the process bring it into the cache, and opens it from there.
    async fn elsewhere(
        &self,
        process: &FetcherProcess,
        source: &GitSource,
        pinned: Option<(Commit, Folder)>,
        progress: Option<Arc<dyn Progress>>,
    ) -> Result<Fetched, SourceError> {
        let Inner {
            net, withheld, limits, ..
        } = &*self.inner;
        let fetching = process.fetch(source, pinned, net, withheld, progress);
        let (commit, folder) = match tokio::time::timeout(limits.time, fetching).await {
            Ok(found) => found?,
            Err(_elapsed) => {
                return Err(SourceError::TimedOut {
                    url: source.remote.shown(),
                    limit: limits.time,
                });
            }
        };
        let found = self.inner.cached(source, commit, &folder)?;
        found.ok_or_else(|| SourceError::Git("what was fetched is not in the cache".to_owned()))
    }

    /// The same without the network: nothing where it is not in the cache.
    ///
    /// # Errors
    /// When a folder is not there, or the cache cannot be read.
    pub fn open_here(&self, source: &PinnedSource) -> Result<Option<Fetched>, SourceError> {
        match source {
            PinnedSource::Path(path) => open_path(path).map(Some),
            PinnedSource::Git { source, commit, folder } => self.inner.cached(source, *commit, folder),
        }
    }

    /// Runs on a thread that may block, with an end to it: libgit2 looks at the time only while something comes.
    async fn run(
        &self,
        source: &GitSource,
        progress: Option<Arc<dyn Progress>>,
        work: impl FnOnce(&Inner, &GitSource, &Watch) -> Result<Fetched, SourceError> + Send + 'static,
    ) -> Result<Fetched, SourceError> {
        let awaited = Arc::new(Awaited::new(self.group));
        let _waiting = Waiting {
            awaited: Arc::clone(&awaited),
            progress: progress.clone(),
        };
        let limits = self.inner.limits;
        let inner = Arc::clone(&self.inner);
        let owned = source.clone();
        let thread = tokio::task::spawn_blocking(move || {
            let watch = Watch::new(inner.limits, awaited, progress);
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
        // A commit in full can stand for nothing else tomorrow.
        if let Some((commit, folder)) = source.exactly()
            && let Some(found) = self.cached(source, commit, folder)?
        {
            return Ok(found);
        }
        watch.begin(&source.remote);
        let _in_use = libgit2::enter(&self.net)?;
        let locked = self.git.lock(&source.remote, watch.limits.waiting())?;
        let download = Download {
            store: &locked,
            source,
            watch,
            withheld: &self.withheld,
            proxy: self.net.proxy.as_ref(),
        };
        let (resolved, repository) = download.current()?;
        // Made anew from the commit itself, which costs little beside the network: what is pinned next is then not what only the
        // index says.
        self.extract(&locked, &repository, source, resolved.commit, &resolved.folder, watch)
    }

    fn open(&self, source: &GitSource, commit: Commit, folder: &Folder, watch: &Watch) -> Result<Fetched, SourceError> {
        if let Some(found) = self.cached(source, commit, folder)? {
            return Ok(found);
        }
        watch.begin(&source.remote);
        let _in_use = libgit2::enter(&self.net)?;
        let locked = self.git.lock(&source.remote, watch.limits.waiting())?;
        let download = Download {
            store: &locked,
            source,
            watch,
            withheld: &self.withheld,
            proxy: self.net.proxy.as_ref(),
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
            room: room.path(),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::{
        fs,
        path::{Path, PathBuf},
        sync::Mutex,
        time::Duration,
    };

    use git2::{Oid, Signature};
    use tempfile::TempDir;

    use super::*;
    use crate::source::{
        BadEntry, Reference, SourceSettings,
        git_server::{GitServer, Manner},
    };

    const FILE: i32 = 0o100_644;
    const LINK: i32 = 0o120_000;
    const SUBMODULE: i32 = 0o160_000;

    /// A repository of someone's, and a home to fetch into.
    struct World {
        folder: TempDir,
        repository: Repository,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let mut options = git2::RepositoryInitOptions::new();
            options.bare(true).initial_head("main");
            let repository = Repository::init_opts(folder.path().join("repo.git"), &options).unwrap();
            Self { folder, repository }
        }

        fn tree(&self, entries: &[(&str, i32, &str)]) -> Oid {
            let mut builder = git2::build::TreeUpdateBuilder::new();
            for (path, mode, content) in entries {
                let id = match *mode {
                    SUBMODULE => Oid::from_bytes(&[7; 20]).unwrap(),
                    _ => self.repository.blob(content.as_bytes()).unwrap(),
                };
                let mode = match *mode {
                    FILE => git2::FileMode::Blob,
                    LINK => git2::FileMode::Link,
                    _ => git2::FileMode::Commit,
                };
                builder.upsert(*path, id, mode);
            }
            let empty = self.repository.treebuilder(None).unwrap().write().unwrap();
            let base = self.repository.find_tree(empty).unwrap();
            builder.create_updated(&self.repository, &base).unwrap()
        }

        /// A commit at the end of a ref.
        fn commit(&self, name: &str, entries: &[(&str, i32, &str)]) -> Oid {
            let tree = self.repository.find_tree(self.tree(entries)).unwrap();
            let parent = self
                .repository
                .find_reference(name)
                .ok()
                .map(|found| found.peel_to_commit().unwrap());
            let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
            let who = Signature::new("a", "a@example.com", &git2::Time::new(1, 0)).unwrap();
            self.repository
                .commit(Some(name), &who, &who, "m", &tree, &parents)
                .unwrap()
        }

        fn url(&self) -> String {
            format!("file://{}", self.folder.path().join("repo.git").display())
        }

        fn source(&self, rest: &str) -> Source {
            source(&format!("{}{rest}", self.url()))
        }

        fn home(&self) -> Home {
            Home::at(self.folder.path().join("home"))
        }

        fn fetcher(&self) -> Fetcher {
            Fetcher::new(&self.home(), &NetSettings::default()).unwrap()
        }

        async fn fetch(&self, rest: &str) -> Result<Fetched, SourceError> {
            self.fetcher().fetch(&self.source(rest), None).await
        }

        /// Every path in the cache, below `part`.
        fn cached(&self, part: &str) -> Vec<PathBuf> {
            fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
                for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                    found.push(entry.path());
                    if entry.file_type().unwrap().is_dir() {
                        walk(&entry.path(), found);
                    }
                }
            }
            let mut found = Vec::new();
            walk(&self.home().cache().join(part), &mut found);
            found
        }
    }

    fn source(text: &str) -> Source {
        let hosts = if text.contains("/tree/") {
            vec!["127.0.0.1".to_owned()]
        } else {
            Vec::new()
        };
        let settings = SourceSettings::with_github_hosts(hosts);
        match Reference::parse(text, Path::new("/"), &settings).unwrap() {
            Reference::Source(source) => source,
            Reference::Name(name) => panic!("{name} is a name"),
        }
    }

    fn read(fetched: &Fetched, path: &str) -> String {
        fetched.folder.read_to_string(path).unwrap()
    }

    fn pinned_commit(fetched: &Fetched) -> String {
        match &fetched.source {
            PinnedSource::Git { commit, .. } => commit.to_string(),
            PinnedSource::Path(path) => panic!("{path:?} has no commit"),
        }
    }

    #[tokio::test]
    async fn branches_tags_and_commits_are_fetched_each_with_its_folder() {
        let world = World::new();
        let old = world.commit(
            "refs/heads/main",
            &[("tools/a/pocket.json", FILE, "old"), ("README", FILE, "r")],
        );
        world.commit("refs/heads/main", &[("tools/a/pocket.json", FILE, "new")]);
        world.commit("refs/heads/feat/x", &[("b/deep/file", FILE, "x")]);
        let object = world.repository.find_object(old, None).unwrap();
        let who = Signature::new("a", "a@example.com", &git2::Time::new(1, 0)).unwrap();
        world.repository.tag("v1", &object, &who, "annotated", false).unwrap();

        for (rest, path, content) in [
            ("", "tools/a/pocket.json", "new"),
            ("#:tools/a", "pocket.json", "new"),
            ("#main:tools/a/", "pocket.json", "new"),
            ("#feat/x:b", "deep/file", "x"),
            ("#v1", "README", "r"),
            ("#v1:tools/a", "pocket.json", "old"),
            (&format!("#{old}:tools"), "a/pocket.json", "old"),
        ] {
            let fetched = world.fetch(rest).await.unwrap_or_else(|e| panic!("{rest}: {e}"));
            assert_eq!(read(&fetched, path), content, "{rest}");
        }
    }

    #[tokio::test]
    async fn what_was_pinned_opens_without_its_repository_and_is_fetched_again_where_the_cache_was_lost() {
        let world = World::new();
        world.commit("refs/heads/main", &[("t/file", FILE, "one")]);
        let first = world.fetch("#main:t").await.unwrap();
        world.commit("refs/heads/main", &[("t/file", FILE, "two")]);
        let away = world.folder.path().join("away.git");
        let here = world.folder.path().join("repo.git");

        fs::rename(&here, &away).unwrap();
        let again = world.fetcher().open(&first.source, None).await.unwrap();
        assert_eq!((read(&again, "file").as_str(), again.tree), ("one", first.tree));
        assert!(matches!(
            world.fetch("#main:t").await,
            Err(SourceError::NoRepository(_))
        ));

        fs::rename(&away, &here).unwrap();
        fs::remove_dir_all(world.home().cache()).unwrap();
        let again = world.fetcher().open(&first.source, None).await.unwrap();
        assert_eq!((read(&again, "file").as_str(), again.tree), ("one", first.tree));
        assert_eq!(read(&world.fetch("#main:t").await.unwrap(), "file"), "two");
    }

    #[tokio::test]
    async fn a_cached_file_that_was_changed_is_not_used() {
        let world = World::new();
        world.commit("refs/heads/main", &[("t/file", FILE, "one")]);
        let first = world.fetch("#main:t").await.unwrap();
        let tree = first.tree.unwrap().hex();
        let file = world.home().cache().join("packages").join(&tree).join("file");
        fs::write(&file, "evil").unwrap();
        fs::rename(world.folder.path().join("repo.git"), world.folder.path().join("away")).unwrap();
        let again = world.fetcher().open(&first.source, None).await.unwrap();
        assert_eq!(
            read(&again, "file"),
            "one",
            "it is taken from the repository in the cache again"
        );
    }

    #[tokio::test]
    async fn a_commit_on_no_branch_or_tag_is_refused() {
        let world = World::new();
        world.commit("refs/heads/main", &[("file", FILE, "main")]);
        let fork = world.commit("refs/pull/1/head", &[("file", FILE, "fork")]);
        let refused = world.fetch(&format!("#{fork}")).await;
        assert!(matches!(refused, Err(SourceError::NotReachable { .. })), "{refused:?}");
        let missing = world.fetch(&format!("#{}", "7".repeat(40))).await;
        assert!(matches!(missing, Err(SourceError::NotReachable { .. })), "{missing:?}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_apart() {
        let world = World::new();
        assert!(matches!(world.fetch("").await, Err(SourceError::Empty(_))));
        world.commit("refs/heads/main", &[("tools/slack/file", FILE, "")]);
        let Err(error @ SourceError::NoRef { .. }) = world.fetch("#mian").await else {
            panic!("there is no such ref");
        };
        assert!(error.hints().concat().contains("`main`"));
        let Err(error @ SourceError::NoSuchFolder { .. }) = world.fetch("#main:tools/slakc").await else {
            panic!("there is no such folder");
        };
        assert!(error.hints().concat().contains("`slack`"));
        let file = world.fetch("#main:tools/slack/file").await;
        assert!(matches!(file, Err(SourceError::NoSuchFolder { .. })));
        let gone = world.fetcher().fetch(&source("file:///nowhere/at-all.git"), None).await;
        assert!(matches!(gone, Err(SourceError::NoRepository(_))), "{gone:?}");
    }

    #[tokio::test]
    async fn links_out_submodules_and_lfs_pointers_are_refused_by_name() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
        for (entry, reason) in [
            (("t/bad", LINK, "../outside"), BadEntry::Symlink),
            (("t/x/bad", LINK, "/etc/passwd"), BadEntry::Symlink),
            (("t/bad", SUBMODULE, ""), BadEntry::Submodule),
            (("t/bad", FILE, pointer), BadEntry::Lfs),
        ] {
            let world = World::new();
            world.commit("refs/heads/main", &[("t/pocket.json", FILE, "{}"), entry]);
            let Err(SourceError::Entry { path, reason: found }) = world.fetch("#main:t").await else {
                panic!("{entry:?} was taken");
            };
            assert_eq!((format!("t/{path}").as_str(), found), (entry.0, reason));
            let kept = world.cached("packages");
            assert!(kept.is_empty(), "nothing is left of it: {kept:?}");
        }
        let world = World::new();
        world.commit(
            "refs/heads/main",
            &[
                ("t/x/file", FILE, "content"),
                ("t/link", LINK, "x/file"),
                ("s", SUBMODULE, ""),
            ],
        );
        assert_eq!(read(&world.fetch("#main:t").await.unwrap(), "link"), "content");
    }

    #[tokio::test]
    async fn a_fetch_ends_at_its_limits() {
        let world = World::new();
        let large = "x".repeat(10_000);
        world.commit(
            "refs/heads/main",
            &[("a", FILE, &large), ("b", FILE, "1"), ("c", FILE, "2")],
        );
        let limited = |change: fn(&mut FetchLimits)| {
            let mut limits = FetchLimits::default();
            change(&mut limits);
            Fetcher::with_limits(&world.home(), &NetSettings::default(), limits, Vec::new())
        };
        let source = world.source("");
        let objects = limited(|limits| limits.objects = 4).fetch(&source, None).await;
        assert!(
            matches!(objects, Err(SourceError::TooManyObjects { limit: 4, .. })),
            "{objects:?}"
        );
        let bytes = limited(|limits| limits.bytes = 5_000).fetch(&source, None).await;
        assert!(
            matches!(bytes, Err(SourceError::TooLarge { limit: 5_000, .. })),
            "{bytes:?}"
        );
        let time = limited(|limits| limits.time = Duration::ZERO)
            .fetch(&source, None)
            .await;
        assert!(matches!(time, Err(SourceError::TimedOut { .. })), "{time:?}");
        assert!(limited(|_| ()).fetch(&source, None).await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn fetches_at_once_all_succeed_and_leave_nothing_half_made() {
        let world = World::new();
        world.commit("refs/heads/main", &[("a/file", FILE, "a"), ("b/file", FILE, "b")]);
        let mut running = tokio::task::JoinSet::new();
        for n in 0..12 {
            let (fetcher, folder) = (world.fetcher(), if n % 2 == 0 { "a" } else { "b" });
            let source = world.source(&format!("#main:{folder}"));
            running.spawn(async move { (folder, fetcher.fetch(&source, None).await) });
        }
        while let Some(done) = running.join_next().await {
            let (folder, fetched) = done.unwrap();
            assert_eq!(read(&fetched.unwrap(), "file"), folder);
        }
        let left: Vec<_> = world
            .cached("")
            .into_iter()
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[tokio::test]
    async fn what_a_killed_fetch_left_behind_is_removed_and_never_used() {
        let world = World::new();
        world.commit("refs/heads/main", &[("file", FILE, "content")]);
        let fetched = world.fetch("").await.unwrap();
        let commit = pinned_commit(&fetched);
        let repositories: Vec<_> = world
            .cached("git")
            .into_iter()
            .filter(|path| path.ends_with(&commit))
            .collect();
        let [ready] = repositories.as_slice() else {
            panic!("{repositories:?}");
        };
        // As if the process had ended in the middle: an unfinished repository aside, a ready one cut off, no package.
        let leftover = ready.with_file_name(".new-killed");
        fs::create_dir(&leftover).unwrap();
        fs::remove_dir_all(ready.join("objects")).unwrap();
        fs::remove_dir_all(world.home().cache().join("packages")).unwrap();
        let again = world.fetcher().open(&fetched.source, None).await.unwrap();
        assert_eq!((read(&again, "file").as_str(), again.tree), ("content", fetched.tree));
        assert!(!leftover.exists());
    }

    #[tokio::test]
    async fn a_name_that_no_file_can_have_is_refused() {
        let world = World::new();
        let blob = world.repository.blob(b"x").unwrap();
        let id = blob.as_bytes();
        for name in ["..", ".git", "a\\b", "\u{202e}x"] {
            // git2 would refuse to build such a tree, a hostile server would not.
            let raw = [format!("100644 {name}\0").as_bytes(), id].concat();
            let odb = world.repository.odb().unwrap();
            let tree = odb.write(git2::ObjectType::Tree, &raw).unwrap();
            let raw = format!("tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nm\n");
            let commit = odb.write(git2::ObjectType::Commit, raw.as_bytes()).unwrap();
            world.repository.reference("refs/heads/main", commit, true, "").unwrap();
            let refused = world.fetch("").await;
            let Err(SourceError::Entry { path, reason }) = refused else {
                panic!("{name} was taken: {refused:?}");
            };
            assert_eq!(reason, BadEntry::Name);
            assert!(!path.contains('\u{202e}'));
        }
    }

    #[tokio::test]
    async fn a_path_is_opened_as_it_is_and_has_no_digest() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "content").unwrap();
        let fetcher = Fetcher::new(&Home::at(folder.path().join("home")), &NetSettings::default()).unwrap();
        let fetched = fetcher
            .fetch(&source(&folder.path().display().to_string()), None)
            .await
            .unwrap();
        assert_eq!((read(&fetched, "file").as_str(), fetched.tree), ("content", None));
    }

    #[derive(Default)]
    struct Told(Mutex<Vec<(usize, usize)>>, Mutex<Vec<String>>);

    impl Progress for Told {
        fn received(&self, done: usize, total: usize, _bytes: usize) {
            self.0.lock().unwrap().push((done, total));
        }

        fn begun(&self, url: &str) {
            self.1.lock().unwrap().push(format!("begun {url}"));
        }

        fn ended(&self) {
            self.1.lock().unwrap().push("ended".to_owned());
        }
    }

    #[tokio::test]
    async fn progress_is_told_until_all_objects_are_there() {
        let world = World::new();
        world.commit("refs/heads/main", &[("a", FILE, "1"), ("b", FILE, "2")]);
        let told = Arc::new(Told::default());
        let progress: Arc<dyn Progress> = told.clone();
        let fetched = world.fetcher().fetch(&world.source(""), Some(progress)).await.unwrap();
        let (done, total) = *told.0.lock().unwrap().last().unwrap();
        assert_eq!((done, total), (4, 4));
        let steps = || told.1.lock().unwrap().clone();
        assert_eq!(steps().len(), 2);
        assert!(steps()[0].starts_with("begun file://"), "{:?}", steps());
        assert_eq!(steps()[1], "ended");
        world.fetcher().open(&fetched.source, Some(told.clone())).await.unwrap();
        assert_eq!(steps().len(), 3, "what is in the cache begins no fetch: {:?}", steps());
    }

    impl World {
        fn serve(&self, manner: Manner) -> (GitServer, String) {
            let server = GitServer::start(self.folder.path(), manner);
            let url = format!("http://{}/repo.git", server.address);
            (server, url)
        }

        fn history(&self, commits: usize) -> Vec<Oid> {
            let commit = |n: usize| self.commit("refs/heads/main", &[("file", FILE, &n.to_string())]);
            (0..commits).map(commit).collect()
        }

        /// How many commits the repository in the cache has, in which this one is.
        fn commits_kept(&self, fetched: &Fetched) -> usize {
            let commit = pinned_commit(fetched);
            let path = self
                .cached("git")
                .into_iter()
                .find(|path| path.ends_with(&commit))
                .unwrap();
            let repository = Repository::open(path).unwrap();
            let mut count = 0;
            let odb = repository.odb().unwrap();
            odb.foreach(|id| {
                count += usize::from(odb.read_header(*id).unwrap().1 == git2::ObjectType::Commit);
                true
            })
            .unwrap();
            count
        }
    }

    fn pinned(fetched: &Fetched, commit: Oid) -> PinnedSource {
        let PinnedSource::Git { source, folder, .. } = &fetched.source else {
            panic!("it is a path");
        };
        PinnedSource::Git {
            source: source.clone(),
            commit: commit.to_string().parse().unwrap(),
            folder: folder.clone(),
        }
    }

    #[tokio::test]
    async fn over_http_a_tip_is_fetched_alone_and_a_recent_pin_with_a_little_and_an_old_one_with_all() {
        let world = World::new();
        let history = world.history(200);
        let (_server, url) = world.serve(Manner::default());
        let fetcher = world.fetcher();
        let tip = fetcher.fetch(&source(&url), None).await.unwrap();
        assert_eq!((read(&tip, "file").as_str(), world.commits_kept(&tip)), ("199", 1));
        for (n, kept) in [(190, 64), (3, 200)] {
            let opened = fetcher.open(&pinned(&tip, history[n]), None).await.unwrap();
            assert_eq!(
                (read(&opened, "file"), world.commits_kept(&opened)),
                (n.to_string(), kept)
            );
        }
        let named = fetcher
            .fetch(&source(&format!("{url}#{}", history[199])), None)
            .await
            .unwrap();
        assert_eq!(named.tree, tip.tree);
    }

    #[tokio::test]
    async fn over_http_a_forks_commit_is_refused_even_where_the_server_would_give_it() {
        let world = World::new();
        world.history(2);
        let fork = world.commit("refs/pull/1/head", &[("file", FILE, "fork")]);
        world
            .repository
            .config()
            .unwrap()
            .set_bool("uploadpack.allowAnySHA1InWant", true)
            .unwrap();
        let (_server, url) = world.serve(Manner::default());
        let refused = world.fetcher().fetch(&source(&format!("{url}#{fork}")), None).await;
        assert!(matches!(refused, Err(SourceError::NotReachable { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn over_http_a_tree_url_is_split_where_the_ref_ends() {
        let world = World::new();
        world.commit("refs/heads/feat/x", &[("tools/a/file", FILE, "a")]);
        fs::create_dir(world.folder.path().join("org")).unwrap();
        fs::rename(
            world.folder.path().join("repo.git"),
            world.folder.path().join("org/repo"),
        )
        .unwrap();
        let server = GitServer::start(world.folder.path(), Manner::default());
        let url = format!("http://{}/org/repo/tree/feat/x/tools/a", server.address);
        let fetched = world.fetcher().fetch(&source(&url), None).await.unwrap();
        assert_eq!(read(&fetched, "file"), "a");
    }

    #[tokio::test]
    async fn over_http_the_urls_password_is_used_and_never_shown() {
        let world = World::new();
        world.history(1);
        let taken = "Basic dXNlcjpwbDRudGVk";
        let (server, url) = world.serve(Manner {
            authorization: Some(taken.to_owned()),
            ..Manner::default()
        });
        let with = |login: &str| source(&url.replace("//", &format!("//{login}@")));
        let fetched = world.fetcher().fetch(&with("user:pl4nted"), None).await.unwrap();
        assert!(server.seen().iter().all(|seen| seen == taken));
        assert!(!format!("{fetched:?}{}", fetched.source.written()).contains("pl4nted"));

        let other = World::new();
        let refused = other
            .fetcher()
            .fetch(&with("user:pl4nted-wrong"), None)
            .await
            .unwrap_err();
        assert!(matches!(refused, SourceError::AuthNeeded { .. }), "{refused:?}");
        let told = format!("{refused} {refused:?} {:?}", refused.hints());
        assert!(!told.contains("pl4nted"), "{told}");
        for path in world
            .cached("")
            .iter()
            .chain(&other.cached(""))
            .filter(|path| path.is_file())
        {
            let content = fs::read(path).unwrap();
            assert!(
                !String::from_utf8_lossy(&content).contains("pl4nted"),
                "{}",
                path.display()
            );
        }
    }

    #[tokio::test]
    async fn over_http_a_redirect_to_another_host_is_not_followed_and_gets_no_password() {
        let world = World::new();
        world.history(1);
        let (other, _) = world.serve(Manner::default());
        let (_server, url) = world.serve(Manner {
            redirect: Some(format!("http://localhost:{}", other.address.port())),
            ..Manner::default()
        });
        let url = url.replace("//", "//user:pl4nted@");
        let refused = world.fetcher().fetch(&source(&url), None).await;
        assert!(matches!(refused, Err(SourceError::Redirected { .. })), "{refused:?}");
        assert!(other.seen().is_empty());
    }

    #[tokio::test]
    async fn over_http_what_is_not_there_is_told_apart() {
        let world = World::new();
        world.history(1);
        let (server, url) = world.serve(Manner::default());
        let missing = world.fetcher().fetch(&source(&url.replace("repo", "gone")), None).await;
        assert!(matches!(missing, Err(SourceError::NoRepository(_))), "{missing:?}");
        let missing = world.fetcher().fetch(&source(&format!("{url}#gone")), None).await;
        assert!(matches!(missing, Err(SourceError::NoRef { .. })), "{missing:?}");
        drop(server);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let closed = world
            .fetcher()
            .fetch(&source(&format!("http://{nobody}/x.git")), None)
            .await;
        assert!(matches!(closed, Err(SourceError::Unreachable { .. })), "{closed:?}");
    }

    #[tokio::test]
    async fn over_https_the_operators_ca_is_trusted_and_no_other() {
        let world = World::new();
        world.history(1);
        let (ours, pem) = Manner::tls();
        let (other, _) = Manner::tls();
        let net = NetSettings {
            ca_pem: Some(pem.into_bytes()),
            ..NetSettings::default()
        };
        let fetcher = Fetcher::new(&world.home(), &net).unwrap();
        let at = |server: &GitServer| source(&format!("https://localhost:{}/repo.git", server.address.port()));
        let trusted = GitServer::start(world.folder.path(), ours.clone());
        assert_eq!(read(&fetcher.fetch(&at(&trusted), None).await.unwrap(), "file"), "0");
        let stranger = GitServer::start(world.folder.path(), other);
        let refused = fetcher.fetch(&at(&stranger), None).await;
        assert!(matches!(refused, Err(SourceError::Certificate { .. })), "{refused:?}");
        let down = GitServer::start(
            world.folder.path(),
            Manner {
                redirect: Some(format!("http://localhost:{}", trusted.address.port())),
                ..ours
            },
        );
        let refused = fetcher.fetch(&at(&down), None).await;
        assert!(matches!(refused, Err(SourceError::Redirected { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_given_up() {
        let world = World::new();
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x.git", silent.local_addr().unwrap());
        let limits = FetchLimits {
            time: Duration::from_millis(300),
            ..FetchLimits::default()
        };
        let gone = Fetcher::with_limits(&world.home(), &NetSettings::default(), limits, Vec::new())
            .fetch(&source(&url), None)
            .await;
        assert!(matches!(gone, Err(SourceError::TimedOut { .. })), "{gone:?}");
        drop(silent);
    }
}
