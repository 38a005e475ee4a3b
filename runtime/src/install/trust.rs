//! What a person on this machine agreed to, kept in `home`.

use std::path::{Path, PathBuf};

use crate::{
    base::{digest::Digest, home::Home},
    install::{Candidate, InstallError},
    package::Grant,
};

/// What a person on this machine agreed to: projects whose files may grant, and grants of tools run without `add`.
///
/// It is kept in `data/trust.toml` and `data/grants.toml` of `home`, so that no file of a project can say it.
#[derive(Debug, Clone)]
pub struct Trust {
    folder: PathBuf,
}

impl Trust {
    /// Kept in `home`.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self {
            folder: home.data().to_owned(),
        }
    }

    /// What this project was last trusted with: the digest of what its files asked. `None` where it never was.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn project(&self, project: &Path) -> Result<Option<Digest>, InstallError> {
        let _ = (project, &self.folder);
        todo!()
    }

    /// Keeps that a person agreed to what this project's files ask.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn trust_project(&self, project: &Path, asks: Digest) -> Result<(), InstallError> {
        let _ = (project, asks);
        todo!()
    }

    /// What was granted to this very candidate when it was run without `add` (compared by [`Candidate::digest`]).
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn grant(&self, candidate: &Candidate) -> Result<Option<Grant>, InstallError> {
        let _ = candidate;
        todo!()
    }

    /// Keeps what a person granted to a candidate that is run without `add`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_grant(&self, candidate: &Candidate, grant: &Grant) -> Result<(), InstallError> {
        let _ = (candidate, grant);
        todo!()
    }
}
