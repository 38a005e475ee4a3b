//! Where a tool comes from: the text a user wrote, and the exact thing it stood for.

mod fetch;
mod git_url;

use std::path::PathBuf;

pub use fetch::{Fetched, Fetcher, Progress};
pub use git_url::{Commit, Folder, GitSource};

/// Where a tool comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder of this machine.
    Path(PathSource),
    /// A folder of a git repository.
    Git(GitSource),
}

/// A folder of this machine, read anew at every load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSource {
    /// As the user wrote it.
    pub written: String,
    /// Absolute; links not followed.
    pub folder: PathBuf,
}

/// A source, and exactly what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinnedSource {
    /// A folder of this machine: whatever lies there.
    Path(PathSource),
    /// One folder of one commit.
    Git {
        /// The source as written.
        source: GitSource,
        /// The commit it stood for.
        commit: Commit,
        /// The folder in it; the root is empty.
        folder: Folder,
    },
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is nothing there.
    #[error("there is no such folder: `{0}`")]
    NoFolder(String),
}
