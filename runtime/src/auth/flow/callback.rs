//! What a provider sends back through the user's browser (RFC 6749 section 4.1.2, RFC 9207).

use std::collections::BTreeSet;

use url::form_urlencoded;

use crate::{
    auth::flow::{FlowError, reply::shortened},
    base::secret::Secret,
    provider::{Issuer, OAuth2},
};

/// More than this no provider sends.
const LONGEST_QUERY: usize = 8 * 1024;

/// What a provider sent back. It may be anybody's until `state` was compared.
#[derive(Debug)]
pub(crate) struct Callback {
    /// Which sign-in it answers; compare it in constant time.
    pub(crate) state: Secret,
    answer: Answer,
    issuer: Option<String>,
}

#[derive(Debug)]
enum Answer {
    Code(Secret),
    Error { name: String, description: Option<String> },
}

/// Why a query is not a callback: nothing of it may be used, and no sign-in ends by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotACallback {
    #[error("it is longer than {LONGEST_QUERY} bytes")]
    TooLong,
    /// RFC 6749 section 3.1.
    #[error("a parameter is there twice: `{0}`")]
    Twice(String),
    #[error("it has no `{0}`")]
    Missing(&'static str),
    #[error("`{0}` has characters that no provider sends")]
    Characters(&'static str),
    #[error("it has both `code` and `error`")]
    Both,
}

/// Reads the query of a callback, without its `?`.
pub(crate) fn parse(query: &str) -> Result<Callback, NotACallback> {
    if query.len() > LONGEST_QUERY {
        return Err(NotACallback::TooLong);
    }
    let mut seen = BTreeSet::new();
    let (mut code, mut state, mut error, mut description, mut issuer) = (None, None, None, None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "code" => code = Some(Secret::new(visible("code", &value)?)),
            "state" => state = Some(Secret::new(visible("state", &value)?)),
            "error" => error = Some(visible("error", &value)?.to_owned()),
            "error_description" => description = Some(shortened(&value)),
            "iss" => issuer = Some(visible("iss", &value)?.to_owned()),
            _other => {}
        }
        let name = name.into_owned();
        if seen.contains(&name) {
            return Err(NotACallback::Twice(shortened(&name)));
        }
        seen.insert(name);
    }
    Ok(Callback {
        state: state.ok_or(NotACallback::Missing("state"))?,
        answer: match (code, error) {
            (Some(code), None) => Answer::Code(code),
            (None, Some(name)) => Answer::Error { name, description },
            (Some(_), Some(_)) => return Err(NotACallback::Both),
            (None, None) => return Err(NotACallback::Missing("code")),
        },
        issuer,
    })
}

/// RFC 6749 appendix A: visible ASCII and the space, at least one.
fn visible<'a>(name: &'static str, value: &'a str) -> Result<&'a str, NotACallback> {
    match (value.is_empty(), value.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
        (true, _) => Err(NotACallback::Missing(name)),
        (false, true) => Ok(value),
        (false, false) => Err(NotACallback::Characters(name)),
    }
}

impl Callback {
    /// The code, once `state` was found to belong to a sign-in with this provider.
    ///
    /// A callback of another issuer gives nothing away: neither is its code sent anywhere, nor are its words shown
    /// (RFC 9207 section 2.4).
    pub(crate) fn code(self, oauth: &OAuth2) -> Result<Secret, FlowError> {
        let Self { state, answer, issuer } = self;
        check_issuer(&oauth.issuer, issuer.as_deref())?;
        let (own_name, description) = match answer {
            Answer::Code(code) => return Ok(code),
            Answer::Error { name, description } => (name, description),
        };
        let words = match description {
            Some(description) => format!("`{}`: {description}", shortened(&own_name)),
            None => format!("`{}`", shortened(&own_name)),
        };
        let error = match oauth.errors.get(&own_name).map_or(own_name.as_str(), String::as_str) {
            "access_denied" | "interaction_required" | "login_required" | "consent_required" => {
                FlowError::Denied(words)
            }
            "server_error" | "temporarily_unavailable" => FlowError::Unreachable {
                reason: words,
                retry_after: None,
            },
            "invalid_request"
            | "invalid_scope"
            | "invalid_client"
            | "invalid_target"
            | "unauthorized_client"
            | "unsupported_response_type" => FlowError::Configuration(words),
            _other => FlowError::Denied(words),
        };
        Err(error.without(&[Some(&state)]))
    }
}

fn check_issuer(known: &Issuer, sent: Option<&str>) -> Result<(), FlowError> {
    match (known, sent) {
        (Issuer::Sent(known) | Issuer::Known(known), Some(sent)) if sent == known => Ok(()),
        (Issuer::Sent(_) | Issuer::Known(_), Some(_)) => Err(FlowError::Protocol(
            "another provider's answer came in place of this one's".to_owned(),
        )),
        (Issuer::Sent(_), None) => Err(FlowError::Protocol(
            "it does not say whose it is, which this provider always does".to_owned(),
        )),
        (Issuer::Known(_), None) | (Issuer::Unknown, _) => Ok(()),
    }
}
