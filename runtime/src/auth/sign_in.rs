//! What a user must do to be signed in.

use crate::base::{clock::UnixTime, name::Profile};

/// What a user must do to be signed in: open a URL before it expires.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SignIn {
    /// The page to open.
    pub url: String,
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// Every scope that will be asked for.
    pub scopes: Vec<String>,
    /// Whose account it will be.
    #[serde(serialize_with = "profile_as_text")]
    pub profile: Profile,
    /// The SHA-256 fingerprint of our own certificate, where the browser will be shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When the URL ends.
    pub expires_at: UnixTime,
}

fn profile_as_text<S: serde::Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(profile.as_str())
}
