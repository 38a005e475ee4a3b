//! One TLS root set, CA, proxy and resolver for all clients.

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::base::{
    code::Code,
    listeners::Listeners,
    proxy::{NotAProxy, ProxySettings},
    resolver::{Resolver, SystemResolver},
};

/// Roots of trust, proxy and names, for all clients.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NetSettings {
    /// Certificates of the operator's own, PEM, beside the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// What requests go through, where it is not reached directly; `None`: all is.
    pub proxy: Option<ProxySettings>,
    /// What finds the addresses of names; `None`: the system.
    pub resolver: Option<Arc<dyn Resolver>>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The operator's CA file has no certificate.
    #[error("the CA file has no certificate that can be read: {0}")]
    Ca(String),
    /// The proxy cannot be used.
    #[error("the proxy cannot be used: {0}")]
    Proxy(NotAProxy),
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
}

impl NetError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Ca(_) => Code::NotValid,
            Self::Proxy(error) => error.code(),
            Self::Tls(_) => Code::Internal,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Ca(_) => vec![
                "let `[network] ca_file` name a PEM file of certificates: it has lines `-----BEGIN CERTIFICATE-----`"
                    .to_owned(),
            ],
            Self::Proxy(error) => error.hints(),
            Self::Tls(_) => Vec::new(),
        }
    }
}

/// A connection is made in this time or not at all.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// A request and its reply take no longer than this together.
pub(crate) const REQUEST_TIME: Duration = Duration::from_secs(15);

/// What every client is made from. Cheap to make and to clone: the system's roots are read at the first use of TLS, since
/// most calls of a warm tool never get there.
#[derive(Clone)]
pub(crate) struct Net {
    inner: Arc<Inner>,
}

struct Inner {
    /// The operator's own.
    extra_roots: Vec<CertificateDer<'static>>,
    tls: OnceLock<Arc<ClientConfig>>,
    proxy: Option<ProxySettings>,
    resolver: Arc<dyn Resolver>,
    listeners: Listeners,
}

impl Net {
    pub(crate) fn new(settings: NetSettings) -> Result<Self, NetError> {
        let NetSettings {
            ca_pem,
            proxy,
            resolver,
        } = settings;
        Ok(Self {
            inner: Arc::new(Inner {
                extra_roots: ca_pem.map(|pem| roots_of(&pem)).transpose()?.unwrap_or_default(),
                tls: OnceLock::new(),
                proxy,
                resolver: resolver.unwrap_or_else(|| Arc::new(SystemResolver)),
                listeners: Listeners::default(),
            }),
        })
    }

    /// Where this process listens itself: no guest may reach that.
    pub(crate) fn listeners(&self) -> &Listeners {
        &self.inner.listeners
    }

    /// What requests go through, where they do.
    pub(crate) fn proxy(&self) -> Option<&ProxySettings> {
        self.inner.proxy.as_ref()
    }

    /// The TLS configuration that all clients share, with HTTP/1.1 and HTTP/2 offered. Sessions are resumed across clients.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, NetError> {
        if let Some(config) = self.inner.tls.get() {
            return Ok(config.clone());
        }
        let config = Arc::new(client_config(&self.inner.extra_roots)?);
        Ok(self.inner.tls.get_or_init(|| config).clone())
    }

    /// For token endpoints and discovery: follows no redirect, reads no proxy variable, ends after 15 s.
    #[cfg_attr(not(test), expect(clippy::disallowed_methods, reason = "this is the one place"))]
    pub(crate) fn http(&self) -> Result<reqwest::Client, NetError> {
        let tls = ClientConfig::clone(&*self.tls()?);
        let mut builder = reqwest::Client::builder().no_proxy();
        if let Some(proxy) = self.proxy() {
            builder = builder.proxy(proxy.for_reqwest().map_err(NetError::Proxy)?);
        }
        builder
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Names(self.inner.resolver.clone())))
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .timeout(REQUEST_TIME)
            .user_agent(concat!("pocket/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| NetError::Tls(error.without_url().to_string()))
    }

    /// The addresses of a name, asked for once.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut addresses = self.inner.resolver.resolve(host, port).await?;
        for address in &mut addresses {
            address.set_port(port);
        }
        Ok(addresses)
    }
}

/// The resolver, as `reqwest` asks it.
struct Names(Arc<dyn Resolver>);

impl reqwest::dns::Resolve for Names {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            // 0 stands for the URL's own port.
            let addresses = resolver.resolve(name.as_str(), 0).await?;
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address.ip(), 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net")
            .field("extra_roots", &self.inner.extra_roots.len())
            .field("proxy", &self.inner.proxy)
            .finish_non_exhaustive()
    }
}

fn roots_of(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let roots = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| NetError::Ca(error.to_string()))?;
    if roots.is_empty() {
        return Err(NetError::Ca("there is none in it".to_owned()));
    }
    let mut store = RootCertStore::empty();
    for root in &roots {
        store
            .add(root.clone())
            .map_err(|error| NetError::Ca(error.to_string()))?;
    }
    Ok(roots)
}

fn client_config(extra_roots: &[CertificateDer<'static>]) -> Result<ClientConfig, NetError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::debug!(%error, "a certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    if roots.is_empty() {
        tracing::warn!("this machine has no root certificates, so no https server can be trusted");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_refused_at_once() {
        for pem in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let settings = NetSettings {
                ca_pem: Some(pem.to_vec()),
                ..NetSettings::default()
            };
            let error = Net::new(settings).unwrap_err();
            assert!(matches!(error, NetError::Ca(_)), "{error}");
            assert_eq!(error.code(), Code::NotValid);
        }
    }

    #[test]
    fn all_clients_share_one_configuration() {
        let net = Net::new(NetSettings::default()).unwrap();
        assert!(Arc::ptr_eq(&net.tls().unwrap(), &net.clone().tls().unwrap()));
        assert_eq!(
            net.tls().unwrap().alpn_protocols,
            [b"h2".to_vec(), b"http/1.1".to_vec()]
        );
        net.http().unwrap();
    }

    #[tokio::test]
    async fn the_operators_ca_is_trusted_and_no_redirect_is_followed() {
        let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let server = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![key.cert.der().clone()],
                rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into()),
            )
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let reply = "HTTP/1.1 302 Found\r\nlocation: https://localhost:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(reply.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let url = format!("https://localhost:{port}/");
        let trusting = Net::new(NetSettings {
            ca_pem: Some(key.cert.pem().into_bytes()),
            ..NetSettings::default()
        })
        .unwrap();
        let reply = trusting.http().unwrap().get(&url).send().await.unwrap();
        assert_eq!(reply.status(), 302);
        let other = Net::new(NetSettings::default()).unwrap();
        assert!(other.http().unwrap().get(&url).send().await.unwrap_err().is_connect());
        let addresses = other.resolve("localhost", port).await.unwrap();
        assert!(
            addresses.iter().all(|address| address.ip().is_loopback()),
            "{addresses:?}"
        );
    }
}
