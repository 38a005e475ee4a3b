//! Brings one commit of a remote to this machine, with the word that it is on one of its branches or tags.

use std::ffi::OsString;

use git2::{AutotagOption, Direction, FetchOptions, Oid, RemoteRedirect, Repository};

use crate::{
    base::proxy::ProxySettings,
    source::{
        Commit, GitSource, SourceError,
        connection::{Session, Watch},
        git_store::{Locked, make_bare},
        refs::{RemoteRefs, Resolved},
        remote::Transport,
    },
};

/// How much of the likeliest branch is fetched before everything is: a pin is seldom far behind its branch.
const RECENT: i32 = 64;

/// Fetching from one repository.
pub(super) struct Download<'a> {
    pub(super) store: &'a Locked,
    pub(super) source: &'a GitSource,
    pub(super) watch: &'a Watch,
    /// The names of variables that no program of git's gets.
    pub(super) withheld: &'a [OsString],
    pub(super) proxy: Option<&'a ProxySettings>,
}

/// What to ask the server for. libgit2 has no filter, and cannot tell whether a server that gives a commit by its id would
/// give a fork's too: so a commit is always asked for by the branches and tags on which it has to be.
enum Attempt {
    /// The ref that ends in the commit, as little of it as can be had.
    Tip(String),
    /// The last commits of the ref on which it most likely is.
    Recent(String),
    /// All branches and tags.
    Everything,
}

