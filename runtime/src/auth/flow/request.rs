//! Requests that the `oauth2` crate does not know.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{
    auth::Client,
    base::secret::Secret,
    provider::{BodyForm, ClientAuth},
};

/// One without a body, that asks for JSON.
pub(super) fn new(method: Method, url: &Url) -> http::Request<Vec<u8>> {
    let mut request = http::Request::new(Vec::new());
    *request.method_mut() = method;
    // A URL that was parsed is a URI too; were one not, the request would go nowhere and say so.
    if let Ok(uri) = url.as_str().parse() {
        *request.uri_mut() = uri;
    }
    put(&mut request, header::ACCEPT, "application/json");
    request
}

/// Adds the proof of who the client is: a header, or members of the body (RFC 6749 section 2.3.1).
pub(super) fn prove<'a>(
    auth: ClientAuth,
    client: &'a Client,
    headers: &mut HeaderMap,
    members: &mut Vec<(&'a str, &'a str)>,
) {
    match (auth, &client.client_secret) {
        (ClientAuth::Basic, Some(secret)) => set(headers, header::AUTHORIZATION, &basic(&client.client_id, secret)),
        (ClientAuth::Post, Some(secret)) => {
            members.push(("client_id", &client.client_id));
            members.push(("client_secret", secret.expose()));
        }
        (ClientAuth::None, _) | (ClientAuth::Basic | ClientAuth::Post, None) => {
            members.push(("client_id", &client.client_id));
        }
    }
}

/// Writes the body.
pub(super) fn fill(body: BodyForm, request: &mut http::Request<Vec<u8>>, members: &[(&str, &str)]) {
    let (bytes, content_type) = match body {
        BodyForm::Form => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(members);
            (form.finish(), "application/x-www-form-urlencoded")
        }
        BodyForm::Json => {
            let members = members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            (
                Value::Object(members.collect::<Map<_, _>>()).to_string(),
                "application/json",
            )
        }
    };
    *request.body_mut() = bytes.into_bytes();
    put(request, header::CONTENT_TYPE, content_type);
}

/// Basic authentication as RFC 6749 section 2.3.1 has it: both parts form-encoded first.
pub(super) fn basic(client_id: &str, secret: &Secret) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose()));
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// Sets a header that no log shows.
pub(super) fn put(request: &mut http::Request<Vec<u8>>, name: header::HeaderName, value: &str) {
    set(request.headers_mut(), name, value);
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(mut value) = http::HeaderValue::from_str(value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}
