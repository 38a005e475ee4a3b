//! Whether a request may be sent.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::{
    package::{Request, Rule},
    sandbox::{CredentialReach, CredentialsMode, Decision, Policy},
};

/// A request and the rules for it, as text: its first line is `METHOD URL`; each other begins with what it is.
///
/// ```text
/// GET https://api.example.com/v1/a
/// + GET https://api.example.com/v1/*    a rule that allows
/// * http://127.0.0.1:8080               one that opens inner addresses too
/// - DELETE https://api.example.com      a rule that denies
/// @ slack.com                           a host of the provider
/// ! https://slack.com/oauth/authorize   an endpoint of the provider
/// : x-http-method                       a header of the request
/// ```
///
/// Deciding is pure, denying wins, fewer rules allow no more, every spelling of a host is decided alike, a path that can be
/// read in two ways passes no rule that has a path, and what a refusal suggests allows the request.
///
/// # Panics
/// Where that does not hold.
pub fn decide(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(case) = Case::read(text) else { return };
    let decision = case.decide();
    assert_eq!(decision, case.decide(), "the same question has the same answer");
    let is_allowed = is_allowed(&decision);
    assert!(!is_allowed || !case.policy.deny.iter().any(|rule| rule.denies(&case.request)));
    case.check_more_denied();
    case.check_fewer_allowed(is_allowed);
    case.check_spellings(&decision);
    case.check_path(is_allowed);
    case.check_suggestion(&decision);
    case.check_rules();
}

struct Case {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
    policy: Policy,
    reach: Option<CredentialReach>,
}

