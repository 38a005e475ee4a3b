//! What a user must do to be signed in.

use crate::{
    auth::pending::{FlowId, Pending},
    base::{clock::UnixTime, name::Profile},
    package::TokenKind,
};

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
    /// Whose token it will give.
    pub token: TokenKind,
    /// Every scope that will be asked for.
    pub scopes: Vec<String>,
    /// Whose account it will be.
    #[serde(serialize_with = "profile_as_text")]
    pub profile: Profile,
    /// When the URL ends.
    pub expires_at: UnixTime,
    /// SHA-256 of the page's certificate, `AB:CD:...`, where it has one: it is self-signed, so a browser asks about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Why it is needed, where a call needed it: nobody signed in yet, it expired, or which scope is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl SignIn {
    pub(super) fn of(pending: &Pending, fingerprint: Option<String>) -> Self {
        let account = pending.account();
        Self {
            url: pending.url(),
            provider: account.provider,
            handler: account.handler,
            token: account.kind,
            scopes: pending.scopes.clone(),
            profile: account.profile,
            expires_at: pending.expires_at,
            fingerprint,
            reason: None,
        }
    }

    /// What the user must do, in a line.
    pub(crate) fn in_words(&self) -> String {
        let Self { url, provider, .. } = self;
        match &self.reason {
            Some(reason) => format!("sign in to {provider} first ({reason}): {url}"),
            None => format!("sign in to {provider} first: {url}"),
        }
    }

    pub(super) fn id(&self) -> Option<FlowId> {
        FlowId::of_url(&self.url)
    }
}

fn profile_as_text<S: serde::Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(profile.as_str())
}
