//! What is looked at before any route: where a request says that it goes, where it comes from, and whose key it has.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use pocket_runtime::{Code, Profile};
use url::Url;

use crate::{api::problem::Problem, caller::Caller, incoming, keys::Key, server::Core};

/// The longest path and query of a request.
const LONGEST_TARGET: usize = 8 * 1024;

/// The names under which a server is reached.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    port: u16,
    /// The host and port of the public URL, and its origin.
    public: Option<(String, String)>,
}

impl Place {
    pub(crate) fn of(port: u16, public_url: Option<&Url>) -> Self {
        let public = public_url.and_then(|url| {
            let host = url.host_str()?;
            let named = match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            };
            Some((named, url.origin().ascii_serialization()))
        });
        Self { port, public }
    }

    /// Whether this is how a request names it: else a page of somebody's whose name leads here could read ours (DNS rebinding).
    fn is_named(&self, authority: &str) -> bool {
        if let Some((named, _)) = &self.public
            && named.eq_ignore_ascii_case(authority)
        {
            return true;
        }
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let is_of_this_machine = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|name| authority.host().eq_ignore_ascii_case(name));
        !authority.as_str().contains('@') && is_of_this_machine && authority.port_u16().unwrap_or(80) == self.port
    }

    /// Whether a browser's page that sent a request is one of ours.
    fn is_origin(&self, origin: &str) -> bool {
        if let Some((_, ours)) = &self.public
            && ours.eq_ignore_ascii_case(origin)
        {
            return true;
        }
        origin.strip_prefix("http://").is_some_and(|named| self.is_named(named))
    }

    /// Whether a request came in at the public URL.
    pub(crate) fn is_public(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let named = self.public.as_ref().map(|(named, _)| named);
        host.zip(named)
            .is_some_and(|(host, named)| named.eq_ignore_ascii_case(host))
    }

    /// Whether a browser says that a page of ours sent a request: it does so of each form.
    pub(crate) fn is_from_our_page(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next().map(|origin| origin.to_str()), origins.next()) {
            (Some(Ok(origin)), None) => self.is_origin(origin),
            _none_or_several => false,
        }
    }

    /// The port at which it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    fn refusal(&self, uri: &http::Uri, headers: &HeaderMap) -> Option<Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = match (hosts.next(), hosts.next(), uri.authority()) {
            (Some(host), None, None) => host.to_str().ok(),
            (Some(host), None, Some(named)) if host.as_bytes() == named.as_str().as_bytes() => host.to_str().ok(),
            (None, None, Some(named)) => Some(named.as_str()),
            _none_or_several => None,
        };
        if !host.is_some_and(|host| self.is_named(host)) {
            return Some(
                Problem::new(Code::Denied, "this is not the address of this server")
                    .hint("name it as it listens, or start it with `--public-url`")
                    .with_status(StatusCode::MISDIRECTED_REQUEST),
            );
        }
        let origins = headers.get_all(header::ORIGIN).iter();
        let is_foreign = origins
            .map(|origin| origin.to_str().unwrap_or_default())
            .any(|origin| !self.is_origin(origin));
        if is_foreign {
            return Some(Problem::new(Code::Denied, "a page of another site sent this"));
        }
        let target = uri.path_and_query().map_or("", |target| target.as_str());
        (target.len() > LONGEST_TARGET).then(|| {
            Problem::new(Code::InvalidInput, "this address is longer than any that belongs here")
                .with_status(StatusCode::URI_TOO_LONG)
        })
    }
}

/// Lets a request through that names this server and comes from no other site.
pub(crate) async fn is_ours(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    if let Some(refused) = core.place.refusal(request.uri(), request.headers()) {
        return refused.into_response();
    }
    // HTTP/2 names the server elsewhere; from here on it stands in one place.
    let named = request
        .uri()
        .authority()
        .map(|named| HeaderValue::try_from(named.as_str()));
    if let Some(Ok(named)) = named {
        request.headers_mut().insert(header::HOST, named);
    }
    next.run(request).await
}

