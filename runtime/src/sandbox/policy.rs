//! What holds in a call.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use crate::{
    auth::Credential,
    package::{FolderGrant, Request, Rule},
};

/// What holds in every call of one tool, as its installation and the operator's settings give it. The provider's own hosts
/// come with the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Wins over everything.
    pub deny: Vec<Rule>,
    /// What the operator allows (`pocket.toml`, builder), and what the manifest asked and a person granted: of those two
    /// lists [`Rule::in_both`] makes the rules that belong here.
    pub allow: Vec<Rule>,
    /// Folders, by paths without links: a call refuses one with a link on the way.
    pub files: Vec<FolderGrant>,
    /// Environment, before the credential's own.
    pub variables: BTreeMap<String, String>,
    /// How the guest gets its credential.
    pub credentials: CredentialsMode,
    /// Wall time of a call.
    pub timeout: Duration,
    /// All linear memories of a call together, in bytes.
    pub memory: u64,
}

/// How a guest gets its credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialsMode {
    /// The environment variable holds the token.
    #[default]
    Env,
    /// The environment variable holds a placeholder, which the host swaps.
    Brokered,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allowed {
        /// Whether the operator opened inner addresses for it.
        private: bool,
    },
    /// It may not.
    Refused {
        /// Why, in words.
        reason: String,
        /// The rule that would allow it, where one could.
        rule: Option<String>,
    },
}

/// Where a credential may be sent, compiled once from what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialReach {
    hosts: Vec<Rule>,
    endpoints: Vec<Endpoint>,
}

/// One of a provider's own endpoints. It is compared more loosely than a rule's path, as many servers do: in any case, with
/// or without a slash at the end, over either scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Endpoint {
    /// Any path of it.
    origins: [Rule; 2],
    /// In lower case, without a slash at the end.
    path: String,
}

impl CredentialReach {
    /// What a credential reaches.
    #[must_use]
    pub fn of(credential: &Credential) -> Self {
        Self {
            hosts: credential.hosts.iter().flat_map(|host| host_rules(host)).collect(),
            endpoints: credential
                .endpoints
                .iter()
                .filter_map(|url| Endpoint::parse(url))
                .collect(),
        }
    }

    /// Whether a request goes to one of the provider's hosts.
    #[must_use]
    pub fn includes(&self, request: &Request) -> bool {
        self.hosts.iter().any(|rule| rule.allows(request))
    }

    fn is_endpoint(&self, request: &Request) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.is(request))
    }
}

/// `https://`, and for a literal loopback address `http://` too. None of them opens inner addresses: a host can come from a
/// provider's reply, so for those the operator's own rule is needed as well.
fn host_rules(host: &str) -> Vec<Rule> {
    let secure: Option<Rule> = format!("https://{host}").parse().ok();
    let Some(secure) = secure else {
        tracing::warn!(
            host = %crate::base::text::shown_on_one_line(host),
            "a host of the provider is not one, so nothing can be sent there"
        );
        return Vec::new();
    };
    let loopback = secure
        .hosts()
        .trim_matches(['[', ']'])
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    let plain = loopback.then(|| format!("http://{host}").parse().ok()).flatten();
    [Some(secure), plain].into_iter().flatten().collect()
}

impl Endpoint {
    fn parse(text: &str) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        let host = url.host_str()?;
        let origins = match url.port() {
            Some(port) => [format!("https://{host}:{port}"), format!("http://{host}:{port}")],
            None => [format!("https://{host}"), format!("http://{host}")],
        };
        let [secure, plain] = origins.map(|origin| origin.parse().ok());
        Some(Self {
            origins: [secure?, plain?],
            path: url.path().trim_end_matches('/').to_ascii_lowercase(),
        })
    }

    fn is(&self, request: &Request) -> bool {
        self.origins.iter().any(|origin| origin.is_for_host_of(request))
            && request
                .plain_path()
                .is_none_or(|path| path.trim_end_matches('/').eq_ignore_ascii_case(&self.path))
    }
}

