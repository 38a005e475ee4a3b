//! Tells a provider that a token is no longer used.
//!
//! The `oauth2` crate knows only RFC 7009, which most providers do not follow.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{Method, StatusCode, header};
use serde_json::json;
use url::{Url, form_urlencoded};

use crate::{
    auth::{
        Client,
        flow::{
            FlowError, client,
            reply::{self, Refusal},
        },
        transport::{Answer, Transport},
    },
    base::secret::Secret,
    provider::{ClientAuth, OAuth2, Revoke},
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
            let refresh = refresh.map(|token| form(url, *auth, client, token, "refresh_token"));
            let access = form(url, *auth, client, access, "access_token");
            refresh.into_iter().chain([access]).collect()
        }
        Some(Revoke::Bearer(url)) => vec![bearer(Method::POST, url, access)],
        Some(Revoke::DeleteBearer(url)) => vec![bearer(Method::DELETE, url, access)],
        Some(Revoke::GitHub(template)) => {
            let Some(secret) = &client.client_secret else {
                return Ok(false);
            };
            let mut request = request(Method::DELETE, &template.of(&client.client_id));
            put(&mut request, header::AUTHORIZATION, &basic(&client.client_id, secret));
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
        Some(Refusal { name, words }) => match client::refused(&name, words) {
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

fn form(url: &Url, auth: ClientAuth, client: &Client, token: &Secret, hint: &str) -> http::Request<Vec<u8>> {
    let mut request = request(Method::POST, url);
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("token", token.expose())
        .append_pair("token_type_hint", hint);
    match (auth, &client.client_secret) {
        (ClientAuth::Basic, Some(secret)) => {
            put(&mut request, header::AUTHORIZATION, &basic(&client.client_id, secret));
        }
        (ClientAuth::Post, Some(secret)) => {
            body.append_pair("client_id", &client.client_id)
                .append_pair("client_secret", secret.expose());
        }
        (ClientAuth::None, _) | (ClientAuth::Basic | ClientAuth::Post, None) => {
            body.append_pair("client_id", &client.client_id);
        }
    }
    *request.body_mut() = body.finish().into_bytes();
    put(&mut request, header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request
}

fn bearer(method: Method, url: &Url, token: &Secret) -> http::Request<Vec<u8>> {
    let mut request = request(method, url);
    put(
        &mut request,
        header::AUTHORIZATION,
        &format!("Bearer {}", token.expose()),
    );
    request
}

fn request(method: Method, url: &Url) -> http::Request<Vec<u8>> {
    let mut request = http::Request::new(Vec::new());
    *request.method_mut() = method;
    // A URL that was parsed is a URI too; were one not, the request would go nowhere and say so.
    if let Ok(uri) = url.as_str().parse() {
        *request.uri_mut() = uri;
    }
    put(&mut request, header::ACCEPT, "application/json");
    request
}

/// Basic authentication as RFC 6749 section 2.3.1 has it: both parts form-encoded first.
fn basic(client_id: &str, secret: &Secret) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose()));
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

fn put(request: &mut http::Request<Vec<u8>>, name: header::HeaderName, value: &str) {
    if let Ok(mut value) = http::HeaderValue::from_str(value) {
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
}
