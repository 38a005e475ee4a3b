//! The authorization code flow (RFC 6749 section 4.1) with PKCE S256 (RFC 7636), through the `oauth2` crate.

use crate::{
    auth::{
        Client,
        flow::{FlowError, Tokens},
        transport::Transport,
    },
    base::{clock::UnixTime, secret::Secret},
    package::TokenKind,
    provider::OAuth2,
};

/// What is asked of the provider.
pub(crate) struct Ask<'a> {
    pub(crate) oauth: &'a OAuth2,
    pub(crate) client: &'a Client,
    pub(crate) redirect: &'a url::Url,
    pub(crate) scopes: &'a [String],
    pub(crate) kind: TokenKind,
}

/// The URL to send the user's browser to, and what completes it.
pub(crate) struct Begun {
    pub(crate) url: url::Url,
    /// The PKCE verifier, where the provider takes one.
    pub(crate) verifier: Option<Secret>,
}

/// Makes the authorization request; `state` is the caller's.
pub(crate) fn begin(ask: &Ask<'_>, state: &Secret) -> Begun {
    let _ = (ask, state);
    todo!()
}

/// Exchanges a code for tokens.
pub(crate) async fn exchange(
    transport: &Transport,
    ask: &Ask<'_>,
    code: &Secret,
    verifier: Option<&Secret>,
    now: UnixTime,
) -> Result<Tokens, FlowError> {
    let _ = (transport, ask, code, verifier, now);
    todo!()
}

/// Renews with a refresh token, never asking for more than `ask.scopes`. One request: the caller decides about a second.
pub(crate) async fn refresh(
    transport: &Transport,
    ask: &Ask<'_>,
    refresh_token: &Secret,
    now: UnixTime,
) -> Result<Tokens, FlowError> {
    let _ = (transport, ask, refresh_token, now);
    todo!()
}

/// Revokes at the provider, the way its file says; `Ok(false)` when it has no way.
pub(crate) async fn revoke(
    transport: &Transport,
    oauth: &OAuth2,
    client: &Client,
    access: &Secret,
    refresh: Option<&Secret>,
) -> Result<bool, FlowError> {
    let _ = (transport, oauth, client, access, refresh);
    todo!()
}
