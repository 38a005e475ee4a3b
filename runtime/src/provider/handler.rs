//! How a credential of a provider is obtained.

use crate::provider::OAuth2;

/// How a credential of a provider is obtained: `slack-oauth2`, `slack-token`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handler {
    /// Its name in manifests.
    pub name: String,
    /// What has to be done.
    pub flow: Flow,
    /// Whether scopes can be asked for.
    pub scopes: Scopes,
    /// The environment variables that it fills.
    pub variables: Vec<Variable>,
}

/// Whether a handler's tokens have scopes that a tool may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scopes {
    /// A tool asks for some.
    Asked,
    /// The token is what it is.
    None,
}

/// An environment variable that a handler fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name: `SLACK_BOT_TOKEN`.
    pub name: String,
    /// The field of the account it is filled from: `access_token` (which a typed token is too), or another value of the reply.
    pub field: String,
    /// Whether its value must not be shown.
    pub secrecy: Secrecy,
}

/// Whether a value must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// It opens something.
    Secret,
    /// It may be read by anyone.
    Public,
}

/// What has to be done to obtain a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow {
    /// The authorization code flow (RFC 6749 section 4.1).
    OAuth2(Box<OAuth2>),
    /// The user types one secret.
    Token(TokenEntry),
}

/// One secret that the user types.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenEntry {
    /// What to call it on the page: `Bot token`.
    pub label: String,
    /// Where the user finds it, in a sentence.
    pub help: String,
    /// The fewest characters it can have: what is shorter was not copied whole.
    pub minimum: usize,
}
