//! A request of our own to an endpoint of a provider: the `oauth2` crate knows only what RFCs say of most of them.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{Method, header};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{
    auth::Client,
    base::secret::Secret,
    provider::{BodyForm, ClientAuth},
};

/// A form, in which the client proves who it is.
pub(super) fn form(
    url: &Url,
    auth: ClientAuth,
    client: &Client,
    parameters: &[(&str, &str)],
) -> http::Request<Vec<u8>> {
    posted(BodyForm::Form, url, auth, client, parameters)
}

/// A form or a JSON object, in which the client proves who it is (RFC 6749 section 2.3.1).
pub(super) fn posted(
    body: BodyForm,
    url: &Url,
    auth: ClientAuth,
    client: &Client,
    parameters: &[(&str, &str)],
) -> http::Request<Vec<u8>> {
    let mut request = request(Method::POST, url);
    let mut members = parameters.to_vec();
    match (auth, &client.client_secret) {
        (ClientAuth::Basic, Some(secret)) => {
            put(&mut request, header::AUTHORIZATION, &basic(&client.client_id, secret));
        }
        (ClientAuth::Post, Some(secret)) => {
            members.push(("client_id", &client.client_id));
            members.push(("client_secret", secret.expose()));
        }
        (ClientAuth::None, _) | (ClientAuth::Basic | ClientAuth::Post, None) => {
            members.push(("client_id", &client.client_id));
        }
    }
    let (text, content_type) = match body {
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
    *request.body_mut() = text.into_bytes();
    put(&mut request, header::CONTENT_TYPE, content_type);
    request
}

/// One that carries a token.
pub(super) fn bearer(method: Method, url: &Url, token: &Secret) -> http::Request<Vec<u8>> {
    let mut request = request(method, url);
    put(
        &mut request,
        header::AUTHORIZATION,
        &format!("Bearer {}", token.expose()),
    );
    request
}

/// One without a body.
pub(super) fn request(method: Method, url: &Url) -> http::Request<Vec<u8>> {
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
pub(super) fn basic(client_id: &str, secret: &Secret) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose()));
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// A header that may hold a secret.
pub(super) fn put(request: &mut http::Request<Vec<u8>>, name: header::HeaderName, value: &str) {
    if let Ok(mut value) = http::HeaderValue::from_str(value) {
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
}
