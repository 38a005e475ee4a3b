//! TLS to the servers that keep stores, by the roots that all clients share.

use std::{io, sync::Arc};

use rustls::{CertificateError, ClientConfig};
use tokio_rustls::TlsConnector;

/// What stands in the way of TLS to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFault {
    /// The server does not speak it.
    NotOffered,
    /// No root that is trusted here signed its certificate.
    Untrusted,
    /// Its certificate is for another name.
    OtherName,
    /// Its certificate does not hold now.
    Outdated,
    /// Anything else that TLS says.
    Other,
}

/// What connects with TLS.
pub(super) fn connector(shared: &ClientConfig) -> TlsConnector {
    // What HTTP clients offer as the protocol above has no place here.
    let mut config = shared.clone();
    config.alpn_protocols.clear();
    TlsConnector::from(Arc::new(config))
}

/// What TLS said, where an error is of it.
pub(super) fn fault_in(error: &io::Error) -> Option<TlsFault> {
    let said = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(fault_of(said))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what TLS can say is the library's own long list, of which these have a remedy of their own"
)]
fn fault_of(said: &rustls::Error) -> TlsFault {
    match said {
        // Its first bytes were of another protocol.
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => TlsFault::NotOffered,
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::OtherName,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::Outdated,
            _not_by_name_or_time => TlsFault::Untrusted,
        },
        _other => TlsFault::Other,
    }
}
