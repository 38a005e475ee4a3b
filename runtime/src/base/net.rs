//! One TLS root set, CA, proxy and resolver for all clients.

use std::{net::SocketAddr, sync::Arc};

/// Roots of trust for all clients.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NetSettings {
    /// Certificates of the operator's own, PEM, beside the system's.
    pub ca_pem: Option<Vec<u8>>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The operator's CA file has no certificate.
    #[error("the CA file has no certificate that can be read: {0}")]
    Ca(String),
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
}

/// What every client is made from. Cheap to clone; the system's roots are read at the first use.
#[derive(Clone)]
pub(crate) struct Net {
    inner: Arc<NetSettings>,
}

impl Net {
    pub(crate) fn new(settings: NetSettings) -> Result<Self, NetError> {
        Ok(Self {
            inner: Arc::new(settings),
        })
    }

    /// The TLS configuration that all clients share, with HTTP/1.1 and HTTP/2 offered.
    pub(crate) fn tls(&self) -> Result<Arc<rustls::ClientConfig>, NetError> {
        let _ = &self.inner;
        todo!()
    }

    /// For token endpoints and discovery: follows no redirect, reads no proxy variable.
    pub(crate) fn http(&self) -> Result<reqwest::Client, NetError> {
        todo!()
    }

    /// The addresses of a name, asked of the system once.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let _ = (host, port);
        todo!()
    }
}
