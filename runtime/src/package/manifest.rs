//! `pocket.json`, parsed into types that cannot be wrong.

mod auth;
mod parse;
mod permissions;
mod reader;
mod tool;
mod variables;

use std::collections::BTreeMap;

pub(crate) use auth::{AskedHandler, Handlers};
pub(crate) use parse::{ComponentField, LARGEST, read};
pub(crate) use reader::FILE;

use crate::{
    base::{digest::Digest, name::ToolName},
    package::{AccountOwner, Permissions, Schema},
};

/// What `pocket.json` says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Manifest {
    /// `tool.name`.
    pub name: ToolName,
    /// `tool.title`.
    pub title: Option<String>,
    /// `tool.description`, given to the model as it is.
    pub description: String,
    /// `tool.inputSchema`.
    pub input_schema: Schema,
    /// `tool.outputSchema`.
    pub output_schema: Option<Schema>,
    /// `tool.annotations`, kept as they are: hints to clients by which nothing is decided here.
    pub annotations: Option<serde_json::Value>,
    /// `auth`.
    pub auth: Option<AuthRequirement>,
    /// `variables`.
    pub variables: BTreeMap<String, String>,
    /// `permissions`.
    pub permissions: Permissions,
    /// The digest of the file.
    pub digest: Digest,
}

/// What a tool needs to be signed in to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct AuthRequirement {
    /// The provider's name, in lower case.
    pub provider: String,
    /// The handler's name, where the tool names one; else the provider's default.
    pub handler: Option<String>,
    /// The scopes, sorted, each once.
    pub scopes: Vec<String>,
    /// Whose token.
    pub token: TokenKind,
    /// Which tools share the account it is met from: what the operator says, and never a manifest.
    pub owner: AccountOwner,
}

impl AuthRequirement {
    /// What a tool of `provider` needs: its default handler, a bot's token, no scopes.
    pub fn new(provider: impl Into<String>) -> Self {
        Self {
            provider: provider.into().to_lowercase(),
            handler: None,
            scopes: Vec::new(),
            token: TokenKind::Bot,
            owner: AccountOwner::SHARED,
        }
    }
}

/// Whose token, where a provider has both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// The app's own.
    #[default]
    Bot,
    /// The user's.
    User,
}

#[cfg(test)]
mod tests;
