//! What a guest is told of a request that failed.

use std::{error::Error as StdError, io};

use hyper_util::client::legacy;
use wasmtime_wasi_http::Error;

use crate::{
    base::proxy::ProxyFault,
    sandbox::{address::Prohibited, outbound::connector::ConnectError},
};

/// Why a request failed.
pub(super) enum Failure {
    /// Its address may not be reached.
    Prohibited(Prohibited),
    /// The operator's proxy opened no way to it.
    Proxy(ProxyFault),
    /// Anything else.
    Other(Error),
}

/// The errors of the connector and of the request's body lie somewhere below the client's own.
pub(super) fn of_client(error: &legacy::Error) -> Failure {
    for cause in causes(error) {
        if let Some(error) = cause.downcast_ref::<ConnectError>() {
            return of_connector(error);
        }
        if let Some(error) = cause.downcast_ref::<Error>().and_then(of_body) {
            return Failure::Other(error);
        }
    }
    Failure::Other(
        causes(error)
            .find_map(|cause| cause.downcast_ref::<hyper::Error>())
            .map_or(Error::ConnectionTerminated, of_hyper),
    )
}

/// A fault of the connection once it stood.
pub(super) fn of_hyper(error: &hyper::Error) -> Error {
    let of_body = causes(error).find_map(|cause| cause.downcast_ref::<Error>().and_then(of_body));
    if let Some(error) = of_body {
        error
    } else if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(None)
    } else if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_canceled() || error.is_closed() || causes(error).any(<dyn StdError>::is::<io::Error>) {
        Error::ConnectionTerminated
    } else {
        Error::HttpProtocolError
    }
}

/// The errors in which we end the body of a request ourselves.
fn of_body(error: &Error) -> Option<Error> {
    if let Error::HttpRequestBodySize(limit) = error {
        Some(Error::HttpRequestBodySize(*limit))
    } else {
        matches!(error, Error::HttpRequestDenied).then_some(Error::HttpRequestDenied)
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds are the standard library's, which adds to them"
)]
fn of_kind(kind: io::ErrorKind) -> Error {
    match kind {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Error::DestinationUnavailable,
        _other => Error::ConnectionTerminated,
    }
}

fn of_connector(error: &ConnectError) -> Failure {
    Failure::Other(match error {
        ConnectError::Prohibited(prohibited) => return Failure::Prohibited(*prohibited),
        ConnectError::Proxy(fault) => return Failure::Proxy(*fault),
        ConnectError::Resolve(_) => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        ConnectError::NoAddress => Error::DestinationNotFound,
        ConnectError::Connect(error) => of_kind(error.kind()),
        ConnectError::Name => Error::HttpRequestUriInvalid,
        ConnectError::Roots(_) => Error::ConfigurationError,
        ConnectError::Tls(error) => of_tls(error),
        ConnectError::TimedOut => Error::ConnectionTimeout,
    })
}

fn of_tls(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            Error::TlsCertificateError
        }
        Some(rustls::Error::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: Some(format!("{alert:?}")),
        },
        Some(_) => Error::TlsProtocolError,
        None => Error::ConnectionTerminated,
    }
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
