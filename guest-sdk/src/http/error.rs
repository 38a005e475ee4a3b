//! Why an exchange gave no response, or not all of it.

use std::fmt::{self, Display, Formatter};

use wasip2::http::types::ErrorCode;

/// Why an exchange gave no response, or not all of it.
///
/// Requests are shown as method, host and path; a query may hold secrets and is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host does not allow this request: neither the provider's hosts nor a grant cover it.
    Denied(String),
    /// The request took longer than its timeout, or than the host's.
    TimedOut(String),
    /// The server could not be reached: the request, then why.
    Unreachable(String, String),
    /// The request or the response is larger than the host allows: the request, then what is.
    TooLarge(String, &'static str),
    /// The request can not be sent as it is: what is wrong with it.
    Invalid(String),
    /// There were more redirects than the request follows.
    TooManyRedirects(String),
    /// The body is not the JSON that was expected: the request, then where and why.
    NotJson(String, String),
    /// The exchange broke off or broke the protocol: the request, then why.
    Broken(String, String),
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(request) => write!(f, "denied by the host: `{request}`"),
            Self::TimedOut(request) => write!(f, "timed out: `{request}`"),
            Self::Unreachable(request, why) => write!(f, "`{request}` did not get through: {why}"),
            Self::TooLarge(request, what) => write!(f, "`{request}` is over a limit of the host: {what}"),
            Self::Invalid(what) => f.write_str(what),
            Self::TooManyRedirects(request) => write!(f, "too many redirects: `{request}`"),
            Self::NotJson(request, why) => write!(f, "the reply to `{request}` is not what was expected: {why}"),
            Self::Broken(request, why) => write!(f, "`{request}` broke off: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// What the host's code means for the request that `target` shows.
    pub(super) fn from_code(code: ErrorCode, target: &str) -> Self {
        let target = target.to_owned();
        match code {
            ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => Self::Denied(target),
            ErrorCode::DnsTimeout
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Self::TimedOut(target),
            ErrorCode::DnsError(payload) => Self::Unreachable(
                target,
                payload
                    .rcode
                    .map_or_else(|| "no such host".to_owned(), |rcode| format!("no such host ({rcode})")),
            ),
            ErrorCode::DestinationNotFound => Self::Unreachable(target, "no such host".to_owned()),
            ErrorCode::DestinationUnavailable => Self::Unreachable(target, "the server is not available".to_owned()),
            ErrorCode::DestinationIpUnroutable => Self::Unreachable(target, "no route to the server".to_owned()),
            ErrorCode::ConnectionRefused => Self::Unreachable(target, "connection refused".to_owned()),
            ErrorCode::ConnectionLimitReached => Self::Unreachable(target, "too many connections".to_owned()),
            ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
                Self::Unreachable(target, "TLS could not be set up".to_owned())
            }
            ErrorCode::TlsCertificateError => {
                Self::Unreachable(target, "the server's certificate is not trusted".to_owned())
            }
            ErrorCode::HttpRequestBodySize(_) => Self::TooLarge(target, "the request's body"),
            ErrorCode::HttpRequestUriTooLong => Self::TooLarge(target, "the URL"),
            ErrorCode::HttpRequestHeaderSectionSize(_)
            | ErrorCode::HttpRequestHeaderSize(_)
            | ErrorCode::HttpRequestTrailerSectionSize(_)
            | ErrorCode::HttpRequestTrailerSize(_) => Self::TooLarge(target, "the request's headers"),
            ErrorCode::HttpResponseBodySize(_) => Self::TooLarge(target, "the response's body"),
            ErrorCode::HttpResponseHeaderSectionSize(_)
            | ErrorCode::HttpResponseHeaderSize(_)
            | ErrorCode::HttpResponseTrailerSectionSize(_)
            | ErrorCode::HttpResponseTrailerSize(_) => Self::TooLarge(target, "the response's headers"),
            ErrorCode::HttpRequestMethodInvalid => Self::Invalid(format!("the method is not valid: `{target}`")),
            ErrorCode::HttpRequestUriInvalid => Self::Invalid(format!("the URL is not valid: `{target}`")),
            ErrorCode::HttpRequestLengthRequired => {
                Self::Invalid(format!("the request needs a content-length: `{target}`"))
            }
            ErrorCode::ConnectionTerminated => Self::Broken(target, "the connection was closed".to_owned()),
            ErrorCode::HttpResponseIncomplete => Self::Broken(target, "the response is incomplete".to_owned()),
            ErrorCode::HttpResponseTransferCoding(_) | ErrorCode::HttpResponseContentCoding(_) => {
                Self::Broken(target, "the response has an encoding that is not understood".to_owned())
            }
            ErrorCode::HttpUpgradeFailed => Self::Broken(target, "the protocol could not be changed".to_owned()),
            ErrorCode::HttpProtocolError => Self::Broken(target, "the protocol was broken".to_owned()),
            ErrorCode::LoopDetected => Self::Broken(target, "the request went in circles".to_owned()),
            ErrorCode::ConfigurationError => Self::Broken(target, "the host is not set up for it".to_owned()),
            ErrorCode::InternalError(why) => {
                Self::Broken(target, why.unwrap_or_else(|| "the host gave no reason".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_apart() {
        for code in [ErrorCode::HttpRequestDenied, ErrorCode::DestinationIpProhibited] {
            assert_eq!(
                Error::from_code(code, "GET https://a/"),
                Error::Denied("GET https://a/".to_owned())
            );
        }
        let other = Error::from_code(ErrorCode::InternalError(Some("denied".to_owned())), "GET https://a/");
        assert!(matches!(other, Error::Broken(..)));
    }
}
