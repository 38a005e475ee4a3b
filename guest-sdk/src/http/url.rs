//! The parts of a URL that a request needs.

use std::fmt::{self, Display, Formatter};

use super::Error;

/// Whether a request is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A URL in the parts that `wasi:http` takes. Its host is left as written: names are the host's to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Scheme,
    pub(super) authority: String,
    /// Starts with a slash; what may not stand in a path is percent-encoded.
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl Url {
    /// What stands in for a URL that could not be read.
    pub(super) fn nowhere() -> Self {
        Self {
            scheme: Scheme::Https,
            authority: String::new(),
            path: "/".to_owned(),
            query: None,
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| Error::Invalid(format!("not an absolute URL: `{}`", shown(text))))?;
        let scheme = if scheme.eq_ignore_ascii_case("https") {
            Scheme::Https
        } else if scheme.eq_ignore_ascii_case("http") {
            Scheme::Http
        } else {
            return Err(Error::Invalid(format!(
                "neither an http nor an https URL: `{}`",
                shown(text)
            )));
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(Error::Invalid(format!("the URL has no host: `{}`", shown(text))));
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(encoded(query))),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { encoded(path) };
        Ok(Self {
            scheme,
            authority: authority.to_owned(),
            path,
            query,
        })
    }

    /// What a `Location` header means when this URL was asked for.
    pub(super) fn join(&self, location: &str) -> Result<Self, Error> {
        let location = location.trim();
        let scheme = self.scheme.as_str();
        let authority = &self.authority;
        let before = location.split(['?', '#']).next().unwrap_or_default();
        if before.contains("://") {
            Self::parse(location)
        } else if location.starts_with("//") {
            Self::parse(&format!("{scheme}:{location}"))
        } else if location.starts_with('/') {
            Self::parse(&format!("{scheme}://{authority}{location}"))
        } else if before.is_empty() {
            Self::parse(&format!("{scheme}://{authority}{}{location}", self.path))
        } else {
            let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            Self::parse(&format!("{scheme}://{authority}{folder}/{location}"))
        }
    }

    pub(super) fn add_query(&mut self, pairs: &str) {
        match &mut self.query {
            Some(query) if !query.is_empty() && !pairs.is_empty() => {
                query.push('&');
                query.push_str(pairs);
            }
            query if !pairs.is_empty() => *query = Some(pairs.to_owned()),
            _ => {}
        }
    }

    pub(super) fn path_with_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.authority.eq_ignore_ascii_case(&other.authority)
    }
}

/// Without query and userinfo, which may hold secrets.
impl Display for Url {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let host = self.authority.rsplit('@').next().unwrap_or_default();
        write!(f, "{}://{host}{}", self.scheme.as_str(), self.path)
    }
}

fn shown(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

/// Percent-encodes what may not stand in a path or query, and leaves what is encoded already.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'!' | b'#'..=b';' | b'=' | b'?'..=b'[' | b'\\' | b']'..=b'_' | b'a'..=b'z' | b'|' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn parts(text: &str) -> (String, String) {
        let url = Url::parse(text).unwrap();
        (
            format!("{}://{}", url.scheme.as_str(), url.authority),
            url.path_with_query(),
        )
    }

    #[test]
    fn a_url_is_split_into_origin_and_path() {
        let split = |text| {
            let (origin, path) = parts(text);
            format!("{origin} {path}")
        };
        assert_eq!(split("https://slack.com"), "https://slack.com /");
        assert_eq!(split("HTTP://127.0.0.1:80/a/b?c=d#e"), "http://127.0.0.1:80 /a/b?c=d");
        assert_eq!(split("https://slack.com?x=1"), "https://slack.com /?x=1");
        assert_eq!(split("https://u:p@h/"), "https://u:p@h /");
    }

    #[test]
    fn what_may_not_stand_in_a_path_is_encoded_once() {
        assert_eq!(
            parts("https://a/b c/ä%20?q=\"x y\"").1,
            "/b%20c/%C3%A4%20?q=%22x%20y%22"
        );
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in [
            "",
            "slack.com",
            "/path",
            "ftp://a/",
            "https://",
            "https:///path",
            "file:///etc/passwd",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_shows_neither_query_nor_password() {
        let shown = Url::parse("https://me:secret@a/b?token=secret").unwrap().to_string();
        assert_eq!(shown, "https://a/b");
        assert!(
            !Url::parse("nothing?token=secret")
                .unwrap_err()
                .to_string()
                .contains("secret")
        );
    }

    #[test]
    fn a_location_is_read_against_the_url_that_was_asked_for() {
        let url = Url::parse("https://a/b/c?d").unwrap();
        let join = |location: &str| {
            let joined = url.join(location).unwrap();
            format!(
                "{joined}{}",
                joined.query.as_ref().map(|q| format!("?{q}")).unwrap_or_default()
            )
        };
        assert_eq!(join("http://x/y"), "http://x/y");
        assert_eq!(join("//x/y"), "https://x/y");
        assert_eq!(join("/y?u=https://z"), "https://a/y?u=https://z");
        assert_eq!(join("y"), "https://a/b/y");
        assert_eq!(join("?y"), "https://a/b/c?y");
    }

    #[test]
    fn queries_add_up() {
        let mut url = Url::parse("https://a/").unwrap();
        url.add_query("");
        assert_eq!(url.path_with_query(), "/");
        url.add_query("a=1");
        url.add_query("b=2");
        assert_eq!(url.path_with_query(), "/?a=1&b=2");
    }
}
