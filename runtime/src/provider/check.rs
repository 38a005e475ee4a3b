//! What a provider file may say: each value is checked here before it is believed.

use std::collections::BTreeMap;

use url::{Host, Url};

use crate::{
    base::text::{is_invisible, shown_on_one_line},
    provider::{Pointer, oauth2::Template},
};

/// One thing that is wrong with a provider file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

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

/// A name in manifests and settings: lower case, so that it reads the same in every case it is written in.
pub(super) fn name(key: &str, text: &str) -> Result<(), Fault> {
    let first_is_right = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all_are_right = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if first_is_right && all_are_right && text.len() <= 64 {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{key}: a name has 1 to 64 of `a-z 0-9 - _` and begins with a letter or digit: `{}`",
        shown_on_one_line(text)
    )))
}

/// Words for people.
pub(super) fn words(key: &str, text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() || text.chars().any(is_invisible) || text.len() > 1024 {
        return Err(Fault::new(format!(
            "`{key}`: words on one line, at most 1024 bytes: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(text.to_owned())
}

/// `https://...` of any host; `http://` only of this machine, for an operator's own test servers.
pub(super) fn endpoint(key: &str, text: &str) -> Result<Url, Fault> {
    let refused = |why: &str| Fault::new(format!("`{key}`: {why}: `{}`", shown_on_one_line(text)));
    let url = Url::parse(text).map_err(|error| refused(&format!("not a URL ({error})")))?;
    let is_this_machine = match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refused("a URL without a host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine => {}
        "http" => {
            return Err(refused("an endpoint is sent secrets, so it has to be https").hint(
                "write `https://`; `http://` is taken only for 127.0.0.1, [::1] and localhost, for test servers of your own",
            ));
        }
        _other => return Err(refused("an endpoint has to be https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new(format!(
            "`{key}`: an endpoint has no user name or password in it"
        )));
    }
    if url.fragment().is_some() {
        return Err(refused("an endpoint has no `#` (RFC 6749 section 3.1)"));
    }
    parameters(key, url.query_pairs().map(|(name, _)| name.into_owned()), &[])?;
    Ok(url)
}

/// An endpoint in whose path `{client_id}` stands for the client's id.
pub(super) fn template(key: &str, text: &str) -> Result<Template, Fault> {
    let url = endpoint(key, text)?;
    let whole_segments = url
        .path_segments()
        .into_iter()
        .flatten()
        .filter(|segment| *segment == "%7Bclient_id%7D")
        .count();
    let escapes = url.path().matches('%').count();
    if whole_segments != 1 || escapes != 2 {
        return Err(Fault::new(format!(
            "`{key}`: `{{client_id}}` has to stand once between two `/`, beside no other escape: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(Template(url))
}

/// `host` or `host:port`, written as it is compared.
pub(super) fn host(text: &str) -> Result<String, Fault> {
    let refused = |why: &str| Fault::new(format!("`hosts`: {why}: `{}`", shown_on_one_line(text)));
    if text.contains('*') {
        return Err(refused("a credential goes to hosts that are named, never to a pattern")
            .hint("name each host: somebody else may own another name under the pattern"));
    }
    if text.contains("://") || text.contains(['/', '@', '?', '#']) {
        return Err(
            refused("a host is a name without scheme or path").hint("write `api.example.com` or `localhost:8443`")
        );
    }
    let (bare, port) = match text.rsplit_once(':') {
        Some((bare, port)) if !bare.contains(':') || bare.ends_with(']') => (bare, Some(port)),
        Some(_) | None => (text, None),
    };
    if let Some(port) = port
        && !(port
            .parse::<u16>()
            .is_ok_and(|number| number != 0 && number.to_string() == port))
    {
        return Err(refused("a port is a number from 1 to 65535"));
    }
    let parsed = Host::parse(bare).map_err(|error| refused(&format!("not a host ({error})")))?;
    if parsed.to_string() != bare || bare.ends_with('.') {
        return Err(refused("a host is written as it is compared").hint(format!(
            "write `{}{}`",
            parsed.to_string().trim_end_matches('.'),
            port.map(|port| format!(":{port}")).unwrap_or_default()
        )));
    }
    if port == Some("443") {
        return Err(refused("443 is the port where none is written").hint(format!("write `{bare}`")));
    }
    Ok(text.to_owned())
}

/// The name of an environment variable.
pub(super) fn variable(text: &str) -> Result<String, Fault> {
    let is_name = text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.len() <= 128
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if !is_name || text.starts_with("POCKET_") {
        return Err(Fault::new(format!(
            "`variables`: a name has only `A-Z 0-9 _`, and does not begin with a digit or `POCKET_`: `{}`",
            shown_on_one_line(text)
        )));
    }
    Ok(text.to_owned())
}

/// Names of parameters that a file adds: none that the flow sets itself, `own` among them.
pub(super) fn parameters(key: &str, names: impl Iterator<Item = String>, own: &[&str]) -> Result<(), Fault> {
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
pub(super) fn scope_param(key: &str, text: &str) -> Result<String, Fault> {
    if text != "scope" {
        parameters(key, std::iter::once(text.to_owned()), &[])?;
    }
    Ok(text.to_owned())
}

/// One character between scopes, which no scope can hold (RFC 6749 section 3.3).
pub(super) fn separator(key: &str, text: &str) -> Result<String, Fault> {
    if matches!(text, " " | "," | "+" | ";") {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!(
        "`{key}`: scopes are parted by a space, `,`, `+` or `;`: `{}`",
        shown_on_one_line(text)
    )))
}

/// Names and values of headers that a file adds to requests to the token endpoint.
pub(super) fn headers(key: &str, headers: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
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
pub(super) fn token_header(name: &str, prefix: &str) -> Result<(String, String), Fault> {
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
pub(super) fn errors(errors: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    match errors.values().find(|error| !ERRORS.contains(&error.as_str())) {
        None => Ok(errors),
        Some(unknown) => Err(Fault::new(format!(
            "`oauth2.errors`: not an error of RFC 6749: `{}`",
            shown_on_one_line(unknown)
        ))
        .hint(format!("known here: {}", ERRORS.join(", ")))),
    }
}

/// A place in a reply.
pub(super) fn pointer(key: &str, text: &str) -> Result<Pointer, Fault> {
    text.parse::<Pointer>()
        .map_err(|error| Fault::new(format!("`{key}`: {error}")))
}

/// A day: `2026-11-23`.
pub(super) fn day(key: &str, text: &str) -> Result<String, Fault> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    match time::Date::parse(text, form) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::new(format!(
            "`{key}`: a day is written as `2026-11-23`: `{}`",
            shown_on_one_line(text)
        ))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        for good in [
            "https://slack.com/oauth/v2/authorize",
            "https://localhost:8443/a",
            "http://localhost:8000/a",
            "http://127.0.0.1:8000/a",
            "http://[::1]:8000/a",
            "https://login.example/authorize?tenant=1",
        ] {
            assert!(endpoint("oauth2.token", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "slack.com/authorize",
            "http://slack.com/authorize",
            "http://localhost.example/a",
            "http://127.0.0.1.example/a",
            "ftp://slack.com/a",
            "javascript:alert(1)",
            "https://user@slack.com/a",
            "https://user:pass@slack.com/a",
            "https://slack.com/a#b",
            "https://slack.com/a?state=1",
            "https://slack.com/a?Redirect_URI=x",
        ] {
            assert!(endpoint("oauth2.token", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_an_endpoint_is_not_shown() {
        let fault = endpoint("oauth2.token", "https://user:hunter2-planted@slack.com/a").unwrap_err();
        assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
    }

    #[test]
    fn hosts_are_exact_names_as_they_are_compared() {
        for good in [
            "slack.com",
            "localhost:8443",
            "127.0.0.1:80",
            "[::1]:8443",
            "[::1]",
            "xn--bcher-kva.example",
        ] {
            assert_eq!(host(good).unwrap(), good);
        }
        for bad in [
            "",
            "*.slack.com",
            "*",
            "https://slack.com",
            "slack.com/api",
            "Slack.com",
            "slack.com.",
            "bücher.example",
            "slack.com:0",
            "slack.com:443",
            "slack.com:65536",
            "slack.com:x",
            "slack.com:",
            "slack.com:+80",
            "127.1",
            "0x7f000001",
            "::1",
            "a b",
            "user@slack.com",
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_id_stays_one_segment_of_a_template() {
        let template = template("r", "https://api.github.com/applications/{client_id}/token").unwrap();
        assert_eq!(
            template.of("Iv1.a/../b?c").as_str(),
            "https://api.github.com/applications/Iv1.a%2F..%2Fb%3Fc/token"
        );
        for bad in [
            "https://a.example/b",
            "https://a.example/x{client_id}/b",
            "https://a.example/%20/{client_id}",
        ] {
            assert!(super::template("r", bad).is_err(), "{bad}");
        }
    }

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

    #[test]
    fn variables_have_names_that_every_shell_takes() {
        for good in ["SLACK_BOT_TOKEN", "_X", "A1"] {
            assert!(variable(good).is_ok(), "{good}");
        }
        for bad in ["", "1A", "slack", "A-B", "A=B", "POCKET_HOME", "A\0"] {
            assert!(variable(bad).is_err(), "{bad}");
        }
    }
}