impl Case {
    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (method, url) = lines.next()?.split_once(' ')?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let uri: Uri = url.parse().ok()?;
        let mut policy = empty_policy();
        let (mut hosts, mut endpoints, mut headers) = (Vec::new(), Vec::new(), HeaderMap::new());
        for (kind, rest) in lines.take(40).filter_map(|line| line.split_once(' ')) {
            match kind {
                "+" => policy.allow.extend(rest.parse::<Rule>().ok()),
                "*" => policy.allow.extend(rest.parse::<Rule>().ok().map(Rule::private)),
                "-" => policy.deny.extend(rest.parse::<Rule>().ok()),
                "@" => hosts.push(rest.to_owned()),
                "!" => endpoints.push(rest.to_owned()),
                ":" => {
                    let name = HeaderName::from_bytes(rest.as_bytes()).ok();
                    headers.extend(name.map(|name| (name, HeaderValue::from_static("DELETE"))));
                }
                _other => {}
            }
        }
        let has_credential = !hosts.is_empty() || !endpoints.is_empty();
        Some(Self {
            request: Request::parse(&method, &uri).ok()?.with_headers(&headers),
            method,
            uri,
            headers,
            policy,
            reach: has_credential.then(|| CredentialReach::for_fuzzing(&hosts, &endpoints)),
        })
    }

    fn decide(&self) -> Decision {
        self.policy.decide(&self.request, self.reach.as_ref())
    }

    fn with(&self, change: impl FnOnce(&mut Policy)) -> Decision {
        let mut policy = self.policy.clone();
        change(&mut policy);
        policy.decide(&self.request, self.reach.as_ref())
    }

    /// Whatever else is denied, it allows nothing; and what denies the request refuses it.
    fn check_more_denied(&self) {
        let was_allowed = is_allowed(&self.decide());
        let whole_host: Rule = self.request.origin().parse().expect("an origin is a rule");
        assert!(whole_host.denies(&self.request), "{whole_host}");
        for rule in self.policy.allow.iter().chain([&whole_host]) {
            let decision = self.with(|policy| policy.deny.push(rule.clone()));
            assert!(was_allowed || !is_allowed(&decision), "denying {rule} allows it");
            assert!(
                !rule.denies(&self.request) || !is_allowed(&decision),
                "{rule} denies it"
            );
            assert!(!rule.allows(&self.request) || rule.denies(&self.request), "{rule}");
        }
    }

    fn check_fewer_allowed(&self, was_allowed: bool) {
        for index in 0..self.policy.allow.len() {
            let decision = self.with(|policy| drop(policy.allow.remove(index)));
            assert!(was_allowed || !is_allowed(&decision), "without rule {index}");
        }
        let without_credential = self.policy.decide(&self.request, None);
        let is_endpoint = matches!(
            self.decide(),
            Decision::Refused { ref reason, .. } if reason.contains("endpoints")
        );
        assert!(was_allowed || is_endpoint || !is_allowed(&without_credential));
    }

    /// In any case, with a dot at its end, and with the port that is meant anyway.
    fn check_spellings(&self, decision: &Decision) {
        let scheme = self.request.scheme();
        let name = self.request.authority();
        let rest = self.uri.path_and_query().map_or("/", |rest| rest.as_str());
        let mut spellings = vec![name.to_ascii_uppercase()];
        let (host, port) = match name.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, format!(":{port}")),
            _none => (name.as_str(), String::new()),
        };
        if !host.contains(':') {
            spellings.push(format!("{host}.{port}"));
        }
        if port.is_empty() {
            spellings.push(format!("{host}:{}", self.request.port()));
        }
        for spelling in spellings {
            let uri = format!("{scheme}://{spelling}{rest}");
            let uri: Uri = uri.parse().unwrap_or_else(|error| panic!("{uri}: {error}"));
            let request = Request::parse(&self.method, &uri)
                .unwrap_or_else(|error| panic!("{uri}: {error}"))
                .with_headers(&self.headers);
            assert_eq!(request, self.request, "{uri}");
            assert_eq!(&self.policy.decide(&request, self.reach.as_ref()), decision, "{uri}");
        }
    }

    /// What passes by rules that all have a path is read in one way by every server.
    fn check_path(&self, is_allowed: bool) {
        let has_path = |rule: &&Rule| rule.to_string().matches('/').count() > 2;
        let allowing = || self.policy.allow.iter().filter(|rule| rule.allows(&self.request));
        let by_credential = self.reach.as_ref().is_some_and(|reach| reach.includes(&self.request));
        if !is_allowed || by_credential || !allowing().all(|rule| has_path(&rule)) {
            return;
        }
        let mut path = self.uri.path().as_bytes().to_vec();
        for _decoded_again in 0..3 {
            let mut segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
            assert!(
                !segments.any(|segment| matches!(segment, b"." | b"..")),
                "{}",
                self.request
            );
            assert!(!path.windows(2).any(|pair| pair == b"//"), "{}", self.request);
            assert!(
                !path.iter().any(|byte| matches!(byte, b';' | b'\\' | 0..32 | 127)),
                "{}",
                self.request
            );
            path = percent_encoding::percent_decode(&path).collect();
        }
    }

    fn check_suggestion(&self, decision: &Decision) {
        let Decision::Refused { rule: Some(text), .. } = decision else {
            return;
        };
        let rule: Rule = text
            .parse()
            .unwrap_or_else(|error| panic!("`{text}` is suggested: {error}"));
        assert!(is_allowed(&self.with(|policy| policy.allow.push(rule))), "{text}");
    }

    /// What the algebra of rules says of this request is so.
    fn check_rules(&self) {
        let (one, two) = (&self.policy.allow, &self.policy.deny);
        let by = |rules: &[Rule]| rules.iter().any(|rule| rule.allows(&self.request));
        assert_eq!(by(&Rule::in_both(one, two)), by(one) && by(two), "{}", self.request);
        for rule in one.iter().chain(two) {
            let text = rule.to_string();
            let again: Rule = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            let again = if rule.is_private() { again.private() } else { again };
            assert_eq!(&again, rule, "{text}");
            assert!(rule.covers(rule), "{text}");
            for other in one.iter().chain(two).filter(|other| rule.covers(other)) {
                assert!(
                    !other.allows(&self.request) || rule.allows(&self.request),
                    "{rule} covers {other}"
                );
            }
        }
    }
}

fn is_allowed(decision: &Decision) -> bool {
    matches!(decision, Decision::Allowed { .. })
}

fn empty_policy() -> Policy {
    Policy {
        deny: Vec::new(),
        allow: Vec::new(),
        files: Vec::new(),
        variables: BTreeMap::new(),
        credentials: CredentialsMode::Env,
        timeout: Duration::from_secs(1),
        memory: 1,
    }
}

impl CredentialReach {
    fn for_fuzzing(hosts: &[String], endpoints: &[String]) -> Self {
        Self::of(&crate::auth::Credential {
            hosts: Arc::from(hosts),
            endpoints: Arc::from(endpoints),
            ..crate::auth::Credential::for_tests("TOKEN", "planted-token")
        })
    }
}
