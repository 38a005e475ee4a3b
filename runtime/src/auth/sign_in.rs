//! What a user must do to be signed in.

use crate::{
    auth::pending::{FlowId, Pending, Step},
    base::{clock::UnixTime, name::Profile, secret::Secret},
    package::{AccountOwner, TokenKind},
};

/// What a user must do to be signed in: open a URL before it expires, and enter a code there where there is one.
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
    /// Which tools share the account.
    #[serde(skip_serializing_if = "AccountOwner::is_shared")]
    pub owner: AccountOwner,
    /// When the URL ends.
    pub expires_at: UnixTime,
    /// SHA-256 of the page's certificate, `AB:CD:...`, where it has one: it is self-signed, so a browser asks about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The code that the user enters on the page, where the sign-in is done with one (RFC 8628).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_code: Option<String>,
    /// The page with that code in it already: the user compares the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete_url: Option<String>,
    /// What the page asks for before a typed secret replaces one that is good: show it to the user where no one else reads along.
    /// A model is not shown it.
    #[serde(skip)]
    pub replace_code: Option<Secret>,
    /// Why it is needed, where a call needed it: nobody signed in yet, it expired, or which scope is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip)]
    id: FlowId,
}

impl SignIn {
    pub(super) fn of(pending: &Pending, fingerprint: Option<String>) -> Self {
        let account = pending.account();
        let (device, replace_code) = match &pending.step {
            Step::Authorize(_) | Step::Agree(_) => (None, None),
            Step::Type(typing) => (None, typing.shown_code()),
            Step::Device(device) => (Some(device), None),
        };
        Self {
            url: device.map_or_else(|| pending.url(), |device| device.page.clone()),
            provider: account.provider,
            handler: account.handler,
            token: account.kind,
            scopes: pending.scopes.clone(),
            profile: account.profile,
            owner: account.owner,
            expires_at: pending.expires_at,
            fingerprint,
            user_code: device.map(|device| device.user_code.clone()),
            complete_url: device.and_then(|device| device.complete_page.clone()),
            replace_code,
            reason: None,
            id: pending.id,
        }
    }

    /// What the user must do, in a line.
    pub(crate) fn in_words(&self) -> String {
        let Self { url, provider, .. } = self;
        let reason = self.reason.as_ref().map(|reason| format!(" ({reason})"));
        let code = self.user_code.as_ref().map(|code| format!(", and enter {code} there"));
        format!(
            "sign in to {provider} first{}: {url}{}",
            reason.unwrap_or_default(),
            code.unwrap_or_default()
        )
    }

    pub(super) const fn id(&self) -> FlowId {
        self.id
    }
}

fn profile_as_text<S: serde::Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(profile.as_str())
}