impl Download<'_> {
    /// Finds out what the source stands for now, and brings that commit here.
    pub(super) fn current(&self) -> Result<(Resolved, Repository), SourceError> {
        let mut resolved = None;
        let repository = self.bring(|refs| {
            let found = refs.resolve(self.source)?;
            resolved = Some(found.clone());
            Ok((found.commit, found.tip))
        })?;
        match resolved {
            Some(resolved) => Ok((resolved, repository)),
            None => Err(SourceError::Empty(self.source.remote.shown())),
        }
    }

    /// Brings a pinned commit here, wherever its branch is now.
    pub(super) fn pinned(&self, commit: Commit) -> Result<Repository, SourceError> {
        if let Some(repository) = self.store.ready(commit)? {
            return Ok(repository);
        }
        self.bring(|refs| Ok((commit, refs.tip(commit))))
    }

    fn bring(
        &self,
        choose: impl FnOnce(&RemoteRefs) -> Result<(Commit, Option<String>), SourceError>,
    ) -> Result<Repository, SourceError> {
        let room = self.store.aside()?;
        let repository = make_bare(room.path()).map_err(|e| self.explain(&e))?;
        let mut remote = repository
            .remote_anonymous(&self.source.remote.url)
            .map_err(|e| self.explain(&e))?;
        let session = self.session(&remote)?;
        let mut connection = remote
            .connect_auth(Direction::Fetch, Some(session.callbacks()), Some(session.through()))
            .map_err(|e| self.explain(&e))?;
        let refs = self.list(&connection)?;
        let (commit, tip) = choose(&refs)?;
        if let Some(ready) = self.store.ready(commit)? {
            return Ok(ready);
        }
        let mut attempts = self.attempts(&refs, tip).into_iter();
        // The first goes over the connection that is there; later ones begin afresh, since what a shallow fetch left out
        // would be missing in a deeper one.
        if let Some(attempt) = attempts.next() {
            let done = self.attempt(connection.remote(), &session, &attempt);
            drop(connection);
            drop((remote, session));
            done?;
            drop(repository);
            if is_reachable(room.path(), commit) {
                return self.store.keep(commit, room);
            }
        }
        for attempt in attempts {
            let room = self.store.aside()?;
            let repository = make_bare(room.path()).map_err(|e| self.explain(&e))?;
            let mut remote = repository
                .remote_anonymous(&self.source.remote.url)
                .map_err(|e| self.explain(&e))?;
            let session = self.session(&remote)?;
            self.attempt(&mut remote, &session, &attempt)?;
            drop((remote, session));
            drop(repository);
            if is_reachable(room.path(), commit) {
                return self.store.keep(commit, room);
            }
        }
        Err(SourceError::NotReachable {
            url: self.source.remote.shown(),
            commit,
        })
    }

    fn attempts(&self, refs: &RemoteRefs, tip: Option<String>) -> Vec<Attempt> {
        let first = match (tip, self.source.remote.transport) {
            (Some(tip), _) => Some(Attempt::Tip(tip)),
            (None, Transport::File) => None,
            (None, Transport::Http | Transport::Ssh) => refs.likely(self.source).map(Attempt::Recent),
        };
        first.into_iter().chain([Attempt::Everything]).collect()
    }

    fn attempt(
        &self,
        remote: &mut git2::Remote<'_>,
        session: &Session<'_>,
        attempt: &Attempt,
    ) -> Result<(), SourceError> {
        self.watch.check(&self.source.remote)?;
        let (refspecs, depth) = match attempt {
            Attempt::Tip(name) => (vec![format!("+{name}:refs/pocket/tip")], 1),
            Attempt::Recent(name) => (vec![format!("+{name}:refs/pocket/tip")], RECENT),
            Attempt::Everything => {
                let all = ["heads", "tags"].map(|kind| format!("+refs/{kind}/*:refs/pocket/{kind}/*"));
                (all.to_vec(), 0)
            }
        };
        // libgit2 refuses to fetch a part of a repository on this machine.
        let depth = match self.source.remote.transport {
            Transport::File => 0,
            Transport::Http | Transport::Ssh => depth,
        };
        let mut options = FetchOptions::new();
        options
            .remote_callbacks(session.callbacks())
            .proxy_options(session.through())
            .download_tags(AutotagOption::None)
            .update_fetchhead(false)
            .follow_redirects(RemoteRedirect::None)
            .depth(depth);
        match remote.fetch(&refspecs, Some(&mut options), None) {
            Ok(()) => Ok(()),
            Err(e) if depth > 0 && e.message().contains("doesn't support shallow") => Ok(()),
            Err(e) => Err(self.explain(&e)),
        }
    }

    fn session(&self, remote: &git2::Remote<'_>) -> Result<Session<'_>, SourceError> {
        Ok(Session {
            remote: &self.source.remote,
            watch: self.watch,
            url: remote.url().map_err(|e| self.explain(&e))?.to_owned(),
            withheld: self.withheld,
            proxy: self.proxy,
        })
    }

    fn list(&self, connection: &git2::RemoteConnection<'_, '_, '_>) -> Result<RemoteRefs, SourceError> {
        let mut refs = RemoteRefs::default();
        for head in connection.list().map_err(|e| self.explain(&e))? {
            if let Some(commit) = commit(head.oid()) {
                refs.add(head.name(), commit, head.symref_target());
            }
        }
        Ok(refs)
    }

    fn explain(&self, error: &git2::Error) -> SourceError {
        self.watch.explain(error, &self.source.remote)
    }
}

/// Whether the commit is on one of the refs that were fetched. The repository is opened anew, since one that was open
/// during a shallow fetch does not know where its history now ends.
fn is_reachable(path: &std::path::Path, commit: Commit) -> bool {
    let search = || -> Result<bool, git2::Error> {
        let repository = Repository::open(path)?;
        let wanted = Oid::from_bytes(commit.as_bytes())?;
        let mut walk = repository.revwalk()?;
        walk.push_glob("refs/pocket/*")?;
        for found in walk {
            if found? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    };
    search().unwrap_or_else(|e| {
        tracing::debug!(
            error = e.message(),
            "the history of a fetched repository cannot be walked"
        );
        false
    })
}

fn commit(oid: Oid) -> Option<Commit> {
    oid.as_bytes().try_into().ok().map(Commit::from_bytes)
}
