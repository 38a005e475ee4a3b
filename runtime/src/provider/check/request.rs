//! What a file adds to requests: parameters, headers, separators; what it calls errors.

use std::collections::BTreeMap;

use crate::{
    base::text::{is_invisible, shown_on_one_line},
    provider::check::Fault,
};

/// Parameters that the flow itself sets: a file that sets them too would send them twice, or undo what protects the flow.
const RESERVED_PARAMETERS: &[&str] = &[
    "access_token",
    "assertion",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "error",
    "grant_type",
    "iss",
    "nonce",
    "password",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
    "username",
];

/// Headers that belong to the connection, to the body or to the proof of who the client is.
const RESERVED_HEADERS: &[&str] = &[
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The errors of RFC 6749 and its extensions that a file may map a provider's own errors to.
const ERRORS: &[&str] = &[
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_token",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// Names of parameters that a file adds: none that the flow sets itself, `own` among them.
pub(in crate::provider) fn parameters(
    key: &str,
    names: impl Iterator<Item = String>,
    own: &[&str],
) -> Result<(), Fault> {
    for name in names {
        let lower = name.to_ascii_lowercase();
        if RESERVED_PARAMETERS.contains(&lower.as_str()) || own.contains(&name.as_str()) {
            return Err(Fault::new(format!(
                "`{key}`: this parameter is set by the flow itself: `{}`",
                shown_on_one_line(&name)
            )));
        }
        if name.is_empty() || name.chars().any(is_invisible) {
            return Err(Fault::new(format!(
                "`{key}`: not the name of a parameter: `{}`",
                shown_on_one_line(&name)
            )));
        }
    }
    Ok(())
}

/// The name of a parameter that holds scopes.
pub(in crate::provider) fn scope_param(key: &str, text: &str) -> Result<String, Fault> {
    if text != "scope" {
        parameters(key, std::iter::once(text.to_owned()), &[])?;
    }
    Ok(text.to_owned())
}

/// One character between scopes, which no scope can hold (RFC 6749 section 3.3).
pub(in crate::provider) fn separator(key: &str, text: &str) -> Result<String, Fault> {
    if matches!(text, " " | "," | "+" | ";") {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!(
        "`{key}`: scopes are parted by a space, `,`, `+` or `;`: `{}`",
        shown_on_one_line(text)
    )))
}

/// Names and values of headers that a file adds to requests to the token endpoint.
pub(in crate::provider) fn headers(
    key: &str,
    headers: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Fault> {
    headers
        .into_iter()
        .map(|(name, value)| {
            let is_header = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(&value).is_ok_and(|value| value.to_str().is_ok());
            let name = name.to_ascii_lowercase();
            if !is_header || RESERVED_HEADERS.contains(&name.as_str()) {
                return Err(Fault::new(format!(
                    "`{key}`: this header cannot be set: `{}`",
                    shown_on_one_line(&name)
                )));
            }
            Ok((name, value))
        })
        .collect()
}

/// A header in which a token goes.
pub(in crate::provider) fn token_header(name: &str, prefix: &str) -> Result<(String, String), Fault> {
    let is_header = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
        && http::HeaderValue::from_str(prefix).is_ok_and(|value| value.to_str().is_ok());
    if is_header {
        return Ok((name.to_ascii_lowercase(), prefix.to_owned()));
    }
    Err(Fault::new(format!(
        "`placement.header`: not the name of a header and what stands before the token: `{}`",
        shown_on_one_line(name)
    )))
}

/// What a provider's own errors are called by RFC 6749.
pub(in crate::provider) fn errors(
    key: &str,
    errors: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Fault> {
    match errors.values().find(|error| !ERRORS.contains(&error.as_str())) {
        None => Ok(errors),
        Some(unknown) => Err(Fault::new(format!(
            "`{key}`: not an error of RFC 6749: `{}`",
            shown_on_one_line(unknown)
        ))
        .hint(format!("known here: {}", ERRORS.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_flow_sets_itself_cannot_be_set_by_a_file() {
        for name in RESERVED_PARAMETERS {
            assert!(
                parameters("p", std::iter::once((*name).to_owned()), &[]).is_err(),
                "{name}"
            );
            assert!(
                parameters("p", std::iter::once(name.to_uppercase()), &[]).is_err(),
                "{name}"
            );
        }
        assert!(parameters("p", std::iter::once("user_scope".to_owned()), &["user_scope"]).is_err());
        assert!(parameters("p", std::iter::once("access_type".to_owned()), &[]).is_ok());
        for name in RESERVED_HEADERS {
            assert!(
                headers("h", BTreeMap::from([((*name).to_owned(), "x".to_owned())])).is_err(),
                "{name}"
            );
        }
        for (name, value) in [("a b", "x"), ("x", "a\r\nb: c"), ("", "x")] {
            assert!(
                headers("h", BTreeMap::from([(name.to_owned(), value.to_owned())])).is_err(),
                "{name}"
            );
        }
    }
}
