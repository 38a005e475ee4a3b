//! The cookie of a session.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use pocket_runtime::Secret;

use crate::door::Place;

/// The cookie of a session, as it is called where a request came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cookie {
    name: String,
    is_secure: bool,
}

impl Cookie {
    /// At the public https URL no other host of its domain can set it (`__Host-`). On this machine ports do not keep cookies apart, so
    /// it is named after ours.
    pub(crate) fn of(place: &Place, headers: &HeaderMap) -> Self {
        let is_secure = place.is_public(headers);
        let name = if is_secure {
            "__Host-pocket-session".to_owned()
        } else {
            format!("pocket-session-{}", place.port())
        };
        Self { name, is_secure }
    }

    /// What it says in this request.
    pub(crate) fn read<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let sent = headers.get_all(header::COOKIE).iter();
        let pairs = sent
            .filter_map(|sent| sent.to_str().ok())
            .flat_map(|sent| sent.split(';'));
        let mut ours = pairs.filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name).then_some(value)
        });
        // Two of a name: somebody else set one of them.
        match (ours.next(), ours.next()) {
            (Some(value), None) => Some(value),
            _none_or_several => None,
        }
    }

    /// The header that sets it. Under the public URL a provider sends a browser back to a sign-in's page, and people come to it from what they
    /// read elsewhere, so it comes along on such ways (`Lax`); what changes something is a form with a mark of its session in it. On
    /// this machine there are none of these pages at our port.
    pub(crate) fn set(&self, value: &Secret, last: Duration) -> HeaderValue {
        let seconds = last.as_secs();
        self.header(value.expose(), seconds)
    }

    /// The header that takes it away.
    pub(crate) fn unset(&self) -> HeaderValue {
        self.header("", 0)
    }

    fn header(&self, value: &str, seconds: u64) -> HeaderValue {
        let site = if self.is_secure {
            "SameSite=Lax; Secure"
        } else {
            "SameSite=Strict"
        };
        let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; {site}", self.name);
        // Letters of ours alone, so it always is a header's value.
        let mut header = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn headers(host: &str, cookies: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        for cookie in cookies {
            headers.append("cookie", cookie.parse().unwrap());
        }
        headers
    }

    #[test]
    fn it_is_read_where_it_stands_once() {
        let place = Place::of(8975, None);
        let read = |cookies: &[&str]| {
            let headers = headers("localhost:8975", cookies);
            Cookie::of(&place, &headers).read(&headers).map(ToOwned::to_owned)
        };
        assert_eq!(read(&["a=b; pocket-session-8975=x"]).as_deref(), Some("x"));
        assert_eq!(read(&["a=b", "pocket-session-8975=x"]).as_deref(), Some("x"));
        for none in [
            &["pocket-session-8976=x"][..],
            &["xpocket-session-8975=x"],
            &[],
            &["pocket-session-8975=x; pocket-session-8975=y"],
            &["pocket-session-8975=x", "pocket-session-8975=y"],
        ] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }

    #[test]
    fn under_a_public_url_it_is_of_that_host_alone() {
        let place = Place::of(8975, Some(&"https://tools.example".parse().unwrap()));
        let set = |host: &str| {
            let cookie = Cookie::of(&place, &headers(host, &[]));
            let header = cookie.set(&Secret::new("x".to_owned()), Duration::from_secs(5));
            assert!(header.is_sensitive());
            header.to_str().unwrap().to_owned()
        };
        let rest = "=x; Path=/; Max-Age=5; HttpOnly; SameSite=";
        assert_eq!(set("tools.example"), format!("__Host-pocket-session{rest}Lax; Secure"));
        assert_eq!(set("localhost:8975"), format!("pocket-session-8975{rest}Strict"));
    }
}
