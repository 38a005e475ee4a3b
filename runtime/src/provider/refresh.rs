//! What is known of a provider's refresh tokens.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

/// What is known of a provider's refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refresh {
    /// Where to refresh, where that is not the token endpoint.
    pub url: Option<Url>,
    /// Whether a refresh ends the refresh token that was used.
    pub rotation: Rotation,
    /// After how many days without use a refresh token ends.
    pub idle_days: Option<u16>,
    /// After how many days it ends in any case.
    pub absolute_days: Option<u16>,
    /// What is shown to get a new token.
    pub means: Renewal,
    /// How long before its end a token is renewed, where that is sooner than the next call asks for.
    pub early: Option<Duration>,
    /// What RFC 6749 calls errors that mean another thing here than in answer to a code.
    pub errors: BTreeMap<String, String>,
}

/// What is shown to get a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// A refresh token (RFC 6749 section 6).
    RefreshToken,
    /// The token itself, while it still holds: an extension grant (RFC 6749 section 4.5).
    AccessToken {
        /// The grant's name: `fb_exchange_token`.
        grant: String,
        /// The parameter in which the token goes.
        param: String,
        /// Whether the first token is renewed as soon as it is there, since it ends soon.
        at_once: bool,
    },
}

/// Whether a refresh ends the refresh token that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Each refresh gives a new one.
    Rotates,
    /// It stays.
    Stays,
    /// Not known, or it depends on the app's settings: the reply tells.
    Unknown,
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            url: None,
            rotation: Rotation::Unknown,
            idle_days: None,
            absolute_days: None,
            means: Renewal::RefreshToken,
            early: None,
            errors: BTreeMap::new(),
        }
    }
}
