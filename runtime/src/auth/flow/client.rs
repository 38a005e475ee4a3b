//! The `oauth2` crate's client and HTTP client of one provider, made anew for each request.

use std::{collections::BTreeMap, fmt, future::Future, pin::Pin};

use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, HttpResponse, RedirectUrl, RequestTokenError, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{
    auth::{
        flow::{
            FlowError, Tokens,
            code::Ask,
            reply::{self, Asked},
        },
        transport::Transport,
    },
    base::{clock::UnixTime, secret::Secret},
    provider::{BodyForm, ClientAuth, OAuth2, Reply},
};

/// The one shape of the crate's client that is used.
pub(super) type ProviderClient = oauth2::Client<
    BasicErrorResponse,
    ProviderTokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What the crate reads of a reply.
pub(super) type ProviderTokens = StandardTokenResponse<Extra, BasicTokenType>;

/// What a reply has beyond RFC 6749, as the normaliser writes it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Extra {
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

impl ExtraTokenFields for Extra {}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extra(..)")
    }
}

/// The crate's client for what is asked, sending its token requests to `token`.
pub(super) fn client(ask: &Ask<'_>, token: &Url) -> ProviderClient {
    // Only the authorization code flow uses it, and looks first whether there is one.
    let authorize = ask.oauth.authorize.as_ref().unwrap_or(token);
    let client = oauth2::Client::new(ClientId::new(ask.client.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(authorize.clone()))
        .set_token_uri(TokenUrl::from_url(token.clone()));
    let client = match ask.redirect {
        Some(redirect) => client.set_redirect_uri(RedirectUrl::from_url(redirect.clone())),
        None => client,
    };
    let secret = ask
        .client
        .client_secret
        .as_ref()
        .map(|secret| ClientSecret::new(secret.expose().to_owned()));
    match (ask.oauth.client_auth, secret) {
        (ClientAuth::Basic, Some(secret)) => client.set_auth_type(AuthType::BasicAuth).set_client_secret(secret),
        (ClientAuth::Post, Some(secret)) => client.set_auth_type(AuthType::RequestBody).set_client_secret(secret),
        (ClientAuth::None, _) | (ClientAuth::Basic | ClientAuth::Post, None) => {
            client.set_auth_type(AuthType::RequestBody)
        }
    }
}

/// The crate's HTTP client: writes a request as the provider wants it, and reads its reply as the provider writes it.
pub(super) struct ProviderHttp<'a> {
    pub(super) transport: &'a Transport,
    pub(super) oauth: &'a OAuth2,
    pub(super) shape: &'a Reply,
    pub(super) asked: Asked,
}

impl<'c> AsyncHttpClient<'c> for ProviderHttp<'_> {
    type Error = FlowError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FlowError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl ProviderHttp<'_> {
    pub(super) async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, FlowError> {
        dress(self.oauth, &mut request);
        let answer = self.transport.send(request).await?;
        reply::normalise(self.oauth, self.shape, self.asked, &answer)
    }
}

/// Puts on the headers of the provider's file, and writes the form as JSON where the file says so.
pub(super) fn dress(oauth: &OAuth2, request: &mut HttpRequest) {
    match oauth.body {
        BodyForm::Form => {}
        BodyForm::Json => {
            let members: Map<String, Value> = form_urlencoded::parse(request.body())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            *request.body_mut() = Value::Object(members).to_string().into_bytes();
            request.headers_mut().insert(
                http::header::CONTENT_TYPE,
                http::HeaderValue::from_static("application/json"),
            );
        }
    }
    put_headers(oauth, request.headers_mut());
}

/// The token endpoint.
pub(super) fn token_endpoint(oauth: &OAuth2) -> Result<&Url, FlowError> {
    oauth.token.as_ref().ok_or_else(|| missing("token"))
}

/// What the provider's file does not say, nor its issuer told.
pub(super) fn missing(endpoint: &str) -> FlowError {
    FlowError::Configuration(format!("its `{endpoint}` endpoint is not known"))
}

/// Puts on the headers of the provider's file.
pub(super) fn put_headers(oauth: &OAuth2, headers: &mut http::HeaderMap) {
    for (name, value) in &oauth.headers {
        // The file's check let only names and values pass that these take.
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse::<http::HeaderValue>()) {
            headers.insert(name, value);
        }
    }
}

/// What the crate read, in our types.
pub(super) fn tokens(read: &ProviderTokens, now: UnixTime) -> Tokens {
    let Extra { identity, fields } = read.extra_fields();
    Tokens {
        access: Secret::new(read.access_token().secret().clone()),
        refresh: read.refresh_token().map(|token| Secret::new(token.secret().clone())),
        expires_at: read.expires_in().map(|lifetime| now.after(lifetime)),
        scopes: read.scopes().map(|scopes| {
            scopes
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .filter(|scope| !scope.is_empty())
                .collect()
        }),
        identity: identity.clone(),
        fields: fields
            .iter()
            .map(|(name, value)| (name.clone(), Secret::new(value.clone())))
            .collect(),
    }
}

/// The crate's error in our words. It is dropped here: its `Debug` prints the body that it could not read.
pub(super) fn failure(error: RequestTokenError<FlowError, BasicErrorResponse>) -> FlowError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(response) => {
            let words = response.error_description().cloned().unwrap_or_default();
            refused(response.error().as_ref(), words)
        }
        RequestTokenError::Parse(_, _) | RequestTokenError::Other(_) => {
            FlowError::Protocol("it is not a reply of RFC 6749".to_owned())
        }
    }
}

/// An error that a provider named, by who can mend it.
pub(super) fn refused(name: &str, words: String) -> FlowError {
    match name {
        "invalid_grant"
        | "invalid_token"
        | "access_denied"
        | "interaction_required"
        | "login_required"
        | "consent_required" => FlowError::InvalidGrant(words),
        "invalid_client"
        | "invalid_request"
        | "invalid_scope"
        | "invalid_target"
        | "unauthorized_client"
        | "unsupported_grant_type"
        | "unsupported_response_type" => FlowError::Configuration(words),
        _other => FlowError::Protocol(format!("an error that is not known here: {words}")),
    }
}
