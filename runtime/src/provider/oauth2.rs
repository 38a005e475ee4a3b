//! An authorization server, and how it differs from what RFC 6749 says.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

use crate::provider::{HostPattern, ImpliedScopes, Lookup, Pointer, Refresh, Reply, Revoke};

/// An authorization server, and how it differs from what RFC 6749 says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuth2 {
    /// The authorization endpoint; `None` where no flow needs it, or the issuer tells it.
    pub authorize: Option<Url>,
    /// The token endpoint; `None` where the issuer tells it.
    pub token: Option<Url>,
    /// The device authorization endpoint (RFC 8628 section 3.1), where the provider has one or the issuer tells it.
    pub device: Option<Url>,
    /// How a token is revoked, where that is known.
    pub revoke: Option<Revoke>,
    /// Which redirect URIs it takes.
    pub redirect: Redirect,
    /// What is known of the `iss` of its callbacks (RFC 9207).
    pub issuer: Issuer,
    /// How the client proves who it is.
    pub client_auth: ClientAuth,
    /// Whether it takes clients without a secret too, which then send only their id.
    pub public_clients: bool,
    /// Whether it takes PKCE (RFC 7636).
    pub pkce: Pkce,
    /// How requests to the token endpoint are written.
    pub body: BodyForm,
    /// The parameter of the authorization request that holds the scopes.
    pub scope_param: String,
    /// What stands between scopes in a request.
    pub scope_separator: String,
    /// What stands between scopes in a reply, where that is not a space.
    pub reply_scope_separator: String,
    /// Further parameters of the authorization request.
    pub authorize_params: BTreeMap<String, String>,
    /// Further parameters of requests to the token endpoint.
    pub token_params: BTreeMap<String, String>,
    /// Further headers of requests to the token endpoint.
    pub headers: BTreeMap<String, String>,
    /// The scopes to ask for where nobody names one and the provider gives no token without.
    pub recommended_scopes: Vec<String>,
    /// The scopes that are asked for beside all others: without `offline_access` there is no refresh token.
    pub added_scopes: Vec<String>,
    /// Whether a request names scopes; else they are those of the app's own settings, and only the reply tells them.
    pub asks_scopes: bool,
    /// Which scopes come with another one that was granted.
    pub implied_scopes: ImpliedScopes,
    /// Where values stand in a reply: of the only kind of token there is, or of the bot's.
    pub reply: Reply,
    /// The user's own tokens, where the provider has them beside a bot's.
    pub user: Option<UserTokens>,
    /// The member of a reply that is `false` where the request failed, whatever the status: `ok`.
    pub ok_field: Option<String>,
    /// Where the name of an error stands.
    pub error: Pointer,
    /// What RFC 6749 calls the errors that the provider calls otherwise.
    pub errors: BTreeMap<String, String>,
    /// How long an access token lives of which the reply does not say it.
    pub default_ttl: Option<Duration>,
    /// What is known of refresh tokens.
    pub refresh: Refresh,
    /// What is asked for right after a sign-in, where the token's reply does not tell all that a tool needs.
    pub lookup: Option<Lookup>,
    /// The fields of an account in which a host of its own stands, each with what that host has to match. It is fixed at
    /// sign-in, and the account's credential may go there too.
    pub host_fields: BTreeMap<String, HostPattern>,
}

/// The user's own tokens at a provider that has a bot's beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserTokens {
    /// The parameter of the authorization request that holds their scopes.
    pub scope_param: String,
    /// Where values stand in a reply.
    pub reply: Reply,
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

/// What is known of the `iss` parameter of callbacks (RFC 9207).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// It is always sent, and is this.
    Sent(String),
    /// It may be sent, and then is this.
    Known(String),
    /// Nothing.
    Unknown,
}

/// How a client proves who it is at the token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// Basic authentication.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Post,
    /// Only `client_id` in the body: a public client.
    None,
}

/// Whether a provider takes PKCE (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pkce {
    /// With the challenge method `S256`.
    S256,
    /// Not, or not in the way that is used here.
    None,
}

/// How requests to the token endpoint are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// `application/x-www-form-urlencoded`, as RFC 6749 has it.
    Form,
    /// One JSON object.
    Json,
}

impl Issuer {
    /// It, where it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Sent(name) | Self::Known(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

impl OAuth2 {
    /// Whether a client cannot prove who it is, for lack of a secret.
    #[must_use]
    pub fn lacks_secret(&self, has_secret: bool) -> bool {
        match self.client_auth {
            ClientAuth::Basic | ClientAuth::Post => !has_secret && !self.public_clients,
            ClientAuth::None => false,
        }
    }

    /// Every endpoint of its own, as `https://host[:port]/path`, sorted, each once. GitHub's revocation is not among them:
    /// its path has the client's id in it, and it opens to nobody who lacks the client's secret.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        let mut endpoints: Vec<String> = self
            .urls()
            .map(|url| format!("{}{}", url.origin().ascii_serialization(), url.path()))
            .collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        endpoints
    }

    /// What an account belongs to, sorted, each once: the origins of all its endpoints, and what hosts of its own have to match.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let template = match &self.revoke {
            Some(Revoke::GitHub(template)) => Some(template.url()),
            Some(Revoke::Rfc7009 { .. } | Revoke::Bearer(_) | Revoke::DeleteBearer(_)) | None => None,
        };
        let lookup = self.lookup.as_ref().map(|lookup| &lookup.url);
        let mut origins: Vec<String> = self
            .urls()
            .chain(template)
            .chain(lookup)
            .map(|url| url.origin().ascii_serialization())
            .collect();
        let patterns = self.host_fields.iter();
        origins.extend(patterns.map(|(field, pattern)| format!("host {pattern} of {field}")));
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Whether an account has a value of this name beside its tokens.
    pub(super) fn has_field(&self, name: &str) -> bool {
        let in_replies = self.reply.fields.contains_key(name)
            && self
                .user
                .as_ref()
                .is_none_or(|user| user.reply.fields.contains_key(name));
        in_replies
            || self
                .lookup
                .as_ref()
                .is_some_and(|lookup| lookup.fields.contains_key(name))
    }

    fn urls(&self) -> impl Iterator<Item = &Url> {
        [
            self.authorize.as_ref(),
            self.token.as_ref(),
            self.device.as_ref(),
            self.refresh.url.as_ref(),
            self.revoke.as_ref().and_then(Revoke::url),
        ]
        .into_iter()
        .flatten()
    }
}
