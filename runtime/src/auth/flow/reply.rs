//! Brings the replies of token endpoints to the one form of RFC 6749 section 5.

use http::StatusCode;
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use zeroize::Zeroize as _;

use crate::{
    auth::{flow::FlowError, transport::Answer},
    base::{redactor, text::shown_on_one_line},
    provider::{OAuth2, Pointer, Reply},
};

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A code was given.
    Exchange,
    /// A refresh token was given.
    Refresh,
}

/// What a provider calls an error, in RFC 6749's words where its file translates them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// RFC 6749's name, or the provider's own.
    pub(super) name: String,
    /// The provider's own name.
    own_name: String,
    /// For people: the provider's own name and description.
    pub(super) words: String,
}

/// The longest words of a provider that are shown.
const LONGEST_WORDS: usize = 200;

/// The reply as RFC 6749 section 5 has it: a 200 with tokens, or a 400 with an error.
///
/// `Err` where it is neither: the provider is down, asks to wait, or did not answer as a token endpoint does.
pub(super) fn normalise(
    oauth: &OAuth2,
    shape: &Reply,
    asked: Asked,
    answer: &Answer,
) -> Result<http::Response<Vec<u8>>, FlowError> {
    refuse_unusable(answer)?;
    let mut reply = object(answer)?;
    let outcome = outcome(oauth, shape, asked, answer, &reply);
    wipe(&mut reply);
    let (status, body) = outcome?;
    let mut response = http::Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    Ok(response)
}

fn outcome(
    oauth: &OAuth2,
    shape: &Reply,
    asked: Asked,
    answer: &Answer,
    reply: &Value,
) -> Result<(StatusCode, Value), FlowError> {
    if let Some(Refusal { name, own_name, words }) = refusal(oauth, reply) {
        let name = match asked {
            Asked::Refresh => oauth.refresh.errors.get(&own_name).unwrap_or(&name),
            Asked::Exchange => &name,
        };
        return match name.as_str() {
            "temporarily_unavailable" | "server_error" | "slow_down" => Err(FlowError::Unreachable {
                reason: words,
                retry_after: answer.retry_after,
            }),
            _other => Ok((
                StatusCode::BAD_REQUEST,
                json!({ "error": name, "error_description": words }),
            )),
        };
    }
    if !answer.status.is_success() {
        return Err(FlowError::Protocol(format!(
            "HTTP {} without an error that RFC 6749 knows",
            answer.status.as_u16()
        )));
    }
    Ok((StatusCode::OK, tokens(oauth, shape, asked, reply)?))
}

/// Refuses what is no answer at all: a redirect, which is not followed since secrets were sent; overload; a fault of the server.
pub(super) fn refuse_unusable(answer: &Answer) -> Result<(), FlowError> {
    let status = answer.status;
    if status.is_redirection() {
        // A login page of the network in between, or a maintenance: whoever sends elsewhere is not the token endpoint.
        return Err(FlowError::Unreachable {
            reason: format!("a redirect (HTTP {})", status.as_u16()),
            retry_after: answer.retry_after,
        });
    }
    let is_for_now = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
    );
    if status.is_server_error() || is_for_now {
        return Err(FlowError::Unreachable {
            reason: format!("HTTP {}", status.as_u16()),
            retry_after: answer.retry_after,
        });
    }
    Ok(())
}

