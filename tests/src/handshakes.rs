//! A web server over TLS that tells how each connection to it was made.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{HandshakeKind, ServerConfig};
use tokio::{net::TcpListener, task::AbortHandle};
use tokio_rustls::TlsAcceptor;

/// The path after whose reply the server closes the connection, and says so.
const LAST: &str = "/last";

/// A web server at `https://localhost:PORT`, which answers everything with 200 and closes the connection after `/last`.
pub struct Handshakes {
    port: u16,
    seen: Arc<Seen>,
    task: AbortHandle,
}

#[derive(Default)]
struct Seen(Mutex<Vec<Option<HandshakeKind>>>);

impl Handshakes {
    /// With this certificate.
    pub async fn start(tls: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let seen: Arc<Seen> = Arc::default();
        let task = tokio::spawn(accept(listener, tls.into(), Arc::clone(&seen))).abort_handle();
        Self { port, seen, task }
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// How each connection so far was made, in their order; nothing of one that got no further than TCP.
    pub fn seen(&self) -> Vec<Option<HandshakeKind>> {
        self.seen.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Handshakes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    /// The number of a new connection.
    fn begin(&self) -> usize {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(None);
        seen.len() - 1
    }

    fn made(&self, number: usize, kind: Option<HandshakeKind>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)[number] = kind;
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, seen: Arc<Seen>) {
    // Dropping the set with this task ends every connection too.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (number, tls, seen) = (seen.begin(), tls.clone(), Arc::clone(&seen));
        connections.spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            seen.made(number, stream.get_ref().1.handshake_kind());
            // A client that breaks off is part of the tests.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(reply))
                .await;
        });
    }
}

async fn reply(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut reply = Response::new(Full::new(Bytes::from_static(b"{}")));
    if request.uri().path() == LAST {
        let close = HeaderValue::from_static("close");
        reply.headers_mut().insert(header::CONNECTION, close);
    }
    Ok(reply)
}
