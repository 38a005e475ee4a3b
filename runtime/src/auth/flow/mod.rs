//! How a credential is obtained: begin and complete, with no socket of their own.

pub(crate) mod callback;
mod client;
pub(crate) mod client_credentials;
pub(crate) mod code;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod fields;
#[cfg(test)]
mod golden;
mod lookup;
mod renewal;
mod reply;
mod request;
mod revoke;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;
pub(crate) mod typed;

use std::{collections::BTreeMap, time::Duration};

use crate::base::{clock::UnixTime, redactor, secret::Secret};

/// What a provider gave.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    /// `None`: the reply had none, so one that is held stays good.
    pub(crate) refresh: Option<Secret>,
    pub(crate) expires_at: Option<UnixTime>,
    /// `None`: as asked for (RFC 6749 section 5.1).
    pub(crate) scopes: Option<Vec<String>>,
    /// Who it is with the provider, where the reply said.
    pub(crate) identity: Option<String>,
    /// Other values that the provider file reads from the reply.
    pub(crate) fields: BTreeMap<String, Secret>,
}

/// Why a provider gave no tokens. Never holds a body or a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FlowError {
    /// The user, or the provider in the user's name, said no.
    #[error("the sign-in was denied: {0}")]
    Denied(String),
    /// The code or refresh token is not good (any more): a person has to sign in.
    #[error("the provider refused: {0}")]
    InvalidGrant(String),
    /// The client or its settings are wrong: no person's sign-in would help.
    #[error("the provider refused this client: {0}")]
    Configuration(String),
    /// The provider or the network failed for now; the request may have reached the provider.
    #[error("the provider could not be reached: {reason}")]
    Unreachable {
        reason: String,
        retry_after: Option<Duration>,
    },
    /// The reply is not one of a token endpoint.
    #[error("the provider's answer could not be read: {0}")]
    Protocol(String),
}

impl FlowError {
    /// The same without words in which the provider gave back one of these: some servers quote what they refuse.
    fn without(self, secrets: &[Option<&Secret>]) -> Self {
        let quotes = |text: &str| {
            let mut secrets = secrets.iter().flatten();
            secrets.any(|secret| redactor::quotes(text, secret.expose()))
        };
        let clean = |text: String| {
            if quotes(&text) {
                "its words are left out, since they quote a secret".to_owned()
            } else {
                text
            }
        };
        match self {
            Self::Denied(text) => Self::Denied(clean(text)),
            Self::InvalidGrant(text) => Self::InvalidGrant(clean(text)),
            Self::Configuration(text) => Self::Configuration(clean(text)),
            Self::Unreachable { reason, retry_after } => Self::Unreachable {
                reason: clean(reason),
                retry_after,
            },
            Self::Protocol(text) => Self::Protocol(clean(text)),
        }
    }
}
