//! Why a tool could not be installed, or is not what was installed.

use crate::{base::code::Code, package::PackageError, source::SourceError};

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
}

impl InstallError {
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
