//! Why a tool could not be installed, or is not what was installed.

use std::{io, path::PathBuf};

use crate::{
    base::{code::Code, digest::Digest, file_lock::LockHeld},
    package::PackageError,
    source::SourceError,
};

/// Why a tool could not be installed, or is not what was installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// Its source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is not a package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// It is not what was pinned.
    #[error("the {what} of `{name}` is not what `pocket.lock` pins: expected {expected}, found {found}")]
    Mismatch {
        /// The tool.
        name: String,
        /// What differs: `folder`, `manifest`, `component`, `grant`.
        what: &'static str,
        /// What the lock says.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// It was never added.
    #[error("no tool of this name is in `pocket.lock`: `{name}`")]
    NotInLock {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A file of ours is not what it should be.
    #[error("{}{}: {message}", path.display(), place_in_words(*.place))]
    FileNotValid {
        /// The file.
        path: PathBuf,
        /// Line and column, from 1.
        place: Option<(usize, usize)>,
        /// What is wrong.
        message: String,
    },
    /// A later Pocket wrote the file.
    #[error("`{}` was written by a later Pocket: version {version}", path.display())]
    FileTooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written; it is as it was.
    #[error("cannot write `{}`", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process does not let go of a file that is to be changed.
    #[error(transparent)]
    Locked(LockHeld),
    /// Others could change the tool.
    #[error("others can write this, so it is not run: `{}`", path.display())]
    OthersCanWrite {
        /// The folder or file.
        path: PathBuf,
    },
    /// Another user could change the tool.
    #[error("this belongs to another user, so it is not run: `{}`", path.display())]
    OtherOwner {
        /// The folder or file.
        path: PathBuf,
    },
    /// A path that a file of ours cannot hold.
    #[error("this path is not UTF-8 and cannot be kept: `{}`", .0.display())]
    NotUtf8(PathBuf),
}

fn place_in_words(place: Option<(usize, usize)>) -> String {
    place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

impl InstallError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Source(error) => error.code(),
            Self::Package(error) => error.code(),
            Self::Mismatch { .. } | Self::FileNotValid { .. } | Self::FileTooNew { .. } | Self::NotUtf8(_) => {
                Code::NotValid
            }
            Self::NotInLock { .. } => Code::NotFound,
            Self::Locked(_) => Code::Busy,
            Self::OthersCanWrite { .. } | Self::OtherOwner { .. } => Code::Denied,
            Self::Unreadable { .. } | Self::Unwritable { .. } => Code::Internal,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Source(error) => error.hints(),
            Self::Package(error) => error.hints(),
            Self::Mismatch { name, .. } => vec![format!(
                "if the change is meant, take `[tools.{name}]` out of `pocket.lock` and add the tool again; else restore the file from your own repository"
            )],
            Self::NotInLock {
                nearest: Some(near), ..
            } => vec![format!("did you mean `{near}`?")],
            Self::NotInLock { nearest: None, .. } => vec!["`pocket add` adds a tool".to_owned()],
            Self::FileNotValid { message, .. } if message.contains("merge conflict") => {
                vec!["solve the conflict: keep one of the two entries of each tool".to_owned()]
            }
            Self::FileNotValid { path, .. } => vec![format!(
                "restore `{}` from your own repository, or remove it and add the tools again",
                path.display()
            )],
            Self::FileTooNew { .. } => vec!["use a later Pocket".to_owned()],
            Self::Unreadable { path, .. } => vec![format!("let this user read `{}`", path.display())],
            Self::Unwritable { path, .. } => vec![format!("let this user write `{}`", path.display())],
            Self::Locked(held) => held.hints(),
            Self::OthersCanWrite { path } => vec![format!("run `chmod go-w '{}'`", path.display())],
            Self::OtherOwner { path } => vec![format!(
                "copy the tool, or make `{}` your own: `chown \"$USER\"`",
                path.display()
            )],
            Self::NotUtf8(_) => vec!["rename the folder".to_owned()],
        }
    }
}
