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
    /// The field of the account it is filled from: `access_token` (which a typed token is too), another value of the reply, a
    /// field that is typed, or `basic` (see [`BasicAuth`]).
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
    /// The authorization code flow (RFC 6749 section 4.1); the device flow too, where the provider has it.
    OAuth2(Box<OAuth2>),
    /// The device flow alone (RFC 8628).
    Device(Box<OAuth2>),
    /// The operator's own client, with no person (RFC 6749 section 4.4).
    ClientCredentials(Box<OAuth2>),
    /// The user types one secret.
    Token(TokenEntry),
    /// The user types several values.
    Fields(FieldsEntry),
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

/// Several values that the user types: a key pair, a user name with its password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldsEntry {
    /// Where the user finds them, in a sentence.
    pub help: Option<String>,
    /// In the order of the page; one of them at least is secret.
    pub fields: Vec<TypedField>,
    /// Which of them make the value `basic`.
    pub basic: Option<BasicAuth>,
}

/// One of several values that the user types.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypedField {
    /// What variables call it: `api_key`.
    pub name: String,
    /// What to call it on the page: `API key`.
    pub label: String,
    /// Where the user finds it, in a sentence.
    pub help: Option<String>,
    /// The fewest characters it can have.
    pub minimum: usize,
    /// Whether it must not be shown.
    pub secrecy: Secrecy,
}

/// The fields of which `basic` is made: base64 of `username:password` (RFC 7617 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BasicAuth {
    /// The field that holds the user name, which has no `:` in it.
    pub username: String,
    /// The field that holds the password; one that is empty is sent as such where the field's `minimum` is 0.
    pub password: String,
}

impl Flow {
    /// The authorization server, where tokens come from one.
    #[must_use]
    pub fn oauth2(&self) -> Option<&OAuth2> {
        match self {
            Self::OAuth2(oauth2) | Self::Device(oauth2) | Self::ClientCredentials(oauth2) => Some(oauth2),
            Self::Token(_) | Self::Fields(_) => None,
        }
    }

    /// The issuer whose metadata has to be asked for endpoints, since the file does not say all that this flow needs.
    #[must_use]
    pub fn discovers(&self) -> Option<&str> {
        let oauth2 = self.oauth2()?;
        let is_known = match self {
            Self::OAuth2(_) => oauth2.authorize.is_some() && oauth2.token.is_some(),
            Self::Device(_) => oauth2.device.is_some() && oauth2.token.is_some(),
            Self::ClientCredentials(_) => oauth2.token.is_some(),
            Self::Token(_) | Self::Fields(_) => true,
        };
        if is_known { None } else { oauth2.issuer.name() }
    }
}
