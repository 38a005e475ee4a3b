//! A router on a free loopback port, over TLS where a certificate is given, until dropped.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, task::AbortHandle};

/// A router that is served until this is dropped.
pub struct Served {
    address: SocketAddr,
    scheme: &'static str,
    task: AbortHandle,
}

impl Served {
    /// Serves `router` on a free port of 127.0.0.1.
    pub async fn start(router: Router, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        Self::on(listener, router, tls)
    }

    /// The same on a socket that is bound already, for a router that has to know its own address.
    pub fn on(listener: TcpListener, router: Router, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let address = listener.local_addr().expect("a bound socket has an address");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let task = tokio::spawn(accept(listener, router, tls)).abort_handle();
        Self { address, scheme, task }
    }

    /// `https://localhost:PORT` with TLS, else `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        let host = if self.scheme == "https" {
            "localhost"
        } else {
            "127.0.0.1"
        };
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, router: Router, tls: Option<Arc<rustls::ServerConfig>>) {
    let tls = tls.map(tokio_rustls::TlsAcceptor::from);
    // Dropping the set with this task ends every connection too.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (router, tls) = (router.clone(), tls.clone());
        connections.spawn(async move {
            let service = TowerToHyperService::new(router);
            let server = auto::Builder::new(TokioExecutor::new());
            // A client that breaks off is part of the tests.
            let _ = match tls {
                None => server.serve_connection(TokioIo::new(stream), service).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => server.serve_connection(TokioIo::new(stream), service).await,
                    Err(_refused) => Ok(()),
                },
            };
        });
        while connections.try_join_next().is_some() {}
    }
}
