//! The client's own tokens (RFC 6749 section 4.4): no person has a part in it.

use crate::{
    auth::{
        flow::{
            FlowError, Tokens,
            client::{self, ProviderHttp},
            code::Ask,
            lookup,
            reply::Asked,
        },
        transport::Transport,
    },
    base::clock::UnixTime,
};

/// Obtains a token. A refresh token that comes along is left: the client can ask again (section 4.4.3).
pub(crate) async fn obtain(transport: &Transport, ask: &Ask<'_>, now: UnixTime) -> Result<Tokens, FlowError> {
    let client = client::client(ask, client::token_endpoint(ask.oauth)?);
    let mut request = client.exchange_client_credentials();
    if let Some(scopes) = ask.scopes_param() {
        request = request.add_extra_param(ask.scope_param(), scopes);
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
        Ok(read) => {
            let tokens = Tokens {
                refresh: None,
                ..client::tokens(&read, now)
            };
            lookup::completed(transport, ask.oauth, tokens).await
        }
        Err(error) => Err(client::failure(error).without(&[ask.client.client_secret.as_ref()])),
    }
}
