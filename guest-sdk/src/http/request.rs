//! A request, built step by step.

use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

use serde::Serialize;

use super::redirect::redirected;
use super::url::Url;
use super::{Error, Response, exchange};

/// A request, built step by step. What can not be sent as it is fails when it is sent.
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(super) method: String,
    pub(super) url: Url,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    redirects: u8,
    failure: Option<Error>,
}

impl Request {
    /// A request with any method.
    pub fn new(method: &str, url: impl AsRef<str>) -> Self {
        let (url, failure) = match Url::parse(url.as_ref()) {
            Ok(url) => (url, None),
            Err(failure) => (Url::nowhere(), Some(failure)),
        };
        let user_agent = concat!("pocket-tool/", env!("CARGO_PKG_VERSION"));
        Self {
            method: method.to_owned(),
            url,
            headers: vec![("user-agent".to_owned(), user_agent.to_owned())],
            body: None,
            timeout: None,
            connect_timeout: None,
            redirects: 0,
            failure,
        }
    }

    /// Adds to the query what can be serialised as pairs, such as `&[("limit", 10)]` or a struct of scalars.
    pub fn query(mut self, pairs: &(impl Serialize + ?Sized)) -> Self {
        match serde_urlencoded::to_string(pairs) {
            Ok(pairs) => self.url.add_query(&pairs),
            Err(e) => self.fail(format!("the query is not made of pairs: {e}")),
        }
        self
    }

    /// Sets a header; one of that name is replaced.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let name = name.to_ascii_lowercase();
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.as_ref().to_owned()));
        self
    }

    /// Sets `authorization: Bearer …`.
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Sends JSON.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.default_type("application/json").body(body),
            Err(e) => {
                self.fail(format!("the request's body is not JSON: {e}"));
                self
            }
        }
    }

    /// Sends a form: what can be serialised as pairs.
    pub fn form(mut self, pairs: &(impl Serialize + ?Sized)) -> Self {
        match serde_urlencoded::to_string(pairs) {
            Ok(body) => self.default_type("application/x-www-form-urlencoded").body(body),
            Err(e) => {
                self.fail(format!("the form is not made of pairs: {e}"));
                self
            }
        }
    }

    /// Sends these bytes; their `content-type` is the caller's to set.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    /// How long the whole exchange may take, until the last byte of the response is read.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long connecting may take.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Follows up to so many redirects; without this, a redirect is a response like any other.
    ///
    /// The host decides on every step anew. `authorization` and `cookie` are not sent to another origin.
    pub fn follow(mut self, redirects: u8) -> Self {
        self.redirects = redirects;
        self
    }

    /// Sends the request and waits for the response's head. Any status is a response.
    ///
    /// # Errors
    ///
    /// [`Error::Denied`] where the host does not allow the request, and whatever else can go wrong on the way.
    pub fn send(mut self) -> Result<Response, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let deadline = self.timeout.map(exchange::Deadline::after);
        let mut left = self.redirects;
        loop {
            let response = exchange::send(&self, deadline)?;
            if self.redirects == 0 {
                return Ok(response);
            }
            match redirected(&self, response.status(), response.header("location"))? {
                None => return Ok(response),
                Some(_) if left == 0 => return Err(Error::TooManyRedirects(self.target())),
                Some(next) => self = next,
            }
            left -= 1;
        }
    }

    /// How errors show this request.
    pub(super) fn target(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    fn default_type(mut self, content_type: &str) -> Self {
        if !self.headers.iter().any(|(name, _)| name == "content-type") {
            self.headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        self
    }

    /// The first failure is the one to tell.
    fn fail(&mut self, what: String) {
        self.failure.get_or_insert(Error::Invalid(what));
    }
}

/// Headers, query and body may hold secrets, so only method, host and path are shown.
impl Debug for Request {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Request(`{}`)", self.target())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_header_is_replaced_whatever_its_case() {
        let request = super::super::get("https://a/")
            .header("Accept", "a")
            .header("accept", "b")
            .header("User-Agent", "c");
        assert_eq!(
            request.headers,
            [
                ("accept".to_owned(), "b".to_owned()),
                ("user-agent".to_owned(), "c".to_owned())
            ]
        );
    }

    #[test]
    fn a_body_brings_its_type_unless_one_is_set() {
        let content_type = |request: Request| {
            let (_, value) = request.headers.into_iter().find(|(name, _)| name == "content-type")?;
            Some(value)
        };
        let post = || super::super::post("https://a/");
        assert_eq!(
            content_type(post().json(&json!({}))).as_deref(),
            Some("application/json")
        );
        assert_eq!(
            content_type(post().form(&[("a", "b c")])).as_deref(),
            Some("application/x-www-form-urlencoded")
        );
        let own = post()
            .header("content-type", "application/vnd.api+json")
            .json(&json!({}));
        assert_eq!(content_type(own).as_deref(), Some("application/vnd.api+json"));
        assert_eq!(post().form(&[("a", "b c&")]).body.as_deref(), Some(&b"a=b+c%26"[..]));
    }

    #[test]
    fn debug_shows_no_secret_of_a_request() {
        let request = super::super::post("https://me:planted@a/b?t=planted")
            .bearer("planted")
            .form(&[("t", "planted")]);
        assert_eq!(format!("{request:?}"), "Request(`POST https://a/b`)");
    }

    #[test]
    fn a_query_is_encoded() {
        let request = super::super::get("https://a/b?c=d").query(&[("e", "f g"), ("h", "ä&")]);
        assert_eq!(request.url.path_with_query(), "/b?c=d&e=f+g&h=%C3%A4%26");
    }

    #[test]
    fn what_can_not_be_sent_fails_when_it_is_sent() {
        assert!(matches!(super::super::get("nowhere").send(), Err(Error::Invalid(_))));
        assert!(matches!(
            super::super::get("https://a/").query(&7).send(),
            Err(Error::Invalid(_))
        ));
        assert!(matches!(
            super::super::post("https://a/").form(&[1]).send(),
            Err(Error::Invalid(_))
        ));
    }
}
