//! A response: its head is here, its body still on the way.

use std::fmt::{self, Debug, Formatter};

use serde::de::DeserializeOwned;

use super::{Body, Error};

/// A response: its head is here, its body still on the way.
pub struct Response {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Body,
}

/// As much of an error's body as its message shows.
const SHOWN: usize = 300;

impl Response {
    /// The status, such as 200.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of the 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All headers that are text, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), str::from_utf8(value).ok()?)))
    }

    /// The body as a stream, for what is too large to be held.
    pub fn body(self) -> Body {
        self.body
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// Where the body breaks off, takes too long or is larger than the host allows.
    pub fn bytes(self) -> Result<Vec<u8>, Error> {
        self.body.read_all()
    }

    /// The whole body as text; what is not UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    pub fn text(self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }

    /// The whole body read as JSON.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and [`Error::NotJson`] naming the place that does not fit.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let target = self.body.target().to_owned();
        let bytes = self.bytes()?;
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(&bytes)).map_err(|e| {
            let path = e.path().to_string();
            let why = e.into_inner();
            Error::NotJson(
                target,
                if path == "." {
                    why.to_string()
                } else {
                    format!("`{path}`: {why}")
                },
            )
        })
    }

    /// The response itself if its status is below 400, else the error a tool gives: 401 is
    /// [`Unauthorized`](crate::Error::Unauthorized), 429 is [`RateLimited`](crate::Error::RateLimited) for as long as
    /// `retry-after` says, and any other has failed.
    ///
    /// # Errors
    ///
    /// For a status of 400 or more.
    pub fn error_for_status(self) -> Result<Self, crate::Error> {
        match self.status {
            401 => Err(crate::Error::unauthorized(self.failure())),
            429 => Err(crate::Error::rate_limited(self.retry_after().unwrap_or(60))),
            400.. => Err(crate::Error::failed(self.failure())),
            _ => Ok(self),
        }
    }

    /// The seconds in `retry-after`, if it gives seconds.
    pub fn retry_after(&self) -> Option<u32> {
        self.header("retry-after")?.trim().parse().ok()
    }

    fn failure(self) -> String {
        let status = self.status;
        let target = self.body.target().to_owned();
        let body = self.text().unwrap_or_default();
        let body = body.trim();
        let shown: String = body.chars().take(SHOWN).collect();
        let cut = if shown.len() < body.len() { "…" } else { "" };
        if shown.is_empty() {
            format!("`{target}` was answered with status {status}")
        } else {
            format!("`{target}` was answered with status {status}: {shown}{cut}")
        }
    }
}

/// Headers may hold secrets, so only the request and the status are shown.
impl Debug for Response {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} to `{}`)", self.status, self.body.target())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: Body::of("GET https://a/".to_owned(), body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn a_header_is_found_whatever_its_case() {
        let response = response(200, &[("content-type", "text/html")], "");
        assert_eq!(response.header("Content-Type"), Some("text/html"));
        assert_eq!(response.header("accept"), None);
    }

    #[test]
    fn debug_shows_no_secret_of_a_response() {
        let response = response(200, &[("set-cookie", "planted")], "planted");
        assert_eq!(format!("{response:?}"), "Response(200 to `GET https://a/`)");
    }

    #[test]
    fn a_status_becomes_the_error_of_a_tool() {
        let error = |status, headers: &[_], body| response(status, headers, body).error_for_status().unwrap_err();
        assert!(response(399, &[], "").error_for_status().is_ok());
        assert_eq!(error(429, &[("retry-after", "7")], ""), crate::Error::rate_limited(7));
        assert_eq!(
            error(429, &[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], ""),
            crate::Error::rate_limited(60)
        );
        let unauthorized = "`GET https://a/` was answered with status 401: Bad credentials";
        assert_eq!(
            error(401, &[], " Bad credentials\n"),
            crate::Error::unauthorized(unauthorized)
        );
        assert_eq!(
            error(500, &[], ""),
            crate::Error::failed("`GET https://a/` was answered with status 500")
        );
        let long = error(500, &[], &"ä".repeat(400)).to_string();
        assert!(long.ends_with(&format!("500: {}…", "ä".repeat(300))));
    }

    #[test]
    fn json_names_the_place_that_does_not_fit() {
        let error = response(200, &[], r#"{"a":[true,1]}"#).json::<std::collections::HashMap<String, Vec<bool>>>();
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("the reply to `GET https://a/` is not what was expected: `a[1]`: "),
            "{error}"
        );
    }

    #[test]
    fn text_that_is_not_utf_8_is_mended() {
        let mut response = response(200, &[], "");
        response.body = Body::of(String::new(), vec![b'a', 0xff, b'b']);
        assert_eq!(response.text().unwrap(), "a\u{fffd}b");
    }
}
