//! What is looked at before any page: the host, the method, the length, and where the request comes from.

use axum::{
    Extension,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::auth::pages;

/// The longest path and query of a request.
const LONGEST_TARGET: usize = 8 * 1024;

/// How a request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) https: bool,
    pub(super) port: u16,
}

/// Lets a request through, or answers it with a page that says why not.
pub(super) async fn guard(Extension(arrived): Extension<Arrived>, request: Request, next: Next) -> Response {
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
    if uri.authority().is_some() || !is_this_machine(headers, arrived.port) {
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

/// Whether the request names this machine and the port it came to, and only once.
fn is_this_machine(headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let Ok(host) = host.to_str() else { return false };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
        let given = host.get(name.len()..).and_then(|rest| rest.strip_prefix(':'));
        host.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
            && given == Some(&port.to_string())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const ARRIVED: Arrived = Arrived {
        https: false,
        port: 8976,
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
