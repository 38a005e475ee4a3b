//! Opens connections, to addresses that were checked and to no others.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{
    base::{
        net::{Net, NetError},
        proxy::{self, ProxyFault, ProxySettings},
    },
    sandbox::address::{self, Prohibited},
};

/// The head start of an address over the next one.
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 8;

/// What every connection of a tool is opened with.
#[derive(Clone)]
pub(super) struct Dialer {
    pub(super) net: Net,
    /// For name, connection and TLS together.
    pub(super) timeout: Duration,
}

/// Opens connections for one pool. As it is the only way into the pool, every connection there was checked.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) dialer: Dialer,
    /// Whether the operator opened inner addresses.
    pub(super) private: bool,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the name has no address that could be found")]
    Resolve(#[source] io::Error),
    #[error("the name has no address")]
    NoAddress,
    #[error(transparent)]
    Prohibited(#[from] Prohibited),
    #[error("none of the addresses answered")]
    Connect(#[source] io::Error),
    #[error("the proxy opened no way there")]
    Proxy(#[source] ProxyFault),
    #[error("the host is no name that a certificate could have")]
    Name,
    #[error("TLS could not be set up")]
    Roots(#[source] NetError),
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    #[error("the connection took too long")]
    TimedOut,
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            tokio::time::timeout(connector.dialer.timeout, connector.connect(&uri))
                .await
                .unwrap_or(Err(ConnectError::TimedOut))
        })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = self.open(host, port).await?;
        // A request is written in one piece; waiting for a second one would only delay it.
        stream.set_nodelay(true).map_err(ConnectError::Connect)?;
        if !secure {
            return Ok(Stream::plain(stream));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_not_a_name| ConnectError::Name)?;
        let tls = TlsConnector::from(self.dialer.net.tls().map_err(ConnectError::Roots)?)
            .connect(name, stream)
            .await
            .map_err(ConnectError::Tls)?;
        let h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Stream {
            io: TokioIo::new(Box::new(tls)),
            h2,
        })
    }

    /// A connection to the host, as itself or through the proxy: to addresses that were checked, unless the operator has the proxy
    /// find them.
    async fn open(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let direct = |addresses| async { dial(addresses).await.map_err(ConnectError::Connect) };
        let Some(proxy) = self.dialer.net.proxy() else {
            return direct(self.checked(host, port).await?).await;
        };
        if proxy.is_given_name(host) {
            return self.through(proxy, vec![format!("{host}:{port}")]).await;
        }
        let addresses = self.checked(host, port).await?;
        self.keep_from_proxy(proxy, host, &addresses).await?;
        if proxy.is_direct(host) {
            return direct(addresses).await;
        }
        let is_direct = |address: &SocketAddr| proxy.is_direct_address(address.ip());
        let (reached, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(is_direct);
        if !reached.is_empty() {
            return direct(reached).await;
        }
        let authorities = others.into_iter().take(ADDRESSES).map(|address| address.to_string());
        self.through(proxy, authorities.collect()).await
    }

    /// Has the proxy connect to the first of these that it can.
    async fn through(&self, proxy: &ProxySettings, authorities: Vec<String>) -> Result<TcpStream, ConnectError> {
        // Less than all of the time, so that a proxy which says nothing is told of as that.
        let patience = self.dialer.timeout - self.dialer.timeout / 8;
        let opened = tokio::time::timeout(patience, async {
            let addresses = self.addresses_of(proxy).await?;
            let mut fault = ProxyFault::NoAddress;
            for authority in authorities {
                let dialled = dial(addresses.clone()).await;
                let mut stream = dialled.map_err(|error| ProxyFault::NoConnection(error.kind()))?;
                match proxy::tunnel(&mut stream, proxy, &authority).await {
                    Ok(()) => return Ok(stream),
                    // It may have a way to another address.
                    Err(cannot @ (ProxyFault::NoTunnel(_) | ProxyFault::Refused(_))) => fault = cannot,
                    Err(other) => return Err(other),
                }
            }
            Err(fault)
        });
        opened
            .await
            .unwrap_or(Err(ProxyFault::Silent))
            .map_err(ConnectError::Proxy)
    }

    /// The proxy's own, which are the operator's choice: none of them is checked.
    async fn addresses_of(&self, proxy: &ProxySettings) -> Result<Vec<SocketAddr>, ProxyFault> {
        let (host, port) = proxy.place();
        match self.addresses(host, port).await {
            Ok(addresses) => Ok(addresses),
            Err(_not_found) => Err(ProxyFault::NoAddress),
        }
    }

    /// Whoever owns a name could have it lead to the proxy itself. Its own name, or an address, is only asked for where a rule has just that.
    async fn keep_from_proxy(
        &self,
        proxy: &ProxySettings,
        host: &str,
        addresses: &[SocketAddr],
    ) -> Result<(), ConnectError> {
        let (its_name, its_port) = proxy.place();
        let is_granted = host == its_name || host.parse::<IpAddr>().is_ok();
        if is_granted || addresses.iter().all(|address| address.port() != its_port) {
            return Ok(());
        }
        let its_own = self.addresses_of(proxy).await.map_err(ConnectError::Proxy)?;
        let is_its_own = |address: &SocketAddr| {
            let same = |own: &SocketAddr| own.ip().to_canonical() == address.ip().to_canonical();
            its_own.iter().any(same)
        };
        if addresses.iter().any(is_its_own) {
            return Err(Prohibited::Proxy.into());
        }
        Ok(())
    }

    /// Addresses to each of which this tool's requests may go.
    async fn checked(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        let addresses = self.addresses(host, port).await?;
        for address in &addresses {
            address::check(*address, self.private, self.dialer.net.listeners())?;
        }
        Ok(addresses)
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let addresses = self
            .dialer
            .net
            .resolve(host, port)
            .await
            .map_err(ConnectError::Resolve)?;
        if addresses.is_empty() {
            return Err(ConnectError::NoAddress);
        }
        Ok(addresses)
    }
}

/// Connects to whichever answers first: one after the other with a head start each, the two families by turns, so that a family
/// that leads nowhere costs little (RFC 8305).
async fn dial(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut untried = by_turns(addresses).into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        match untried.next() {
            Some(address) => attempts.push(TcpStream::connect(address)),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        match tokio::time::timeout(HEAD_START, attempts.next()).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => last = error,
            Ok(None) | Err(_) => {}
        }
    }
}

fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut turns: Vec<SocketAddr> = first
        .into_iter()
        .flat_map(|address| [Some(address), second.next()])
        .flatten()
        .collect();
    turns.extend(second);
    turns.truncate(ADDRESSES);
    turns
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection, over TLS or not.
pub(super) struct Stream {
    io: TokioIo<Box<dyn Io>>,
    h2: bool,
}

impl Stream {
    fn plain(stream: TcpStream) -> Self {
        Self {
            io: TokioIo::new(Box::new(stream)),
            h2: false,
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        if self.h2 {
            Connected::new().negotiated_h2()
        } else {
            Connected::new()
        }
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_families_are_tried_by_turns() {
        let parse = |texts: &[&str]| texts.iter().map(|t| t.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let given = parse(&["[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "192.0.2.1:1"]);
        let turns = parse(&["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1", "[2001:db8::3]:1"]);
        assert_eq!(by_turns(given), turns);
    }
}
