//! Why a source cannot be read.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    base::{code::Code, file_lock::LockHeld, ours::NotOurs},
    source::{BadEntry, BadUrl, Commit, Folder},
};

/// Why a source cannot be read. All text in it that came from a stranger is safe to show.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is written in no way that a source can be.
    #[error("this is neither a name, a path nor a URL: `{0}`")]
    Neither(String),
    /// It is a URL that cannot be fetched.
    #[error("{reason}: `{written}`")]
    Url {
        /// As written, without a password.
        written: String,
        /// What is wrong with it.
        reason: BadUrl,
    },
    /// Git allows no such name.
    #[error("no branch or tag can have this name: `{0}`")]
    NotARefName(String),
    /// It leaves the repository, or is not a path at all.
    #[error("this is not a folder in a repository: `{0}`")]
    NotAFolderName(String),
    /// It is not 40 hex digits.
    #[error("a commit is 40 hex digits: `{0}`")]
    NotACommit(String),
    /// `~` was written, and the platform names no home folder.
    #[error("this platform names no home folder for `~`")]
    NoHomeFolder,
    /// `~user` was written.
    #[error("another user's home folder cannot be written with `~`: `{0}`")]
    OtherHome(String),
    /// There is nothing there.
    #[error("there is no such folder: `{written}`")]
    NoFolder {
        /// As written.
        written: String,
        /// What may have been meant, beside it.
        nearest: Option<String>,
    },
    /// There is a file there.
    #[error("this is a file, not a folder: `{0}`")]
    NotAFolder(String),
    /// The folder is there and cannot be read.
    #[error("cannot read this folder: `{path}`")]
    Unreadable {
        /// As written.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server has no such repository, or does not say so.
    #[error("there is no such repository: `{0}`")]
    NoRepository(String),
    /// The repository has no commit.
    #[error("the repository has no default branch: `{0}`")]
    Empty(String),
    /// The repository has no such branch or tag.
    #[error("the repository `{url}` has no branch, tag or commit of this name: `{name}`")]
    NoRef {
        /// The repository.
        url: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Vec<String>,
        /// The branches and tags that are there, the default branch first: the first few of them.
        there: Vec<String>,
        /// How many more there are.
        more: usize,
    },
    /// The commit is on no branch or tag of that repository: it may be a fork's.
    #[error("the commit is on no branch or tag of `{url}`: {commit}")]
    NotReachable {
        /// The repository.
        url: String,
        /// The commit.
        commit: Commit,
    },
    /// The tag is one of a tree or a file.
    #[error("this does not lead to a commit: `{0}`")]
    NoCommit(String),
    /// The commit has no such folder.
    #[error("the commit {commit} of `{url}` has no such folder: `{folder}`")]
    NoSuchFolder {
        /// The repository.
        url: String,
        /// The commit.
        commit: Commit,
        /// What was asked for.
        folder: Folder,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// The URL can be read in more than one way.
    #[error("this can be read in more than one way: `{written}`")]
    Ambiguous {
        /// As written.
        written: String,
        /// Each way, as it can be written so that it is the only one.
        readings: Vec<String>,
    },
    /// There are more bytes than a fetch may bring.
    #[error("`{url}` has more than a fetch may bring: {limit} bytes")]
    TooLarge {
        /// The repository.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// There are more objects than a fetch may bring.
    #[error("`{url}` has more than a fetch may bring: {limit} objects")]
    TooManyObjects {
        /// The repository.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// The server is too slow.
    #[error("fetching `{url}` took longer than it may: {} s", limit.as_secs())]
    TimedOut {
        /// The repository.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// Something in the folder cannot be taken.
    #[error("{reason}: `{path}`")]
    Entry {
        /// Its path in the folder.
        path: String,
        /// Why not.
        reason: BadEntry,
    },
    /// The server wants to know who asks.
    #[error("this git server asks for a sign-in: `{host}`")]
    AuthNeeded {
        /// The server.
        host: String,
    },
    /// The ssh server's key is not in `known_hosts`, or is another one there.
    #[error("the key of this ssh server is not the one in `known_hosts`: `{host}`")]
    HostKey {
        /// The server.
        host: String,
    },
    /// The server's certificate is not to be trusted.
    #[error("the certificate of `{host}` is not valid: {reason}")]
    Certificate {
        /// The server.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server sends to another host, or away from https.
    #[error("`{url}` sends to another place, which is not followed: {reason}")]
    Redirected {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The server could not be reached, or does not speak git.
    #[error("cannot fetch `{url}`: {reason}")]
    Unreachable {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The operator's proxy did not let git through.
    #[error("cannot fetch `{url}` through the proxy of `[network.proxy]`: {reason}")]
    ThroughProxy {
        /// The repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The cache in `home` cannot be used.
    #[error("cannot use the cache: `{}`", path.display())]
    Cache {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody else owns or writes a part of the cache, and could have put something there.
    #[error("the cache is not used, since {why}: `{}`", path.display())]
    CacheNotOurs {
        /// That part, or a folder above.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another process does not let go of the cache.
    #[error(transparent)]
    Locked(LockHeld),
    /// The operator's CA file cannot be used.
    #[error("the CA file has no certificate that can be read: {0}")]
    Ca(String),
    /// Git itself failed on this machine.
    #[error("git failed here: {0}")]
    Git(String),
    /// Whoever asked went away.
    #[error("the fetch was cancelled: `{0}`")]
    Cancelled(String),
    /// The process that fetches could not be started, or gave no answer.
    #[error("the process that fetches could not be run: {0}")]
    FetcherNotStarted(#[source] io::Error),
    /// What the process that fetches says of one of the others.
    #[error("{message}")]
    Elsewhere {
        /// What it says.
        message: String,
        /// Its code.
        code: Code,
        /// What would mend it, each in a sentence.
        hints: Vec<String>,
    },
}

impl SourceError {
    /// Why a folder of the cache cannot be used.
    pub(super) fn of_cache(folder: &Path, source: io::Error) -> Self {
        match NotOurs::in_error(&source) {
            Some(NotOurs { path, why }) => Self::CacheNotOurs {
                path: path.clone(),
                why,
            },
            None => Self::Cache {
                path: folder.to_owned(),
                source,
            },
        }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Neither(_)
            | Self::Url { .. }
            | Self::NotARefName(_)
            | Self::NotAFolderName(_)
            | Self::NotACommit(_)
            | Self::OtherHome(_)
            | Self::Ambiguous { .. }
            | Self::Entry { .. }
            | Self::NoCommit(_)
            | Self::Ca(_) => Code::NotValid,
            Self::NoFolder { .. }
            | Self::NotAFolder(_)
            | Self::Unreadable { .. }
            | Self::NoRepository(_)
            | Self::Empty(_)
            | Self::NoRef { .. }
            | Self::NotReachable { .. }
            | Self::NoSuchFolder { .. } => Code::NotFound,
            Self::TooLarge { .. } | Self::TooManyObjects { .. } => Code::LimitExceeded,
            Self::TimedOut { .. }
            | Self::AuthNeeded { .. }
            | Self::HostKey { .. }
            | Self::Certificate { .. }
            | Self::Redirected { .. }
            | Self::ThroughProxy { .. }
            | Self::Unreachable { .. } => Code::Unreachable,
            Self::NoHomeFolder
            | Self::Cache { .. }
            | Self::CacheNotOurs { .. }
            | Self::Git(_)
            | Self::FetcherNotStarted(_) => Code::Internal,
            Self::Locked(_) => Code::Busy,
            Self::Cancelled(_) => Code::Cancelled,
            Self::Elsewhere { code, .. } => *code,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Neither(text) => vec![format!(
                "write a path with a slash (`./{text}`), a URL (`https://github.com/org/repo`), or the name of an added tool"
            )],
            Self::Url { reason, .. } => reason.hints(),
            Self::NotARefName(_) | Self::NotAFolderName(_) => {
                vec!["write `#<branch, tag or commit>:<folder>` after the URL".to_owned()]
            }
            Self::NoHomeFolder | Self::OtherHome(_) => vec!["write the whole path".to_owned()],
            Self::NoFolder { written, nearest } => no_folder(written, nearest.as_deref()),
            Self::NotAFolder(_) => vec!["name the folder in which `pocket.json` lies".to_owned()],
            Self::Unreadable { path, .. } => vec![format!("let this user read `{path}`")],
            Self::NoRepository(_) => vec![
                "check the URL; a private repository may answer so too: let git's credential helper hold its password"
                    .to_owned(),
            ],
            Self::Empty(_) => vec!["push a commit to it, or name a branch: `#<branch>`".to_owned()],
            Self::NoRef {
                name,
                nearest,
                there,
                more,
                ..
            } => no_ref(name, nearest, there, *more),
            Self::NotReachable { .. } => {
                vec!["it may be a fork's commit: name the fork's own URL, or push the commit to a branch".to_owned()]
            }
            Self::NoSuchFolder { nearest, .. } => {
                nearest.iter().map(|near| format!("did you mean `{near}`?")).collect()
            }
            Self::Ambiguous { readings, .. } => vec![format!("write the one that is meant: {}", quoted(readings))],
            Self::TooLarge { .. } | Self::TooManyObjects { .. } => {
                vec![
                    "name a branch or tag rather than an old commit, or put the tool into a smaller repository"
                        .to_owned(),
                ]
            }
            Self::TimedOut { .. } | Self::Unreachable { .. } => {
                vec!["check the URL and the network, then try again".to_owned()]
            }
            Self::ThroughProxy { .. } => through_proxy(),
            Self::Entry { reason, .. } => reason.hints(),
            Self::AuthNeeded { host } => auth_needed(host),
            Self::HostKey { host } => host_key(host),
            Self::Certificate { .. } => {
                vec!["where the server's certificate is your own, name its CA: `[network] ca_file`".to_owned()]
            }
            Self::Redirected { .. } => vec!["write the URL to which it sends".to_owned()],
            Self::Cache { path, .. } => vec![format!("let this user alone write `{}`, or remove it", path.display())],
            Self::CacheNotOurs { path, .. } => cache_not_ours(path),
            Self::Locked(held) => held.hints(),
            Self::Ca(_) => vec!["`[network] ca_file` is a file of certificates in PEM".to_owned()],
            Self::NotACommit(_) => vec!["write all of it, as `git rev-parse` prints it".to_owned()],
            Self::NoCommit(_) => vec!["name a branch, or a tag of a commit".to_owned()],
            Self::Git(_) | Self::FetcherNotStarted(_) => {
                vec!["`pocket doctor` says what stands in the way on this machine".to_owned()]
            }
            Self::Cancelled(_) => Vec::new(),
            Self::Elsewhere { hints, .. } => hints.clone(),
        }
    }
}

/// Closing it would not undo what others may have put there.
fn cache_not_ours(path: &Path) -> Vec<String> {
    vec![
        format!(
            "look who else uses `{}`; where that is a folder of the cache, remove it: what was in it is fetched again",
            path.display()
        ),
        "let nobody else write the folders above it (`chmod go-w`), or set POCKET_HOME to a folder of this user's"
            .to_owned(),
    ]
}

fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(" or ")
}

fn no_ref(name: &str, nearest: &[String], there: &[String], more: usize) -> Vec<String> {
    if (7..40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return vec!["a commit is written in full, as `git rev-parse` prints it: 40 hex digits".to_owned()];
    }
    if !nearest.is_empty() {
        return vec![format!("did you mean {}?", quoted(nearest))];
    }
    let mut words: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    vec![format!("its branches and tags: {}", words.join(", "))]
}

fn no_folder(path: &str, nearest: Option<&str>) -> Vec<String> {
    if let Some(near) = nearest {
        return vec![format!("did you mean `{near}`?")];
    }
    let first = path.split('/').next().unwrap_or_default();
    if first.len() > 2 && first.contains('.') && !first.starts_with('.') {
        vec![format!("where a repository is meant, write `https://{path}`")]
    } else {
        vec![
            "a relative path is read from the working directory, one in `pocket.toml` from the project's folder"
                .to_owned(),
        ]
    }
}

fn host_key(host: &str) -> Vec<String> {
    vec![format!(
        "compare the server's key and keep it: run `ssh {host}` once, then try again"
    )]
}

fn through_proxy() -> Vec<String> {
    vec![
        "see whether the proxy lets this host through, and whether `user` and `password` under `[network.proxy]` are right"
            .to_owned(),
    ]
}

fn auth_needed(host: &str) -> Vec<String> {
    vec![
        format!(
            "let git's credential helper hold a password for `{host}` (`git credential approve`), or the ssh agent a key"
        ),
        "check the URL: some servers answer so too where there is no such repository".to_owned(),
    ]
}