/// The body as one object, whether it was written as JSON or, as GitHub does, as a form; its `content-type` is not asked.
pub(super) fn object(answer: &Answer) -> Result<Value, FlowError> {
    if let Ok(reply @ Value::Object(_)) = serde_json::from_slice(&answer.body) {
        return Ok(reply);
    }
    let form: Map<String, Value> = form_urlencoded::parse(&answer.body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    if form.contains_key("access_token") || form.contains_key("error") {
        return Ok(Value::Object(form));
    }
    let status = answer.status.as_u16();
    let body = answer.body.trim_ascii_start();
    if body.is_empty() && answer.status.is_client_error() {
        // Some token endpoints refuse so.
        return Err(FlowError::Protocol(format!("an empty body (HTTP {status})")));
    }
    let what = match body.first() {
        None => "an empty body",
        Some(b'<') => "a web page in place of an answer",
        Some(_) => "neither JSON nor a form",
    };
    // A page or word of a proxy, a firewall or a maintenance: whoever wrote it is not the token endpoint, so it ends no account.
    Err(FlowError::Unreachable {
        reason: format!("{what} (HTTP {status})"),
        retry_after: answer.retry_after,
    })
}

/// The error in a reply, whatever its status.
pub(super) fn refusal(oauth: &OAuth2, reply: &Value) -> Option<Refusal> {
    let failed = oauth
        .ok_field
        .as_ref()
        .and_then(|field| reply.get(field))
        .is_some_and(|ok| *ok != Value::Bool(true));
    let found = oauth.error.find(reply).or_else(|| Pointer::member("error").find(reply));
    let own_name = match found {
        Some(Value::Object(error)) => ["code", "type", "status"]
            .iter()
            .find_map(|key| text(error.get(*key)?))
            .or_else(|| Some("unknown".to_owned())),
        Some(Value::Bool(false) | Value::Null) | None => None,
        Some(error @ (Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Array(_))) => text(error),
    };
    let own_name = match (own_name, failed) {
        (Some(name), _) if name != "0" => name,
        (Some(_) | None, true) => "unknown".to_owned(),
        (Some(_) | None, false) => return None,
    };
    let description = ["error_description", "message", "reason"]
        .iter()
        .find_map(|key| text(reply.get(*key)?))
        .or_else(|| text(found?.get("message")?));
    let name = oauth.errors.get(&own_name).cloned().unwrap_or_else(|| own_name.clone());
    let words = match description {
        Some(description) => format!("`{}`: {}", shortened(&own_name), shortened(&description)),
        None => format!("`{}`", shortened(&own_name)),
    };
    Some(Refusal { name, own_name, words })
}

/// Exactly the members that are read after this, and those of RFC 6749 in its types.
fn tokens(oauth: &OAuth2, shape: &Reply, asked: Asked, reply: &Value) -> Result<Value, FlowError> {
    // A refresh is of one kind of token, and some servers then leave out the part in which the code's reply had it.
    let standard = Reply {
        token_types: shape.token_types.clone(),
        identity: shape.identity.clone(),
        fields: shape.fields.clone(),
        ..Reply::default()
    };
    let shape = match (shape.access_token.find(reply), asked) {
        (None, Asked::Refresh) => &standard,
        (Some(_), Asked::Refresh) | (_, Asked::Exchange) => shape,
    };
    let access = token(&shape.access_token, reply)?
        .ok_or_else(|| FlowError::Protocol(format!("it has no access token at `{}`", shape.access_token)))?;
    let mut out = Map::new();
    out.insert("access_token".to_owned(), Value::String(access));
    check_type(shape, reply)?;
    out.insert("token_type".to_owned(), json!("bearer"));
    if let Some(refresh) = token(&shape.refresh_token, reply)? {
        out.insert("refresh_token".to_owned(), Value::String(refresh));
    }
    let expires_in = match shape.expires_in.find(reply) {
        Some(value) => match seconds(value) {
            // Mailchimp's way to say that it does not end.
            Some(0) => None,
            Some(seconds) => Some(seconds),
            None => default_ttl(oauth),
        },
        None => default_ttl(oauth),
    };
    if let Some(seconds) = expires_in {
        out.insert("expires_in".to_owned(), json!(seconds));
    }
    // What is shown of an account must not be what opens it, whatever a provider writes there.
    let given: Vec<String> = ["access_token", "refresh_token"]
        .iter()
        .filter_map(|name| text(out.get(*name)?))
        .collect();
    let is_token = |shown: &str| given.iter().any(|token| redactor::quotes(shown, token));
    if let Some(mut scopes) = shape.scope.find(reply).and_then(|value| scopes(oauth, value)) {
        scopes.retain(|scope| !is_token(scope));
        out.insert("scope".to_owned(), json!(scopes.join(" ")));
    }
    if let Some(identity) = identity(&shape.identity, reply).filter(|identity| !is_token(identity)) {
        out.insert("identity".to_owned(), json!(identity));
    }
    let fields: Map<String, Value> = shape
        .fields
        .iter()
        .filter_map(|(name, at)| Some((name.clone(), Value::String(text(at.find(reply)?)?))))
        .collect();
    out.insert("fields".to_owned(), Value::Object(fields));
    Ok(Value::Object(out))
}

/// Who a token is of, where the reply says.
pub(super) fn identity(places: &[Pointer], reply: &Value) -> Option<String> {
    let parts: Vec<String> = places
        .iter()
        .filter_map(|at| text(at.find(reply)?))
        .map(|part| shortened(&part))
        .collect();
    (!parts.is_empty()).then(|| parts.join(" @ "))
}

fn default_ttl(oauth: &OAuth2) -> Option<u64> {
    oauth.default_ttl.map(|ttl| ttl.as_secs())
}

/// A token that can be put into a header: visible text.
fn token(at: &Pointer, reply: &Value) -> Result<Option<String>, FlowError> {
    match at.find(reply) {
        Some(Value::String(token)) if token.is_empty() => Ok(None),
        Some(Value::String(token)) if token.chars().any(|c| c.is_control() || c.is_whitespace()) => Err(
            FlowError::Protocol(format!("the token at `{at}` has white space in it")),
        ),
        Some(Value::String(token)) => Ok(Some(token.clone())),
        Some(Value::Null) | None => Ok(None),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(FlowError::Protocol(format!("what stands at `{at}` is not text")))
        }
    }
}

/// A type that is not known may need another use of the token (RFC 6749 section 7.1), or tell that it is not the one asked for.
fn check_type(shape: &Reply, reply: &Value) -> Result<(), FlowError> {
    let Some(Value::String(name)) = shape.token_type.find(reply) else {
        return Ok(());
    };
    let lower = name.to_ascii_lowercase();
    if lower.is_empty() || lower == "bearer" || shape.token_types.contains(&lower) {
        return Ok(());
    }
    Err(FlowError::Protocol(format!(
        "its token is not of the type that was asked for: `{}`",
        shortened(name)
    )))
}

/// Seconds from a whole number, a fraction, or either written as text.
pub(super) fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if !number.is_finite() {
        return None;
    }
    // A cast of a float saturates, and what stands after the point is of no use.
    Some(number.clamp(0.0, 1e15) as u64)
}

fn scopes(oauth: &OAuth2, value: &Value) -> Option<Vec<String>> {
    let parts = |text: &str| -> Vec<String> {
        text.split(|c: char| c.is_whitespace() || oauth.reply_scope_separator.contains(c))
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect()
    };
    match value {
        Value::String(text) => Some(parts(text)),
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).flat_map(parts).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// A short value as text; nothing where it is empty or no single value.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("true".to_owned()),
        Value::String(_) | Value::Null | Value::Bool(false) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A stranger's words: on one line, not long.
pub(super) fn shortened(text: &str) -> String {
    let short: String = text.chars().take(LONGEST_WORDS).collect();
    let mut shown = shown_on_one_line(&short);
    if short.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

/// Clears every text, since one of them is a token.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(list) => list.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
