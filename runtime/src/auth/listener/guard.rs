//! What is looked at before any page: the host, the method, the length, and where the request comes from.

use std::sync::Arc;

use axum::{
    Extension,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::auth::pages;

/// The longest path and query of a request.
const LONGEST_TARGET: usize = 8 * 1024;

/// How a request arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) https: bool,
    pub(super) port: u16,
    /// The host that it has to name; this machine where none is said.
    pub(super) host: Option<Arc<str>>,
}

impl Arrived {
    /// At a port of this machine.
    pub(super) const fn here(https: bool, port: u16) -> Self {
        Self {
            https,
            port,
            host: None,
        }
    }

    /// Whether that is where a request says that it goes: `host:port`, or without the port that the scheme implies.
    fn is_at(&self, named: &str) -> bool {
        let is = |host: &str| {
            let rest = named.get(host.len()..).unwrap_or_default();
            let is_host = named
                .get(..host.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(host));
            let implied = if self.https { 443 } else { 80 };
            is_host && (rest == format!(":{}", self.port) || (rest.is_empty() && self.port == implied))
        };
        match &self.host {
            Some(host) => is(host),
            None => ["localhost", "127.0.0.1", "[::1]"].into_iter().any(is),
        }
    }
}

/// Lets a request through, or answers it with a page that says why not.
pub(super) async fn guard(Extension(arrived): Extension<Arrived>, mut request: Request, next: Next) -> Response {
    name_host(&mut request);
    match refusal(&arrived, request.method(), request.uri(), request.headers()) {
        Some((status, why)) => pages::refused(status, why).into_response(),
        None => next.run(request).await,
    }
}

fn refusal(
    arrived: &Arrived,
    method: &Method,
    uri: &axum::http::Uri,
    headers: &HeaderMap,
) -> Option<(StatusCode, &'static str)> {
    if !matches!(*method, Method::GET | Method::POST) {
        return Some((StatusCode::METHOD_NOT_ALLOWED, "Pages here are only fetched and sent."));
    }
    let is_elsewhere = uri.authority().is_some_and(|named| !arrived.is_at(named.as_str()));
    if is_elsewhere || !is_here(headers, arrived) {
        // Else a page of somebody's whose name leads to this machine could read ours (DNS rebinding).
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "This is not the address of these pages.",
        ));
    }
    if uri
        .path_and_query()
        .is_some_and(|target| target.as_str().len() > LONGEST_TARGET)
    {
        return Some((
            StatusCode::URI_TOO_LONG,
            "This address is longer than any that belongs here.",
        ));
    }
    let says = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if says("sec-purpose")
        .or_else(|| says("purpose"))
        .is_some_and(|purpose| purpose.contains("prefetch"))
    {
        return Some((StatusCode::FORBIDDEN, "These pages are not fetched ahead."));
    }
    let from_here = says("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    if method == Method::POST && !from_here {
        return Some((StatusCode::FORBIDDEN, "Another site sent this form."));
    }
    None
}

/// HTTP/2 names the host in the address alone (RFC 9113 section 8.3.1).
fn name_host(request: &mut Request) {
    let named = request.uri().authority().map(|named| named.as_str());
    let named = named.and_then(|named| HeaderValue::try_from(named).ok());
    if let Some(named) = named
        && !request.headers().contains_key(header::HOST)
    {
        request.headers_mut().insert(header::HOST, named);
    }
}

/// Whether the request names the place it came to, and only once.
fn is_here(headers: &HeaderMap, arrived: &Arrived) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    host.to_str().is_ok_and(|host| arrived.is_at(host))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const ARRIVED: Arrived = Arrived {
        https: false,
        port: 8976,
        host: None,
    };

    fn status(method: &str, target: &str, headers: &[(&'static str, &str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let method = method.parse().unwrap();
        refusal(&ARRIVED, &method, &target.parse().unwrap(), &map).map(|(status, _why)| status.as_u16())
    }

    #[test]
    fn only_the_names_of_this_machine_with_the_port_are_hosts() {
        for host in ["localhost:8976", "LOCALHOST:8976", "127.0.0.1:8976", "[::1]:8976"] {
            assert_eq!(status("GET", "/", &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8976",
            "localhost",
            "localhost:1",
            "127.0.0.1.evil:8976",
            "::1:8976",
            "",
        ] {
            assert_eq!(status("GET", "/", &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(status("GET", "/", &[]), Some(421));
        assert_eq!(
            status("GET", "/", &[("host", "localhost:8976"), ("host", "evil.example")]),
            Some(421)
        );
        assert_eq!(
            status("GET", "http://evil.example/", &[("host", "localhost:8976")]),
            Some(421)
        );
    }

    #[test]
    fn a_site_that_others_reach_is_its_own_name_alone() {
        let site = |https, port| Arrived {
            https,
            port,
            host: Some(Arc::from("tools.example")),
        };
        for (named, arrived) in [
            ("tools.example", site(true, 443)),
            ("TOOLS.example:443", site(true, 443)),
            ("tools.example", site(false, 80)),
            ("tools.example:8443", site(true, 8443)),
        ] {
            assert!(arrived.is_at(named), "{named}");
        }
        for named in [
            "localhost:443",
            "127.0.0.1",
            "tools.example:80",
            "tools.example.evil",
            "evil.tools.example",
            "tools.example@evil",
            "tools.example:443:443",
            "",
        ] {
            assert!(!site(true, 443).is_at(named), "{named}");
        }
        assert!(!site(true, 8443).is_at("tools.example"));
    }

    #[test]
    fn no_method_but_get_and_post_no_long_target_and_no_foreign_form() {
        let host = ("host", "localhost:8976");
        for method in ["HEAD", "PUT", "OPTIONS", "CONNECT"] {
            assert_eq!(status(method, "/", &[host]), Some(405), "{method}");
        }
        let long = format!("/auth/slack/callback?code={}", "a".repeat(LONGEST_TARGET));
        assert_eq!(status("GET", &long, &[host]), Some(414));
        assert_eq!(
            status("GET", "/", &[host, ("sec-purpose", "prefetch;prerender")]),
            Some(403)
        );
        assert_eq!(
            status("POST", "/", &[host, ("sec-fetch-site", "cross-site")]),
            Some(403)
        );
        assert_eq!(status("POST", "/", &[host, ("sec-fetch-site", "same-origin")]), None);
        assert_eq!(
            status("GET", "/", &[host, ("sec-fetch-site", "cross-site")]),
            None,
            "a provider's redirect"
        );
    }
}
