//! What a manifest asks, and what an operator gives.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    base::name::Profile,
    package::{FolderGrant, Rule},
};

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
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialGrant {
    /// No.
    #[default]
    Withheld,
    /// Yes, the one its manifest names, of whichever profile calls it: the embedding program's word.
    Given,
    /// Yes, of these profiles: each by a word of its own.
    #[serde(rename = "profiles")]
    Of(BTreeSet<Profile>),
}

impl CredentialGrant {
    /// Whether a call of this profile gets its credential.
    #[must_use]
    pub fn is_given_by(&self, profile: &Profile) -> bool {
        match self {
            Self::Withheld => false,
            Self::Given => true,
            Self::Of(profiles) => profiles.contains(profile),
        }
    }

    /// The same, and this profile's.
    #[must_use]
    pub fn and_of(self, profile: Profile) -> Self {
        match self {
            Self::Withheld => Self::Of(BTreeSet::from([profile])),
            Self::Given => Self::Given,
            Self::Of(mut profiles) => {
                profiles.insert(profile);
                Self::Of(profiles)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_given_by_each_profile_for_itself() {
        let (one, other) = (Profile::new("one"), Profile::new("other"));
        let given = CredentialGrant::Withheld.and_of(one.clone());
        assert!(given.is_given_by(&one) && !given.is_given_by(&other));
        let both = given.and_of(other.clone());
        assert!(both.is_given_by(&one) && both.is_given_by(&other));
        assert!(!CredentialGrant::Withheld.is_given_by(&one));
        assert_eq!(CredentialGrant::Given.and_of(one), CredentialGrant::Given);
        assert!(CredentialGrant::Given.is_given_by(&other));
    }
}
