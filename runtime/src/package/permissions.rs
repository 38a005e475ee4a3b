//! What a manifest asks, and what an operator gives.

use std::{path::PathBuf, time::Duration};

use crate::package::Rule;

/// What a manifest asks beyond its provider's hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permissions {
    /// `permissions.http`.
    pub http: Vec<Rule>,
    /// `permissions.files`.
    pub files: Vec<FilePermission>,
    /// `permissions.limits.timeout`.
    pub timeout: Option<Duration>,
    /// `permissions.limits.memory`, in bytes.
    pub memory: Option<u64>,
    /// `permissions.credentials` is `"env"`: the tool must hold the secret itself.
    pub credentials_in_env: bool,
}

/// A folder that a tool asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilePermission {
    /// What the guest calls it: an absolute path.
    pub guest: String,
    /// What it does there.
    pub access: Access,
}

/// What a guest may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Read.
    Read,
    /// Read and write.
    Write,
}

/// What an operator gives one tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// Hosts, beyond the provider's.
    pub http: Vec<Rule>,
    /// Folders.
    pub files: Vec<FolderGrant>,
    /// Whether it gets its provider's credential.
    pub credential: CredentialGrant,
    /// The longest a call may take, where more than the usual was asked.
    pub timeout: Option<Duration>,
    /// The most memory of a call in bytes, where more than the usual was asked.
    pub memory: Option<u64>,
}

/// Whether a tool gets its provider's credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialGrant {
    /// No.
    #[default]
    Withheld,
    /// Yes: the one its manifest names.
    Given,
}

/// A folder of this machine, given to a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderGrant {
    /// What the guest calls it.
    pub guest: String,
    /// Where it is.
    pub folder: PathBuf,
    /// What may be done there.
    pub access: Access,
}

impl FolderGrant {
    /// `folder` of this machine, which the guest calls `guest`.
    pub fn new(guest: impl Into<String>, folder: impl Into<PathBuf>, access: Access) -> Self {
        Self {
            guest: guest.into(),
            folder: folder.into(),
            access,
        }
    }
}
