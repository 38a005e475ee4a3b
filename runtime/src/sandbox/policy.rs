//! What holds in a call.

use std::{collections::BTreeMap, time::Duration};

use crate::package::{FolderGrant, Rule};

/// What holds in every call of one tool, as its installation and the operator's settings give it. The provider's own hosts
/// come with the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Wins over everything.
    pub deny: Vec<Rule>,
    /// What the operator allows (`pocket.toml`, builder), and what the manifest asked and a person granted.
    pub allow: Vec<Rule>,
    /// What the manifest asks.
    pub asked: Vec<Rule>,
    /// What a person granted of it.
    pub granted: Vec<Rule>,
    /// Folders.
    pub files: Vec<FolderGrant>,
    /// Environment, before the credential's own.
    pub variables: BTreeMap<String, String>,
    /// How the guest gets its credential.
    pub credentials: CredentialsMode,
    /// Wall time of a call.
    pub timeout: Duration,
    /// All linear memories of a call together, in bytes.
    pub memory: u64,
}

/// How a guest gets its credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialsMode {
    /// The environment variable holds the token.
    #[default]
    Env,
    /// The environment variable holds a placeholder, which the host swaps.
    Brokered,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allowed {
        /// Whether the operator opened inner addresses for it.
        private: bool,
    },
    /// It may not.
    Refused {
        /// Why, in words.
        reason: String,
        /// The rule that would allow it, where one could.
        rule: Option<String>,
    },
}
