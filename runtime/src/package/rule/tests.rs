#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> Rule {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn request(method: &str, url: &str) -> Result<Request, NotARequest> {
    let method = http::Method::from_bytes(method.as_bytes()).unwrap();
    Request::parse(&method, &url.parse().unwrap())
}

fn asked(method: &str, url: &str) -> Request {
    request(method, url).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn overriding(method: &str, url: &str, header: &'static str) -> Request {
    let mut headers = http::HeaderMap::new();
    headers.insert(header, http::HeaderValue::from_static("DELETE"));
    asked(method, url).with_headers(&headers)
}

#[test]
fn a_rule_is_written_in_one_form() {
    for (written, form) in [
        ("https://api.example.com", "https://api.example.com"),
        ("  HTTPS://API.example.com.:443  ", "https://api.example.com"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("post, get https://example.com/a", "GET,POST https://example.com/a"),
        ("GET,GET https://example.com", "GET https://example.com"),
        ("https://*.Example.com/*", "https://*.example.com/*"),
        ("https://bücher.example/%61/*", "https://xn--bcher-kva.example/a/*"),
        ("https://example.com/%2A/b", "https://example.com/%2A/b"),
        ("https://example.com/a%20ü", "https://example.com/a%20%C3%BC"),
        ("https://0x7f.1:8443", "https://127.0.0.1:8443"),
        ("https://[::FFFF:1.2.3.4]", "https://1.2.3.4"),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
    ] {
        assert_eq!(rule(written).to_string(), form, "{written}");
    }
}

#[test]
fn what_is_not_a_rule_is_refused_with_its_reason() {
    type Is = fn(&RuleError) -> bool;
    let table: &[(&str, Is)] = &[
        ("", |e| matches!(e, RuleError::Empty)),
        ("   ", |e| matches!(e, RuleError::Empty)),
        ("example.com", |e| matches!(e, RuleError::NoScheme(_))),
        ("ftp://example.com", |e| matches!(e, RuleError::Scheme(_))),
        ("*://example.com", |e| matches!(e, RuleError::Scheme(_))),
        ("https://", |e| matches!(e, RuleError::NoHost(_))),
        ("https:///a", |e| matches!(e, RuleError::NoHost(_))),
        ("https://:443", |e| matches!(e, RuleError::NoHost(_))),
        ("https://user@example.com", |e| matches!(e, RuleError::UserInfo(_))),
        ("https://a:b@example.com", |e| matches!(e, RuleError::UserInfo(_))),
        ("https://a..b", |e| matches!(e, RuleError::Host(_))),
        ("https://%65xample.com", |e| matches!(e, RuleError::Host(_))),
        ("https://::1", |e| matches!(e, RuleError::Host(_))),
        ("https://*", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://*.com", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://*.*.example.com", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://a*.example.com", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://a.*.example.com", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://*.0.0.1", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://*.127.0.0.1", |e| matches!(e, RuleError::HostAsterisk(_))),
        ("https://example.com:", |e| matches!(e, RuleError::Port(_))),
        ("https://example.com:0", |e| matches!(e, RuleError::Port(_))),
        ("https://example.com:65536", |e| matches!(e, RuleError::Port(_))),
        ("https://example.com:+443", |e| matches!(e, RuleError::Port(_))),
        ("https://example.com:*", |e| matches!(e, RuleError::Port(_))),
        ("https://example.com/a*", |e| matches!(e, RuleError::PathAsterisk(_))),
        ("https://example.com/*/b", |e| matches!(e, RuleError::PathAsterisk(_))),
        ("https://example.com/**", |e| matches!(e, RuleError::PathAsterisk(_))),
        ("https://example.com/a/../b", |e| matches!(e, RuleError::Path(_))),
        ("https://example.com/a//b", |e| matches!(e, RuleError::Path(_))),
        ("https://example.com/a%2Fb", |e| matches!(e, RuleError::Path(_))),
        ("https://example.com\\a", |e| matches!(e, RuleError::Path(_))),
        ("https://example.com/a?b", |e| matches!(e, RuleError::Query(_))),
        ("https://example.com?b", |e| matches!(e, RuleError::Query(_))),
        ("https://example.com/#b", |e| matches!(e, RuleError::Query(_))),
        ("G=T https://example.com", |e| matches!(e, RuleError::Method(_))),
        ("GET, https://example.com", |e| matches!(e, RuleError::Method(_))),
        ("GET POST https://example.com", |e| matches!(e, RuleError::Method(_))),
        ("TRACE https://example.com", |e| matches!(e, RuleError::NeverSent(_))),
        ("get,connect https://example.com", |e| {
            matches!(e, RuleError::NeverSent(_))
        }),
    ];
    for (text, is) in table {
        match text.parse::<Rule>() {
            Ok(rule) => panic!("{text:?} was taken as {rule}"),
            Err(error) => assert!(is(&error), "{text:?}: {error:?}"),
        }
    }
}

#[test]
fn an_error_shows_no_terminal_escapes() {
    let error = "https://a\u{1b}[31m.example.com\u{202e}".parse::<Rule>().unwrap_err();
    assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']), "{error}");
}

#[test]
fn a_request_is_brought_to_the_form_of_rules() {
    let request = asked("delete", "HTTPS://API.Example.COM.:443/a%20b?c=d");
    assert_eq!(request.to_string(), "DELETE https://api.example.com/a%20b");
    assert_eq!(request.port(), 443);
    assert_eq!(request.plain_path(), Some("/a b"));
    assert_eq!(asked("GET", "https://example.com?q").path(), "/");
    assert_eq!(
        asked("GET", "http://[::ffff:7f00:1]:8080/").to_string(),
        "GET http://127.0.0.1:8080/"
    );
    assert_eq!(asked("GET", "http://2130706433/").to_string(), "GET http://127.0.0.1/");
    assert_eq!(asked("GET", "http://[::1]/").to_string(), "GET http://[::1]/");
}

#[test]
fn what_no_rule_could_allow_is_not_a_request() {
    for (method, url) in [
        ("CONNECT", "https://example.com/"),
        ("trace", "https://example.com/"),
        ("GET", "ftp://example.com/"),
        ("GET", "/a"),
        ("GET", "https://user:pass@example.com/"),
        ("GET", "https://example.com@evil.example/"),
        ("GET", "https://example.com:0/"),
        ("GET", "https://a..b/"),
        ("GET", "https://256.1.1.1/"),
    ] {
        assert!(request(method, url).is_err(), "{method} {url}");
    }
}

#[test]
fn a_rule_allows_what_it_says() {
    for (text, method, url, allowed) in [
        ("https://example.com", "GET", "https://example.com/any?x=1", true),
        ("https://example.com", "PROPFIND", "https://EXAMPLE.com.:443", true),
        ("https://example.com", "GET", "http://example.com/", false),
        ("https://example.com", "GET", "https://example.com:8443/", false),
        ("https://example.com", "GET", "https://example.com.evil.example/", false),
        ("https://example.com", "GET", "https://notexample.com/", false),
        ("https://example.com", "GET", "https://a.example.com/", false),
        ("https://*.example.com", "GET", "https://a.example.com/", true),
        ("https://*.example.com", "GET", "https://a.b.example.com/", true),
        ("https://*.example.com", "GET", "https://example.com/", false),
        ("https://*.example.com", "GET", "https://evilexample.com/", false),
        ("https://bücher.example", "GET", "https://xn--bcher-kva.example/", true),
        ("GET,HEAD https://example.com", "HEAD", "https://example.com/", true),
        ("GET https://example.com", "get", "https://example.com/", true),
        ("GET https://example.com", "POST", "https://example.com/", false),
        ("https://example.com/a", "GET", "https://example.com/a?q", true),
        ("https://example.com/a", "GET", "https://example.com/%61", true),
        ("https://example.com/a", "GET", "https://example.com/a/", false),
        ("https://example.com/a", "GET", "https://example.com/A", false),
        ("https://example.com/a/*", "GET", "https://example.com/a/b/c", true),
        ("https://example.com/a/*", "GET", "https://example.com/a/", true),
        ("https://example.com/a/*", "GET", "https://example.com/a", false),
        ("https://example.com/a/*", "GET", "https://example.com/ab", false),
        ("https://example.com/a/*", "GET", "https://example.com/a/../b", false),
        (
            "https://example.com/a/*",
            "GET",
            "https://example.com/a/%2e%2e/b",
            false,
        ),
        ("https://example.com/a/*", "GET", "https://example.com/a/..%2fb", false),
        ("https://example.com/a/*", "GET", "https://example.com/a//b", false),
        ("https://example.com/a/*", "GET", "https://example.com/a/..;/b", false),
        ("https://example.com/a/*", "GET", "https://example.com/a/b%00", false),
        ("https://example.com/*", "GET", "https://example.com/a/./b", false),
        ("https://example.com", "GET", "https://example.com/a/../b", true),
        ("http://127.0.0.1:8080", "GET", "http://0177.1:8080/", true),
    ] {
        assert_eq!(
            rule(text).allows(&asked(method, url)),
            allowed,
            "{text}: {method} {url}"
        );
    }
}

#[test]
fn a_denying_rule_stops_what_could_be_read_in_two_ways() {
    for (text, method, url, denied) in [
        (
            "https://example.com/admin/*",
            "GET",
            "https://example.com/admin/a",
            true,
        ),
        (
            "https://example.com/admin/*",
            "GET",
            "https://example.com/public",
            false,
        ),
        (
            "https://example.com/admin/*",
            "GET",
            "https://example.com/public/%2e%2e/admin/a",
            true,
        ),
        (
            "https://example.com/admin/*",
            "GET",
            "https://example.com//admin/a",
            true,
        ),
        (
            "https://example.com/admin/*",
            "GET",
            "https://other.example/a//b",
            false,
        ),
        ("DELETE https://example.com", "GET", "https://example.com/a", false),
        ("DELETE https://example.com", "delete", "https://example.com/a", true),
    ] {
        assert_eq!(rule(text).denies(&asked(method, url)), denied, "{text}: {method} {url}");
    }
}

#[test]
fn a_rule_that_names_methods_takes_no_request_that_overrides_its_own() {
    for header in [
        "x-http-method-override",
        "X_HTTP_Method_Override",
        "x-http-method",
        "x-method-override",
    ] {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            http::HeaderName::from_bytes(header.as_bytes()).unwrap(),
            http::HeaderValue::from_static("DELETE"),
        );
        let overriding = asked("GET", "https://example.com/").with_headers(&headers);
        assert!(!rule("GET https://example.com").allows(&overriding), "{header}");
        assert!(rule("https://example.com").allows(&overriding), "{header}");
        assert!(rule("DELETE https://example.com").denies(&overriding), "{header}");
    }
}

#[test]
fn only_a_private_rule_covers_a_private_one() {
    let plain = rule("http://127.0.0.1");
    let private = plain.clone().private();
    assert!(private.covers(&plain) && !plain.covers(&private));
    assert_eq!(private.and(&plain), Some(plain.clone()));
    assert_eq!(private.to_toml(), "{ rule = \"http://127.0.0.1\", private = true }");
    assert_eq!(plain.to_toml(), "\"http://127.0.0.1\"");
}

#[test]
fn rules_that_another_covers_are_left_out_of_what_both_allow() {
    let asked = [rule("https://a.example.com/v1/*"), rule("https://*.example.com/v1/x")];
    let granted = [rule("GET https://*.example.com"), rule("https://b.example.com/*")];
    let both: Vec<String> = Rule::in_both(&asked, &granted).iter().map(Rule::to_string).collect();
    assert_eq!(
        both,
        [
            "GET https://a.example.com/v1/*",
            "GET https://*.example.com/v1/x",
            "https://b.example.com/v1/x"
        ]
    );
}

/// Texts from a small world, so that rules and requests often meet.
fn rules() -> impl Strategy<Value = Rule> {
    let methods = prop::sample::select(vec!["", "GET ", "POST ", "GET,POST ", "HEAD,GET "]);
    let schemes = prop::sample::select(vec!["https", "http"]);
    let hosts = prop::sample::select(vec![
        "a.example.com",
        "b.a.example.com",
        "*.example.com",
        "*.a.example.com",
        "127.0.0.1",
    ]);
    let ports = prop::sample::select(vec!["", ":443", ":8080"]);
    let paths = prop::sample::select(vec!["", "/", "/*", "/a", "/a/*", "/a/b", "/a/b/*"]);
    (methods, schemes, hosts, ports, paths, any::<bool>()).prop_map(|(method, scheme, host, port, path, private)| {
        let rule = rule(&format!("{method}{scheme}://{host}{port}{path}"));
        if private { rule.private() } else { rule }
    })
}

fn requests() -> impl Strategy<Value = Request> {
    let methods = prop::sample::select(vec!["GET", "POST", "HEAD", "DELETE"]);
    let schemes = prop::sample::select(vec!["https", "http"]);
    let hosts = prop::sample::select(vec![
        "a.example.com",
        "b.a.example.com",
        "example.com",
        "c.example.com",
        "127.1",
    ]);
    let ports = prop::sample::select(vec!["", ":443", ":8080"]);
    let paths = prop::sample::select(vec![
        "", "/", "/a", "/a/", "/a/b", "/a/b/c", "/a/../b", "/a//b", "/c%2fd",
    ]);
    (methods, schemes, hosts, ports, paths, any::<bool>()).prop_map(
        |(method, scheme, host, port, path, override_it)| {
            let url = format!("{scheme}://{host}{port}{path}");
            if override_it {
                overriding(method, &url, "x-http-method")
            } else {
                asked(method, &url)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_parses_or_is_refused_and_what_parses_round_trips(text in "(GET |get,post )?(https?://)?[a-zA-Z0-9*.:@%_\\[\\]/üא-]{0,40}") {
        if let Ok(rule) = text.parse::<Rule>() {
            let written = rule.to_string();
            prop_assert_eq!(written.parse::<Rule>().unwrap(), rule);
            prop_assert!(written.is_ascii() && !written.contains(['"', '\\']));
        }
    }

    #[test]
    fn no_text_at_all_makes_the_parser_panic(text in any::<String>()) {
        let _ = text.parse::<Rule>();
        let _ = format!("https://{text}").parse::<Rule>();
        let _ = format!("https://example.com/{text}").parse::<Rule>();
    }

    #[test]
    fn what_a_path_allows_stays_below_it(tail in "[a-z./%2eEfF5cC;\\\\]{0,16}") {
        if let Ok(uri) = format!("https://example.com/a/{tail}").parse::<http::Uri>()
            && let Ok(request) = Request::parse(&http::Method::GET, &uri)
            && rule("https://example.com/a/*").allows(&request)
        {
            let normalised = url::Url::parse(&format!("https://example.com{}", request.path())).unwrap();
            prop_assert!(normalised.path().starts_with("/a/"), "{}", normalised);
        }
    }

    #[test]
    fn rules_round_trip(rule in rules()) {
        let again: Rule = rule.to_string().parse().unwrap();
        prop_assert_eq!(if rule.is_private() { again.private() } else { again }, rule);
    }

    #[test]
    fn a_rule_that_covers_another_allows_all_that_the_other_does(one in rules(), two in rules(), request in requests()) {
        prop_assert!(one.covers(&one));
        if one.covers(&two) {
            prop_assert!(!two.allows(&request) || one.allows(&request));
            prop_assert_eq!(one.and(&two), Some(Rule { private: one.private && two.private, ..two }));
        }
    }

    #[test]
    fn what_two_rules_allow_together_is_what_each_allows(one in rules(), two in rules(), request in requests()) {
        let both = one.and(&two);
        prop_assert_eq!(both.is_some_and(|both| both.allows(&request)), one.allows(&request) && two.allows(&request));
    }

    #[test]
    fn what_lists_allow_together_is_what_a_rule_of_each_allows(
        asked in prop::collection::vec(rules(), 0..4),
        granted in prop::collection::vec(rules(), 0..4),
        request in requests(),
    ) {
        let allowed = Rule::in_both(&asked, &granted).iter().any(|rule| rule.allows(&request));
        prop_assert_eq!(
            allowed,
            asked.iter().any(|rule| rule.allows(&request)) && granted.iter().any(|rule| rule.allows(&request))
        );
    }

    #[test]
    fn what_a_rule_allows_the_same_rule_denies(rule in rules(), request in requests()) {
        prop_assert!(!rule.allows(&request) || rule.denies(&request));
    }
}
