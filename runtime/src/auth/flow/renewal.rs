//! Renews a token that has no refresh token by showing the token itself: an extension grant (RFC 6749 section 4.5).

use http::StatusCode;
use zeroize::Zeroizing;

use crate::{
    auth::{
        flow::{
            FlowError, Tokens,
            client::{self, ProviderHttp, ProviderTokens},
            code::Ask,
            reply::Asked,
            request,
        },
        transport::Transport,
    },
    base::{clock::UnixTime, secret::Secret},
    provider::Renewal,
};

/// What was gained, renewed at once where the provider's first token ends soon, and with what it is renewed by later.
pub(super) async fn prepared(transport: &Transport, ask: &Ask<'_>, tokens: Tokens, now: UnixTime) -> Tokens {
    let Renewal::AccessToken { grant, param, at_once } = &ask.oauth.refresh.means else {
        return tokens;
    };
    let first = renewable(tokens);
    if !at_once {
        return first;
    }
    match by_itself(transport, ask, (grant, param), &first.access, now).await {
        Ok(longer) => Tokens {
            scopes: longer.scopes.or(first.scopes),
            identity: longer.identity.or(first.identity),
            fields: first.fields.into_iter().chain(longer.fields).collect(),
            ..longer
        },
        // The first one is good for its hour, and tried again before that is over.
        Err(error) => {
            tracing::warn!(%error, "a new token was not exchanged for one that lives longer");
            first
        }
    }
}

/// Renews a token by itself.
pub(super) async fn by_itself(
    transport: &Transport,
    ask: &Ask<'_>,
    (grant, param): (&str, &str),
    token: &Secret,
    now: UnixTime,
) -> Result<Tokens, FlowError> {
    let url = match &ask.oauth.refresh.url {
        Some(url) => url,
        None => client::token_endpoint(ask.oauth)?,
    };
    let mut parameters = vec![("grant_type", grant), (param, token.expose())];
    let more = ask.oauth.token_params.iter();
    parameters.extend(more.map(|(name, value)| (name.as_str(), value.as_str())));
    let request = request::form(url, ask.oauth.client_auth, ask.client, &parameters);
    let http = ProviderHttp {
        transport,
        oauth: ask.oauth,
        shape: ask.shape(),
        asked: Asked::Refresh,
    };
    let sent = [Some(token), ask.client.client_secret.as_ref()];
    match http.send(request).await.and_then(|response| read(response)) {
        Ok(read) => Ok(renewable(client::tokens(&read, now))),
        Err(error) => Err(error.without(&sent)),
    }
}

/// With the token in the place of a refresh token, which it is.
fn renewable(tokens: Tokens) -> Tokens {
    Tokens {
        refresh: Some(tokens.access.clone()),
        ..tokens
    }
}

/// A reply that was normalised: tokens or an error.
fn read(response: http::Response<Vec<u8>>) -> Result<ProviderTokens, FlowError> {
    #[derive(serde::Deserialize)]
    struct Refused {
        error: String,
        error_description: Option<String>,
    }
    let status = response.status();
    let body = Zeroizing::new(response.into_body());
    let unreadable = |_error: serde_json::Error| FlowError::Protocol("it is not a reply of RFC 6749".to_owned());
    if status == StatusCode::OK {
        return serde_json::from_slice(&body).map_err(unreadable);
    }
    let Refused {
        error,
        error_description,
    } = serde_json::from_slice(&body).map_err(unreadable)?;
    Err(client::refused(&error, error_description.unwrap_or_default()))
}
