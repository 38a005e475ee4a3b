//! What lies in a tool's folder: its manifest and its component, checked together.

mod component;
mod manifest;
mod permissions;
mod rule;
mod schema;

pub use component::{Component, ComponentKind, Import};
pub use manifest::{AuthRequirement, Manifest, TokenKind};
pub use permissions::{Access, CredentialGrant, FilePermission, FolderGrant, Grant, Permissions};
pub use rule::{NotARequest, Request, Rule, RuleError};
pub use schema::{Schema, SchemaError, Violation};

use crate::{base::digest::Digest, provider::Providers};

/// A manifest and its component, found together in one folder and checked against each other.
#[derive(Debug, Clone)]
pub struct Package {
    /// What `pocket.json` says.
    pub manifest: Manifest,
    /// The component beside it.
    pub component: Component,
}

/// Why a folder is not a package: every fault that was found in it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} fault(s) in the package", faults.len())]
#[non_exhaustive]
pub struct PackageError {
    /// In the order of the file.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// The file, relative to the package: `pocket.json`.
    pub file: String,
    /// Line and column of the place, counted from 1, in characters.
    pub place: Option<(u32, u32)>,
    /// The JSON path of the place: `auth.scopes[1]`.
    pub path: Option<String>,
    /// What is wrong, ending in what was found.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// Whether the package can be used all the same.
    pub severity: Severity,
}

/// Whether a package with a fault can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No.
    Error,
    /// Yes; its author may want to know.
    Warning,
    /// Yes; nothing is wrong.
    Note,
}

impl PackageError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> crate::Code {
        todo!()
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        todo!()
    }
}

impl Package {
    /// Reads and checks the package in `folder`.
    ///
    /// # Errors
    /// Every fault that keeps it from being used, all at once.
    pub fn open(folder: &cap_std::fs::Dir, providers: &Providers) -> Result<Self, PackageError> {
        let _ = (folder, providers);
        todo!()
    }

    /// What is worth telling its author though the package can be used.
    #[must_use]
    pub fn notes(&self) -> Vec<Fault> {
        todo!()
    }

    /// The digest of what a person agrees to: the manifest's `auth` and `permissions`.
    #[must_use]
    pub fn asks(&self) -> Digest {
        todo!()
    }
}
