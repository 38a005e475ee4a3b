//! What an account needs beside its tokens: looked up right after a sign-in, its hosts checked and then fixed.

use http::{Method, header};
use serde_json::Value;

use crate::{
    auth::{
        flow::{
            FlowError, Tokens, client,
            reply::{self, Refusal},
            request,
        },
        transport::{Answer, Transport},
    },
    base::{redactor, secret::Secret},
    provider::{Lookup, OAuth2},
};

/// What was gained at a sign-in, with what is looked up, once each of the account's own hosts was found to be the provider's.
pub(super) async fn completed(transport: &Transport, oauth: &OAuth2, mut tokens: Tokens) -> Result<Tokens, FlowError> {
    if let Some(lookup) = &oauth.lookup {
        let sent = [Some(&tokens.access.clone())];
        look_up(transport, oauth, lookup, &mut tokens)
            .await
            .map_err(|error| error.without(&sent))?;
    }
    for (field, pattern) in &oauth.host_fields {
        if let Some(value) = tokens.fields.get(field)
            && pattern.host_in(value.expose()).is_none()
        {
            return Err(FlowError::Protocol(format!(
                "the host in its `{field}` is not one of `{pattern}`"
            )));
        }
    }
    Ok(tokens)
}

/// A renewal without what was fixed at sign-in, which then stays.
pub(super) fn renewed(oauth: &OAuth2, mut tokens: Tokens) -> Tokens {
    tokens
        .fields
        .retain(|field, _value| !oauth.host_fields.contains_key(field));
    tokens
}

async fn look_up(transport: &Transport, oauth: &OAuth2, lookup: &Lookup, tokens: &mut Tokens) -> Result<(), FlowError> {
    let mut request = request::request(Method::GET, &lookup.url);
    let proof = format!("{}{}", lookup.prefix, tokens.access.expose());
    request::put(&mut request, header::AUTHORIZATION, &proof);
    client::put_headers(oauth, request.headers_mut());
    let answer = transport.send(request).await?;
    let found = found(oauth, &answer)?;
    for (field, at) in &lookup.fields {
        let value = at.find(&found).and_then(reply::text);
        let value = value.ok_or_else(|| FlowError::Protocol(format!("its look-up has nothing at `{at}`")))?;
        tokens.fields.insert(field.clone(), Secret::new(value));
    }
    if tokens.identity.is_none() {
        let given = [Some(&tokens.access), tokens.refresh.as_ref()];
        let is_token = |shown: &str| {
            given
                .iter()
                .flatten()
                .any(|token| redactor::quotes(shown, token.expose()))
        };
        let identity = reply::identity(&lookup.identity, &found);
        tokens.identity = identity.filter(|identity| !is_token(identity));
    }
    Ok(())
}

/// The answer: an object, or a list of them.
fn found(oauth: &OAuth2, answer: &Answer) -> Result<Value, FlowError> {
    reply::refuse_unusable(answer)?;
    let status = answer.status.as_u16();
    let found: Value = serde_json::from_slice(&answer.body)
        .map_err(|_not_json| FlowError::Protocol(format!("its look-up answered with no JSON (HTTP {status})")))?;
    // Some answer a token that they do not know with HTTP 200.
    if let Some(Refusal { name, words, .. }) = reply::refusal(oauth, &found) {
        return Err(client::refused(&name, words));
    }
    if !answer.status.is_success() {
        return Err(FlowError::Protocol(format!("its look-up answered HTTP {status}")));
    }
    Ok(found)
}
