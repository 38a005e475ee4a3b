//! Who issues tokens, as data: endpoints, handlers, scopes, hosts.

mod file;

use std::collections::BTreeMap;

pub use file::ProviderError;

/// Every provider that is known: the embedded files, and what the operator adds or redefines.
#[derive(Debug, Clone)]
pub struct Providers {
    by_name: BTreeMap<String, Provider>,
}

/// Who issues tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provider {
    /// Its name in manifests and settings, in lower case: `slack`.
    pub name: String,
    /// How people write it: `Slack`.
    pub title: String,
    /// The hosts that its credential may go to: exact names, https, port 443 unless one is written (`host:port`).
    pub hosts: Vec<String>,
    /// The handlers, the default one first.
    pub handlers: Vec<Handler>,
    /// The one place of a request in which its token goes, where that is known.
    pub placement: Option<Placement>,
}

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
    /// The field of the account it is filled from: `access_token`, or one that the user typed.
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

/// Where in a request the token goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// A header, after a prefix such as `Bearer `.
    Header {
        /// Its name, in lower case.
        name: String,
        /// What stands before the token.
        prefix: String,
    },
    /// The password of Basic authentication.
    BasicPassword,
    /// A query parameter.
    Query(String),
    /// A top-level field of a form or JSON body.
    Field(String),
}
// `Flow` and what belongs to it: see ARCHITECTURE; owned by the provider stage.

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
}

/// An authorization server, and how it differs from what RFC 6749 says. (The provider stage adds fields as its file format needs.)
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuth2 {
    /// The authorization endpoint.
    pub authorize: url::Url,
    /// The token endpoint.
    pub token: url::Url,
    /// Which redirect URIs it takes.
    pub redirect: Redirect,
}

/// Which redirect URIs a provider takes on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirect {
    /// `http://127.0.0.1:<port>/auth/<provider>/callback`, compared exactly: the fixed port.
    Loopback,
    /// The same with any port (RFC 8252 section 7.3).
    LoopbackAnyPort,
    /// `http://localhost:<port>/...`, compared exactly.
    Localhost,
    /// `https://localhost:<port>/...`, compared exactly: the self-signed certificate.
    HttpsLocalhost,
}

impl Providers {
    /// The embedded files.
    ///
    /// # Errors
    /// When one of them is not as it should be; a test holds that none is.
    pub fn builtin() -> Result<Self, ProviderError> {
        todo!()
    }

    /// These, with one provider added or changed by the operator's `[providers.<name>]`: what the table leaves out stays.
    ///
    /// # Errors
    /// When the outcome is not as a provider file has to be.
    pub fn with(self, name: &str, table: &toml::Table) -> Result<Self, ProviderError> {
        let _ = (name, table);
        todo!()
    }

    /// Every provider, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.by_name.values()
    }

    /// The provider of that name, in any case.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`], with the nearest name there is.
    pub fn find(&self, name: &str) -> Result<&Provider, ProviderError> {
        let _ = (name, &self.by_name);
        todo!()
    }
}

impl Provider {
    /// The handler of that name, or the default one.
    ///
    /// # Errors
    /// [`ProviderError::UnknownHandler`], with the nearest name there is.
    pub fn handler(&self, name: Option<&str>) -> Result<&Handler, ProviderError> {
        let _ = name;
        todo!()
    }
}
