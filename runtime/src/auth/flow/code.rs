//! The authorization code flow (RFC 6749 section 4.1) with PKCE S256 (RFC 7636), through the `oauth2` crate.

use oauth2::{AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RefreshToken};

pub(crate) use crate::auth::flow::revoke::revoke;
use crate::{
    auth::{
        Client,
        flow::{
            FlowError, Tokens,
            client::{self, ProviderHttp},
            lookup, renewal,
            reply::Asked,
        },
        transport::Transport,
    },
    base::{clock::UnixTime, secret::Secret},
    package::TokenKind,
    provider::{OAuth2, Pkce, Renewal, Reply},
};

/// What is asked of the provider.
pub(crate) struct Ask<'a> {
    pub(crate) oauth: &'a OAuth2,
    pub(crate) client: &'a Client,
    /// Where the browser is sent back to; the authorization code flow alone has one.
    pub(crate) redirect: Option<&'a url::Url>,
    pub(crate) scopes: &'a [String],
    /// Where the provider has one kind of token, it is that one whatever is asked.
    pub(crate) kind: TokenKind,
}

/// The URL to send the user's browser to, and what completes it.
pub(crate) struct Begun {
    pub(crate) url: url::Url,
    /// The PKCE verifier, where the provider takes one.
    pub(crate) verifier: Option<Secret>,
}

impl Ask<'_> {
    pub(super) fn shape(&self) -> &Reply {
        match (self.kind, &self.oauth.user) {
            (TokenKind::User, Some(user)) => &user.reply,
            (TokenKind::User, None) | (TokenKind::Bot, _) => &self.oauth.reply,
        }
    }

    /// The scopes as a request has them; none where it has none.
    pub(super) fn scopes_param(&self) -> Option<String> {
        if self.scopes.is_empty() || !self.oauth.asks_scopes {
            return None;
        }
        let added = self.oauth.added_scopes.iter();
        let added = added.filter(|scope| !self.scopes.contains(scope));
        let all: Vec<&str> = self.scopes.iter().chain(added).map(String::as_str).collect();
        Some(all.join(&self.oauth.scope_separator))
    }

    fn asks_openid(&self) -> bool {
        let mut asked = self.scopes.iter().chain(&self.oauth.added_scopes);
        asked.any(|scope| scope == "openid")
    }

    pub(super) fn scope_param(&self) -> &str {
        match (self.kind, &self.oauth.user) {
            (TokenKind::User, Some(user)) => &user.scope_param,
            (TokenKind::User, None) | (TokenKind::Bot, _) => &self.oauth.scope_param,
        }
    }
}

/// Makes the authorization request; `state` is the caller's.
pub(crate) fn begin(ask: &Ask<'_>, state: &Secret) -> Result<Begun, FlowError> {
    if ask.oauth.authorize.is_none() {
        return Err(client::missing("authorize"));
    }
    let client = client::client(ask, client::token_endpoint(ask.oauth)?);
    let mut request = client.authorize_url(|| CsrfToken::new(state.expose().to_owned()));
    let verifier = match ask.oauth.pkce {
        Pkce::S256 => {
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            Some(Secret::new(verifier.into_secret()))
        }
        Pkce::None => None,
    };
    // The crate knows neither another name nor another separator than RFC 6749's, so the scopes are a parameter of ours.
    if let Some(scopes) = ask.scopes_param() {
        request = request.add_extra_param(ask.scope_param(), scopes);
        if ask.asks_openid() {
            // OpenID Connect leaves it out here as it likes, and some of its servers refuse a request without one all the same.
            // Nobody compares it: the ID token that it belongs to is not read.
            request = request.add_extra_param("nonce", CsrfToken::new_random().into_secret());
        }
    }
    for (name, value) in &ask.oauth.authorize_params {
        request = request.add_extra_param(name, value);
    }
    let (url, _state) = request.url();
    Ok(Begun { url, verifier })
}

/// Exchanges a code for tokens.
pub(crate) async fn exchange(
    transport: &Transport,
    ask: &Ask<'_>,
    code: &Secret,
    verifier: Option<&Secret>,
    now: UnixTime,
) -> Result<Tokens, FlowError> {
    let client = client::client(ask, client::token_endpoint(ask.oauth)?);
    let mut request = client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
    if let Some(verifier) = verifier {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()));
    }
    for (name, value) in &ask.oauth.token_params {
        request = request.add_extra_param(name, value);
    }
    let http = ProviderHttp {
        transport,
        oauth: ask.oauth,
        shape: ask.shape(),
        asked: Asked::Exchange,
    };
    match request.request_async(&http).await {
        Ok(read) => finished(transport, ask, client::tokens(&read, now), now).await,
        Err(error) => {
            let sent = [Some(code), verifier, ask.client.client_secret.as_ref()];
            Err(client::failure(error).without(&sent))
        }
    }
}

/// What a sign-in gained, with all that an account has beside it.
pub(super) async fn finished(
    transport: &Transport,
    ask: &Ask<'_>,
    tokens: Tokens,
    now: UnixTime,
) -> Result<Tokens, FlowError> {
    let tokens = renewal::prepared(transport, ask, tokens, now).await;
    lookup::completed(transport, ask.oauth, tokens).await
}

/// Renews with a refresh token, never asking for more than `ask.scopes`. One request: the caller decides about a second.
///
/// No scope is sent: what was granted is then renewed as it is (RFC 6749 section 6), and the servers that have scopes of
/// another form in a request than in a reply would refuse theirs.
pub(crate) async fn refresh(
    transport: &Transport,
    ask: &Ask<'_>,
    refresh_token: &Secret,
    now: UnixTime,
) -> Result<Tokens, FlowError> {
    if let Renewal::AccessToken { grant, param, .. } = &ask.oauth.refresh.means {
        let renewed = renewal::by_itself(transport, ask, (grant, param), refresh_token, now).await?;
        return Ok(lookup::renewed(ask.oauth, renewed));
    }
    let endpoint = match &ask.oauth.refresh.url {
        Some(url) => url,
        None => client::token_endpoint(ask.oauth)?,
    };
    let client = client::client(ask, endpoint);
    let token = RefreshToken::new(refresh_token.expose().to_owned());
    let mut request = client.exchange_refresh_token(&token);
    for (name, value) in &ask.oauth.token_params {
        request = request.add_extra_param(name, value);
    }
    let http = ProviderHttp {
        transport,
        oauth: ask.oauth,
        shape: ask.shape(),
        asked: Asked::Refresh,
    };
    match request.request_async(&http).await {
        Ok(read) => Ok(lookup::renewed(ask.oauth, client::tokens(&read, now))),
        Err(error) => {
            let sent = [Some(refresh_token), ask.client.client_secret.as_ref()];
            Err(client::failure(error).without(&sent))
        }
    }
}
