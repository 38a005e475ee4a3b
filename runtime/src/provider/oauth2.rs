//! An authorization server, and how it differs from what RFC 6749 says.

use std::{collections::BTreeMap, time::Duration};

use url::Url;

use crate::provider::{ImpliedScopes, Pointer, Reply};

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

/// How a token is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoke {
    /// A form with `token` (RFC 7009); the client proves itself as told.
    Rfc7009 {
        /// Where.
        url: Url,
        /// How the client proves who it is.
        auth: ClientAuth,
    },
    /// A `POST` without a body that carries the access token as `Bearer`.
    Bearer(Url),
    /// A `DELETE` that carries the access token as `Bearer`.
    DeleteBearer(Url),
    /// GitHub's: a `DELETE` with the client's Basic authentication and the token as JSON. `{client_id}` stands in the path.
    GitHub(Template),
}

/// An endpoint in whose path `{client_id}` stands for the client's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub(super) Url);

impl Template {
    /// The endpoint of this client.
    pub(crate) fn of(&self, client_id: &str) -> Url {
        let mut url = self.0.clone();
        let segments: Vec<String> = self
            .0
            .path_segments()
            .into_iter()
            .flatten()
            .map(|segment| match segment {
                "%7Bclient_id%7D" => client_id.to_owned(),
                other => other.to_owned(),
            })
            .collect();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        url
    }
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            url: None,
            rotation: Rotation::Unknown,
            idle_days: None,
            absolute_days: None,
        }
    }
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

impl Revoke {
    fn url(&self) -> Option<&Url> {
        match self {
            Self::Rfc7009 { url, auth: _ } | Self::Bearer(url) | Self::DeleteBearer(url) => Some(url),
            Self::GitHub(_) => None,
        }
    }
}

impl OAuth2 {
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

    /// The origins of all its endpoints, sorted, each once: what an account belongs to.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let template = match &self.revoke {
            Some(Revoke::GitHub(template)) => Some(&template.0),
            Some(Revoke::Rfc7009 { .. } | Revoke::Bearer(_) | Revoke::DeleteBearer(_)) | None => None,
        };
        let mut origins: Vec<String> = self
            .urls()
            .chain(template)
            .map(|url| url.origin().ascii_serialization())
            .collect();
        origins.sort_unstable();
        origins.dedup();
        origins
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
