//! TLS to a PostgreSQL server.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::{TlsConnector, client};

use crate::auth::store::tls::connector;

/// Makes a connection's TLS.
#[derive(Clone)]
pub(super) struct MakeTls(TlsConnector);

/// TLS to one server.
pub(super) struct Tls {
    connector: TlsConnector,
    /// `None` for a socket of this machine, where no TLS is spoken.
    name: Option<ServerName<'static>>,
}

/// A connection with TLS.
pub(super) struct Stream<S>(Box<client::TlsStream<S>>);

impl MakeTls {
    pub(super) fn new(shared: &ClientConfig) -> Self {
        Self(connector(shared))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for MakeTls {
    type Stream = Stream<S>;
    type TlsConnect = Tls;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Tls, io::Error> {
        Ok(Tls {
            connector: self.0.clone(),
            name: ServerName::try_from(domain.to_owned()).ok(),
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Tls {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let no_name = || {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the server has no name to check its certificate by",
                )
            };
            let connected = self.connector.connect(self.name.ok_or_else(no_name)?, stream).await?;
            Ok(Stream(Box::new(connected)))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate and its name are checked by TLS itself.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}
