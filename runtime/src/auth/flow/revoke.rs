//! Tells a provider that a token is no longer used.
//!
//! The `oauth2` crate knows only RFC 7009, which most providers do not follow.

use http::{Method, StatusCode, header};
use serde_json::json;

use crate::{
    auth::{
        Client,
        flow::{
            FlowError, client,
            reply::{self, Refusal},
            request::{basic, bearer, posted, put, request},
        },
        transport::{Answer, Transport},
    },
    base::secret::Secret,
    provider::{OAuth2, Revoke},
};

/// Revokes at the provider, the way its file says; `Ok(false)` when it has no way. That a token is dead already is well.
pub(crate) async fn revoke(
    transport: &Transport,
    oauth: &OAuth2,
    client: &Client,
    access: &Secret,
    refresh: Option<&Secret>,
) -> Result<bool, FlowError> {
    let secrets = [Some(access), refresh, client.client_secret.as_ref()];
    sent(transport, oauth, client, access, refresh)
        .await
        .map_err(|error| error.without(&secrets))
}

async fn sent(
    transport: &Transport,
    oauth: &OAuth2,
    client: &Client,
    access: &Secret,
    refresh: Option<&Secret>,
) -> Result<bool, FlowError> {
    let requests = match &oauth.revoke {
        None => return Ok(false),
        Some(Revoke::Rfc7009 { url, auth }) => {
            // The refresh token first: with it a server ends the access token too (RFC 7009 section 2.1).
            let of = |token: &Secret, hint| {
                let parameters = [("token", token.expose()), ("token_type_hint", hint)];
                posted(oauth.body, url, *auth, client, &parameters)
            };
            let refresh = refresh.map(|token| of(token, "refresh_token"));
            let access = of(access, "access_token");
            refresh.into_iter().chain([access]).collect()
        }
        Some(Revoke::Bearer(url)) => vec![bearer(Method::POST, url, access)],
        Some(Revoke::DeleteBearer(url)) => vec![bearer(Method::DELETE, url, access)],
        Some(Revoke::GitHub(template)) => {
            let Some(secret) = &client.client_secret else {
                return Ok(false);
            };
            let mut request = request(Method::DELETE, &template.of(&client.client_id));
            let proof = basic(&client.client_id, secret);
            put(&mut request, header::AUTHORIZATION, &proof);
            put(&mut request, header::CONTENT_TYPE, "application/json");
            *request.body_mut() = json!({ "access_token": access.expose() }).to_string().into_bytes();
            vec![request]
        }
    };
    for mut request in requests {
        client::put_headers(oauth, request.headers_mut());
        judge(oauth, &transport.send(request).await?)?;
    }
    Ok(true)
}

/// Whether the token is dead now.
fn judge(oauth: &OAuth2, answer: &Answer) -> Result<(), FlowError> {
    reply::refuse_unusable(answer)?;
    let refusal = reply::object(answer).ok().and_then(|mut reply| {
        let refusal = reply::refusal(oauth, &reply);
        reply::wipe(&mut reply);
        refusal
    });
    match refusal {
        Some(Refusal { name, words, .. }) => match client::refused(&name, words) {
            FlowError::InvalidGrant(_) => Ok(()),
            error @ (FlowError::Denied(_)
            | FlowError::Configuration(_)
            | FlowError::Unreachable { .. }
            | FlowError::Protocol(_)) => Err(error),
        },
        None if answer.status.is_success() => Ok(()),
        None => match (answer.status, &oauth.revoke) {
            // The token itself was the proof of who asks, so a refusal means that it is not good any more.
            (StatusCode::UNAUTHORIZED, Some(Revoke::Bearer(_) | Revoke::DeleteBearer(_)))
            // GitHub's words for a token that it does not know.
            | (StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY, Some(Revoke::GitHub(_))) => Ok(()),
            (StatusCode::UNAUTHORIZED, _) => Err(FlowError::Configuration("HTTP 401".to_owned())),
            (status, _) => Err(FlowError::Protocol(format!("HTTP {}", status.as_u16()))),
        },
    }
}