/// Lets a request through whose key is one for metrics.
pub(crate) async fn needs_metrics_key(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    if core.settings.needs_key {
        match key(&core, request.headers()) {
            Ok(key) if key.metrics => {}
            Ok(_of_calls) => {
                return Problem::new(Code::Denied, "this key is not for metrics, which tell of all profiles")
                    .hint("`pocket keys create --metrics` makes one that is")
                    .into_response();
            }
            Err(problem) => return problem.into_response(),
        }
    }
    next.run(request).await
}

/// Lets a request through that has a key, and tells whose it is.
pub(crate) async fn needs_key(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    let caller = match caller(&core, request.headers()) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let turn = match core.turns.begin(&caller.owner().key) {
        Ok(turn) => turn,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(caller);
    match incoming::answered(core.settings.body_timeout, request, next).await {
        Ok(reply) => turn.until_end_of(reply),
        Err(problem) => problem.into_response(),
    }
}

fn caller(core: &Core, headers: &HeaderMap) -> Result<Caller, Problem> {
    if !core.settings.needs_key {
        return Ok(Caller::without_key(Profile::default()));
    }
    let key = key(core, headers)?;
    if key.metrics {
        return Err(
            Problem::new(Code::Denied, "this key reads `/metrics` and opens nothing else")
                .hint("`pocket keys create` makes one for calls"),
        );
    }
    Ok(Caller::with_key(key))
}

fn key(core: &Core, headers: &HeaderMap) -> Result<Arc<Key>, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(sent), None) = (sent.next(), sent.next()) else {
        return Err(Problem::no_key());
    };
    let text = sent.to_str().ok().and_then(|sent| {
        let (scheme, text) = sent.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
    });
    match core.keys.find(text.unwrap_or_default()) {
        Ok(Some(key)) => Ok(key),
        Ok(None) => Err(Problem::no_key()),
        Err(error) => {
            tracing::warn!(%error, "the keys cannot be read");
            Err(Problem::new(Code::Internal, "the keys cannot be read"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn status(place: &Place, target: &str, headers: &[(&'static str, &str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let refused = place.refusal(&target.parse().unwrap(), &map)?;
        Some(refused.into_response().status().as_u16())
    }

    #[test]
    fn only_names_of_this_machine_or_the_public_one_are_its_address() {
        let here = Place::of(8975, None);
        for host in ["localhost:8975", "LOCALHOST:8975", "127.0.0.1:8975", "[::1]:8975"] {
            assert_eq!(status(&here, "/", &[("host", host)]), None, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8975",
            "localhost",
            "localhost:1",
            "127.0.0.1.evil:8975",
            "localhost:8975@evil",
            "evil@localhost:8975",
            "",
        ] {
            assert_eq!(status(&here, "/", &[("host", host)]), Some(421), "{host}");
        }
        assert_eq!(status(&here, "/", &[]), Some(421));
        let twice = [("host", "localhost:8975"), ("host", "evil.example")];
        assert_eq!(status(&here, "/", &twice), Some(421));
        assert_eq!(
            status(&here, "http://evil.example/", &[("host", "localhost:8975")]),
            Some(421)
        );
        assert_eq!(status(&here, "http://localhost:8975/", &[]), None, "HTTP/2");
        let site = Place::of(8975, Some(&"https://tools.example".parse().unwrap()));
        assert_eq!(status(&site, "/", &[("host", "Tools.example")]), None);
        assert_eq!(status(&site, "/", &[("host", "tools.example:8975")]), Some(421));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let here = Place::of(8975, None);
        let host = ("host", "localhost:8975");
        for origin in ["http://localhost:8975", "http://127.0.0.1:8975"] {
            assert_eq!(status(&here, "/", &[host, ("origin", origin)]), None, "{origin}");
        }
        for origin in [
            "null",
            "https://localhost:8975",
            "http://localhost",
            "http://localhost:1",
            "http://evil.example",
            "http://localhost:8975.evil.example",
            "",
        ] {
            assert_eq!(status(&here, "/", &[host, ("origin", origin)]), Some(403), "{origin}");
        }
    }
}
