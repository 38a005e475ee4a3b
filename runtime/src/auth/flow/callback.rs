//! What a provider sends back through the user's browser (RFC 6749 section 4.1.2, RFC 9207).

use std::collections::BTreeSet;

use url::{Host, Url, form_urlencoded};

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
        check_issuer(oauth, issuer.as_deref())?;
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

fn check_issuer(oauth: &OAuth2, sent: Option<&str>) -> Result<(), FlowError> {
    match (&oauth.issuer, sent) {
        (Issuer::Sent(known) | Issuer::Known(known), Some(sent)) if sent == known => Ok(()),
        (Issuer::Sent(_) | Issuer::Known(_), Some(_)) => Err(FlowError::Protocol(
            "another provider's answer came in place of this one's".to_owned(),
        )),
        (Issuer::Sent(_), None) => Err(FlowError::Protocol(
            "it does not say whose it is, which this provider always does".to_owned(),
        )),
        (Issuer::Unknown, Some(sent)) if !is_likely(oauth.authorize.as_ref(), sent) => Err(FlowError::Protocol(
            "it names an issuer that is not where its users agree; if that is right, say so by `oauth2.issuer`"
                .to_owned(),
        )),
        (Issuer::Known(_) | Issuer::Unknown, None) | (Issuer::Unknown, Some(_)) => Ok(()),
    }
}

/// Whether an issuer of which nothing is known may be this provider: it is of the domain on which users agree.
fn is_likely(authorize: Option<&Url>, sent: &str) -> bool {
    let domain = |host: Host<&str>| match host {
        Host::Domain(name) => {
            let labels: Vec<&str> = name.rsplit('.').take(2).collect();
            labels.join(".").to_ascii_lowercase()
        }
        address @ (Host::Ipv4(_) | Host::Ipv6(_)) => address.to_string(),
    };
    let sent = Url::parse(sent).ok();
    match (authorize.and_then(Url::host), sent.as_ref().and_then(Url::host)) {
        (Some(ours), Some(theirs)) => domain(ours) == domain(theirs),
        (_, None) | (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;
    use crate::provider::Providers;

    fn oauth2(iss: &str) -> OAuth2 {
        let table = format!("oauth2.iss = \"{iss}\"").parse().unwrap();
        let providers = Providers::builtin().unwrap().with("google", &table).unwrap();
        let handler = providers.find("google").unwrap().handler(None).unwrap();
        handler.flow.oauth2().unwrap().clone()
    }

    fn slack() -> OAuth2 {
        let providers = Providers::builtin().unwrap();
        let handler = providers.find("slack").unwrap().handler(None).unwrap();
        handler.flow.oauth2().unwrap().clone()
    }

    #[test]
    fn a_code_and_its_state_are_read_and_the_rest_is_ignored() {
        let callback = parse("code=a%2Fb%2Bc&state=s-1&scope=x+y&authuser=0").unwrap();
        assert_eq!(callback.state.expose(), "s-1");
        assert_eq!(callback.code(&slack()).unwrap().expose(), "a/b+c");
    }

    #[test]
    fn what_is_no_callback_is_refused() {
        for (query, refused) in [
            ("", NotACallback::Missing("state")),
            ("code=a", NotACallback::Missing("state")),
            ("state=s", NotACallback::Missing("code")),
            ("code=&state=s", NotACallback::Missing("code")),
            ("code=a&state=", NotACallback::Missing("state")),
            ("code=a&code=a&state=s", NotACallback::Twice("code".to_owned())),
            ("code=a&state=s&state=t", NotACallback::Twice("state".to_owned())),
            ("code=a&state=s&x=1&x=2", NotACallback::Twice("x".to_owned())),
            ("code=a&state=s&iss=1&iss=2", NotACallback::Twice("iss".to_owned())),
            ("code=a&error=b&state=s", NotACallback::Both),
            ("code=a%00&state=s", NotACallback::Characters("code")),
            ("code=a&state=%0d%0a", NotACallback::Characters("state")),
            ("code=%ff&state=s", NotACallback::Characters("code")),
            ("error=%1b%5b31m&state=s", NotACallback::Characters("error")),
        ] {
            assert_eq!(parse(query).unwrap_err(), refused, "{query}");
        }
        let long = format!("code={}&state=s", "a".repeat(LONGEST_QUERY));
        assert_eq!(parse(&long).unwrap_err(), NotACallback::TooLong);
    }

    #[test]
    fn an_issuer_that_is_always_sent_has_to_be_there_and_be_the_one() {
        let query = |iss: &str| format!("code=c&state=s{iss}");
        let right = "&iss=https%3A%2F%2Faccounts.google.com";
        for (oauth2, iss, taken) in [
            (oauth2("sent"), right, true),
            (oauth2("sent"), "", false),
            (oauth2("sent"), "&iss=https%3A%2F%2Fevil.example", false),
            (oauth2("sent"), "&iss=https%3A%2F%2Faccounts.google.com%2F", false),
            (oauth2("unknown"), right, true),
            (oauth2("unknown"), "", true),
            (oauth2("unknown"), "&iss=https%3A%2F%2Fevil.example", false),
            (slack(), "", true),
            (slack(), "&iss=https%3A%2F%2Fslack.com", true),
            (slack(), "&iss=https%3A%2F%2Fid.slack.com%2Fx", true),
            (slack(), "&iss=https%3A%2F%2Fevil.example", false),
            (slack(), "&iss=https%3A%2F%2Fslack.com.evil.example", false),
            (slack(), "&iss=slack.com", false),
        ] {
            let code = parse(&query(iss)).unwrap().code(&oauth2);
            assert_eq!(code.is_ok(), taken, "{iss}: {code:?}");
        }
    }

    #[test]
    fn words_of_another_issuer_are_not_shown() {
        let query = "error=access_denied&error_description=planted-words&state=s&iss=https%3A%2F%2Fevil.example";
        let error = parse(query).unwrap().code(&oauth2("sent")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
    }

    #[test]
    fn every_error_ends_in_who_can_mend_it() {
        let error = |name: &str| {
            let query = format!("error={name}&error_description=%3Cscript%3E%1b%5b31m&state=hunter2-planted");
            parse(&query).unwrap().code(&slack()).unwrap_err()
        };
        assert!(matches!(error("access_denied"), FlowError::Denied(_)));
        assert!(matches!(error("server_error"), FlowError::Unreachable { .. }));
        assert!(matches!(
            error("temporarily_unavailable"),
            FlowError::Unreachable { .. }
        ));
        assert!(matches!(error("invalid_scope"), FlowError::Configuration(_)));
        assert!(
            matches!(error("bad_redirect_uri"), FlowError::Configuration(_)),
            "by Slack's own name"
        );
        assert!(matches!(error("something_new"), FlowError::Denied(_)));
        assert!(!error("access_denied").to_string().contains('\u{1b}'));
        assert!(
            !error("hunter2-planted").to_string().contains("hunter2"),
            "a secret that is quoted is left out"
        );
    }

    #[test]
    fn nothing_secret_of_a_callback_is_printed() {
        let callback = parse("code=hunter2-code&state=hunter2-state").unwrap();
        assert!(!format!("{callback:?}").contains("hunter2"), "{callback:?}");
        let refused = parse("code=hunter2-code&code=hunter2-code&state=hunter2-state").unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "\\PC{0,200}") {
            if let Ok(callback) = parse(&query) {
                let _ = callback.code(&slack());
            }
        }
    }
}
