//! What the operator sets for signing in.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::{
    auth::resolve,
    base::secret::Secret,
    package::TokenKind,
    provider::{Flow, Provider},
};

/// What the operator sets for signing in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The operator's clients, by provider name in lower case: `[auth.<provider>]`.
    pub clients: BTreeMap<String, Client>,
    /// The port on which sign-ins come back: `[callback] port`, 8976. Providers compare the whole URI, so it is fixed.
    pub callback_port: u16,
    /// The certificate and key with which https is served on that port, in PEM: `[callback] certificate_file`. Where there is none, one
    /// that Pocket makes itself.
    pub certificate_file: Option<PathBuf>,
    /// How long a sign-in's URL holds: 10 min.
    pub sign_in_ttl: Duration,
    /// How many renewals a provider gets: `[renewals]`.
    pub renewals: Renewals,
}

/// How many renewals of tokens one process asks of one provider. More take their turn, while a token that still holds is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewals {
    /// At the same time: 16; at least 1.
    pub at_once: u16,
    /// In a second, once more came than go at once: 20; at least 1.
    pub per_second: u16,
}

impl Default for Renewals {
    fn default() -> Self {
        Self {
            at_once: 16,
            per_second: 20,
        }
    }
}

/// An app that the operator registered with a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// Its public id.
    pub client_id: String,
    /// Its secret, where the provider gave one.
    pub client_secret: Option<Secret>,
    /// Whose token to ask for, where the operator wants another than the tools' manifests say.
    pub token: Option<TokenKind>,
    /// Whether the scopes that the provider's file recommends are asked for each time, or never; where that is not set, where
    /// nobody names a scope.
    pub recommended_scopes: Option<bool>,
}

impl Settings {
    /// The redirect URI to register with a provider, where its users are sent back by one.
    #[must_use]
    pub fn redirect_uri(&self, provider: &Provider) -> Option<String> {
        let redirect = provider.handlers.iter().find_map(|handler| match &handler.flow {
            Flow::OAuth2(oauth2) => Some(oauth2.redirect),
            Flow::Device(_) | Flow::ClientCredentials(_) | Flow::Token(_) | Flow::Fields(_) => None,
        })?;
        Some(resolve::registered_uri(redirect, self.callback_port, &provider.name))
    }
}

impl Client {
    /// A client of this id and secret.
    pub fn new(client_id: impl Into<String>, client_secret: Option<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            token: None,
            recommended_scopes: None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clients: BTreeMap::new(),
            callback_port: 8976,
            certificate_file: None,
            sign_in_ttl: Duration::from_secs(600),
            renewals: Renewals::default(),
        }
    }
}