impl Policy {
    /// Whether a request may be sent, before its address is known. It is pure: the same question has the same answer.
    ///
    /// It may where no deny rule matches, it is not for an endpoint of the provider's own, and a rule allows it or it goes to
    /// a host of the provider.
    #[must_use]
    pub fn decide(&self, request: &Request, credential: Option<&CredentialReach>) -> Decision {
        if let Some(rule) = self.deny.iter().find(|rule| rule.denies(request)) {
            return Decision::Refused {
                reason: format!("a deny rule forbids it: `{rule}`"),
                rule: None,
            };
        }
        if credential.is_some_and(|reach| reach.is_endpoint(request)) {
            return Decision::Refused {
                reason: "the endpoints by which a provider signs users in are not for tools".to_owned(),
                rule: None,
            };
        }
        let mut allowing = self.allow.iter().filter(|rule| rule.allows(request)).peekable();
        if allowing.peek().is_some() || credential.is_some_and(|reach| reach.includes(request)) {
            return Decision::Allowed {
                private: allowing.any(Rule::is_private),
            };
        }
        self.refuse(request)
    }

    /// Why no rule allows a request, and which would.
    fn refuse(&self, request: &Request) -> Decision {
        let near = || self.allow.iter().filter(|rule| rule.is_for_host_of(request));
        let (reason, rule) = if request.overrides_method() && near().next().is_some() {
            (
                "it asks the server to take another method, which no rule that names methods allows",
                rule_for(request),
            )
        } else if request.plain_path().is_none() && near().next().is_some() {
            (
                "its path could be read in two ways, which no rule that has a path allows",
                rule_for(request),
            )
        } else if near().next().is_some() {
            (
                "the rules for this host allow neither this method nor this path",
                rule_for(request),
            )
        } else {
            ("no rule allows this host", rule_for(request))
        };
        Decision::Refused {
            reason: reason.to_owned(),
            rule: Some(rule),
        }
    }
}

