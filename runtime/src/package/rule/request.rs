//! What a guest wants to send, brought to the one form in which rules are compared.

use std::fmt;

use crate::{
    base::text::shown_on_one_line,
    package::rule::{authority, host, path, scheme::Scheme},
};

/// What a guest wants to send, brought to the one form in which rules are compared. What is sent is made from this, so it is
/// what was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: String,
    scheme: Scheme,
    host: String,
    port: u16,
    path: String,
    plain_path: Option<String>,
    overrides_method: bool,
}

/// Why something is not a [`Request`] that any rule could allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotARequest {
    /// CONNECT and TRACE are never sent.
    #[error("this method is never sent: `{0}`")]
    Method(String),
    /// It is neither http nor https.
    #[error("only `https` and `http` are sent: `{0}`")]
    Scheme(String),
    /// It names nobody.
    #[error("the URL has no host")]
    NoHost,
    /// A name before `@` makes the host look like another.
    #[error("a URL with a user name or password before the host is not sent")]
    UserInfo,
    /// It is neither a name nor an address.
    #[error("this is not a host: `{0}`")]
    Host(String),
    /// It is no port.
    #[error("this is not a port: `{0}`")]
    Port(String),
    /// It does not begin with a slash.
    #[error("the path of a URL begins with a slash")]
    Path,
}

/// Headers by which some servers take another method than the one that was sent.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

impl Request {
    /// Brings a method and an absolute URL to the form in which rules are compared.
    ///
    /// # Errors
    /// When no rule could allow it: CONNECT, TRACE, another scheme, no host, userinfo.
    pub fn parse(method: &http::Method, uri: &http::Uri) -> Result<Self, NotARequest> {
        let method = method.as_str().to_ascii_uppercase();
        if matches!(method.as_str(), "CONNECT" | "TRACE") {
            return Err(NotARequest::Method(method));
        }
        let scheme = uri.scheme_str().unwrap_or_default();
        let scheme = Scheme::parse(scheme).ok_or_else(|| NotARequest::Scheme(shown_on_one_line(scheme)))?;
        let written = uri.authority().ok_or(NotARequest::NoHost)?.as_str();
        let (host, port) = authority::split(written).map_err(|fault| match fault {
            authority::NotAnAuthority::UserInfo => NotARequest::UserInfo,
            authority::NotAnAuthority::Empty => NotARequest::NoHost,
            authority::NotAnAuthority::Port(port) => NotARequest::Port(shown_on_one_line(port)),
        })?;
        let host = host::canonical(host).ok_or_else(|| NotARequest::Host(shown_on_one_line(host)))?;
        let path = uri.path().to_owned();
        if !path.starts_with('/') {
            return Err(NotARequest::Path);
        }
        Ok(Self {
            method,
            scheme,
            host,
            port: port.unwrap_or_else(|| scheme.port()),
            plain_path: path::plain(&path),
            path,
            overrides_method: false,
        })
    }

    /// The same, having looked whether a header asks the server to take another method. Rules that name methods do not allow
    /// such a request, and deny it whatever its own method is.
    #[must_use]
    pub fn with_headers(mut self, headers: &http::HeaderMap) -> Self {
        self.overrides_method = headers
            .keys()
            // Gateways that hand headers on as variables make no difference between `-` and `_`.
            .any(|name| METHOD_OVERRIDES.contains(&name.as_str().replace('_', "-").as_str()));
        self
    }

    /// In upper case.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        self.scheme.as_str()
    }

    /// Lower case, ASCII (IDNA), without a trailing dot; an address in its usual notation, IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Written, or the scheme's.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As it is sent, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path decoded once; none where it could be read in two ways, which no rule with a path allows.
    #[must_use]
    pub fn plain_path(&self) -> Option<&str> {
        self.plain_path.as_deref()
    }

    /// Whether a header asks the server to take another method.
    #[must_use]
    pub fn overrides_method(&self) -> bool {
        self.overrides_method
    }

    /// `https://host`, with the port where it is not the scheme's own.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }

    /// The host as a URL writes it, with the port where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        authority::join(&self.host, self.port, self.scheme)
    }

    pub(super) fn scheme_is(&self, scheme: Scheme) -> bool {
        self.scheme == scheme
    }
}

impl fmt::Display for Request {
    /// `GET https://api.example.com/a`, without the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.origin(), self.path)
    }
}
