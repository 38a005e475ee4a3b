//! Where a tool comes from: the text a user wrote, and the exact thing it stood for.

mod fetch;
mod git_url;

use std::path::{Path, PathBuf};

pub use fetch::{Fetched, Fetcher, Progress};
pub use git_url::{Commit, Folder, GitSource};

use crate::base::{code::Code, name::ToolName};

/// Where a tool comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder of this machine.
    Path(PathSource),
    /// A folder of a git repository.
    Git(GitSource),
}

/// What a user wrote where a tool was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A tool of this project, by its name.
    Name(ToolName),
    /// Where a tool comes from.
    Source(Source),
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

/// `[sources]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceSettings {
    /// Hosts beside github.com whose `/tree/<ref>/<folder>` URLs are read as GitHub's are.
    github_hosts: Vec<String>,
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// There is nothing there.
    #[error("there is no such folder: `{0}`")]
    NoFolder(String),
}

impl SourceSettings {
    /// With these hosts read as github.com is.
    #[must_use]
    pub fn with_github_hosts(github_hosts: Vec<String>) -> Self {
        Self { github_hosts }
    }
}

impl Reference {
    /// Reads what a user wrote; a relative path is one from `base`.
    ///
    /// # Errors
    /// When it is neither a name, a path nor a URL that can be fetched.
    pub fn parse(text: &str, base: &Path, settings: &SourceSettings) -> Result<Self, SourceError> {
        let _ = (text, base, &settings.github_hosts);
        todo!()
    }
}

impl Source {
    /// As the user wrote it, without a password.
    #[must_use]
    pub fn written(&self) -> &str {
        match self {
            Self::Path(path) => &path.written,
            Self::Git(git) => &git.written,
        }
    }
}

impl PinnedSource {
    /// As the user wrote it, without a password.
    #[must_use]
    pub fn written(&self) -> &str {
        match self {
            Self::Path(path) => &path.written,
            Self::Git { source, .. } => &source.written,
        }
    }
}

impl SourceError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        todo!()
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        todo!()
    }
}