/// The rule for a request's method and host; for any method where no rule that names this one would allow it.
fn rule_for(request: &Request) -> String {
    let rule = format!("{} {}", request.method(), request.origin());
    if !request.overrides_method() && rule.parse::<Rule>().is_ok() {
        rule
    } else {
        request.origin()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let rules = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Policy {
            deny: rules(deny),
            allow: rules(allow),
            files: Vec::new(),
            variables: BTreeMap::new(),
            credentials: CredentialsMode::Env,
            timeout: Duration::from_secs(1),
            memory: 1,
        }
    }

    fn reach(hosts: &[&str], endpoints: &[&str]) -> CredentialReach {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Arc<[String]>>();
        CredentialReach::of(&Credential {
            hosts: texts(hosts),
            endpoints: texts(endpoints),
            ..Credential::for_tests("TOKEN", "planted-token")
        })
    }

    fn request(method: &str, url: &str) -> Request {
        let method = http::Method::from_bytes(method.as_bytes()).unwrap();
        Request::parse(&method, &url.parse().unwrap()).unwrap()
    }

    fn allowed(decision: &Decision) -> bool {
        matches!(decision, Decision::Allowed { .. })
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        let decision = policy(&[], &[]).decide(&request("GET", "https://example.com/a?b"), None);
        assert_eq!(
            decision,
            Decision::Refused {
                reason: "no rule allows this host".to_owned(),
                rule: Some("GET https://example.com".to_owned()),
            }
        );
    }

    #[test]
    fn the_rule_that_a_refusal_names_allows_the_request() {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-http-method", http::HeaderValue::from_static("DELETE"));
        for request in [
            request("POST", "https://example.com/b"),
            request("GET", "https://example.com/v1/../b"),
            request("GET", "https://example.com/v1/a").with_headers(&headers),
            request("GET", "https://other.example.com/v1/a").with_headers(&headers),
            request("GET", "http://[::1]:8080/a"),
            request("MY_METHOD", "https://example.com/v1/a"),
        ] {
            let policy = policy(&["GET https://example.com/v1/*"], &[]);
            let Decision::Refused { rule: Some(rule), .. } = policy.decide(&request, None) else {
                panic!("{request} should be refused with a rule");
            };
            let rule: Rule = rule.parse().unwrap();
            assert!(rule.allows(&request), "{rule}: {request}");
        }
    }

    #[test]
    fn a_credential_reaches_its_hosts_and_no_other_port_scheme_or_name() {
        let reach = reach(
            &[
                "slack.com",
                "api.example.com:8443",
                "127.0.0.1:9000",
                "[::1]:9000",
                "no host",
            ],
            &[],
        );
        for (url, expected) in [
            ("https://slack.com/api/a", true),
            ("https://slack.com:8443/api/a", false),
            ("http://slack.com/api/a", false),
            ("https://files.slack.com/", false),
            ("https://api.example.com:8443/", true),
            ("https://api.example.com/", false),
            ("http://127.0.0.1:9000/", true),
            ("https://127.0.0.1:9000/", true),
            ("http://[::1]:9000/", true),
            ("http://127.0.0.1:9001/", false),
            ("http://localhost:9000/", false),
        ] {
            let decision = policy(&[], &[]).decide(&request("GET", url), Some(&reach));
            assert_eq!(allowed(&decision), expected, "{url}");
            assert!(!matches!(decision, Decision::Allowed { private: true }), "{url}");
        }
    }

    #[test]
    fn inner_addresses_are_opened_by_the_operator_alone() {
        let reach = reach(&["127.0.0.1:9000"], &[]);
        let mut policy = policy(&["http://127.0.0.1:9000"], &[]);
        let request = request("GET", "http://127.0.0.1:9000/");
        assert_eq!(
            policy.decide(&request, Some(&reach)),
            Decision::Allowed { private: false }
        );
        policy.allow = policy.allow.into_iter().map(Rule::private).collect();
        assert_eq!(
            policy.decide(&request, Some(&reach)),
            Decision::Allowed { private: true }
        );
    }

    #[test]
    fn the_endpoints_of_the_provider_are_refused_however_they_are_written() {
        let reach = reach(
            &["slack.com"],
            &[
                "https://slack.com/api/oauth.v2.access",
                "https://slack.com/oauth/v2/authorize?x=1",
            ],
        );
        let policy = policy(&["https://slack.com", "http://slack.com"], &[]);
        for (url, expected) in [
            ("https://slack.com/api/oauth.v2.access", false),
            ("https://slack.com/api/oauth.v2.access?code=1", false),
            ("https://slack.com/api/oauth.v2.access/", false),
            ("https://SLACK.com./api/OAuth.v2.Access", false),
            ("https://slack.com/api/oauth%2Ev2.access", false),
            ("https://slack.com/api/x/../oauth.v2.access", false),
            ("https://slack.com//api/oauth.v2.access", false),
            ("http://slack.com/api/oauth.v2.access", false),
            ("https://slack.com/oauth/v2/authorize", false),
            ("https://slack.com/api/conversations.history", true),
            ("https://slack.com/api/oauth.v2.accessible", true),
        ] {
            assert_eq!(
                allowed(&policy.decide(&request("POST", url), Some(&reach))),
                expected,
                "{url}"
            );
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        let methods = prop::sample::select(vec!["", "GET ", "POST "]);
        let hosts = prop::sample::select(vec!["a.example.com", "*.example.com", "b.example.com"]);
        let paths = prop::sample::select(vec!["", "/a", "/a/*"]);
        (methods, hosts, paths).prop_map(|(method, host, path)| format!("{method}https://{host}{path}"))
    }

    proptest! {
        #[test]
        fn denying_wins_and_nothing_is_allowed_without_a_rule(
            allow in prop::collection::vec(texts(), 0..4),
            deny in prop::collection::vec(texts(), 0..3),
            method in prop::sample::select(vec!["GET", "POST", "DELETE"]),
            host in prop::sample::select(vec!["a.example.com", "b.example.com", "example.com"]),
            path in prop::sample::select(vec!["/", "/a", "/a/b", "/a/%2e%2e/b"]),
            with_credential in any::<bool>(),
        ) {
            let texts = |texts: &[String]| -> Vec<Rule> { texts.iter().map(|text| text.parse().unwrap()).collect() };
            let policy = Policy { allow: texts(&allow), deny: texts(&deny), ..policy(&[], &[]) };
            let reach = with_credential.then(|| reach(&["b.example.com"], &[]));
            let request = request(method, &format!("https://{host}{path}"));
            let decision = policy.decide(&request, reach.as_ref());
            let denied = policy.deny.iter().any(|rule| rule.denies(&request));
            let granted = policy.allow.iter().any(|rule| rule.allows(&request))
                || reach.is_some_and(|reach| reach.includes(&request));
            prop_assert_eq!(allowed(&decision), granted && !denied);
        }
    }
}
