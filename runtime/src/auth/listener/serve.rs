//! Serves the pages on a port: plain HTTP and TLS on the same one, told apart by the first byte.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::auth::{
    listener::{certificate, claim::Claimed, guard::Arrived, last_page::LastPage},
    pending::FlowId,
    tls::Tls,
};

/// How many connections are served at once.
const CONNECTIONS: usize = 64;
/// How long the first byte, a handshake or the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may last in all: one request, in which a provider may be asked once.
const CONNECTION: Duration = Duration::from_secs(60);
/// The most that the head of a request may have.
const HEAD_BYTES: usize = 32 * 1024;
/// The first byte of a TLS handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A port that is being served, until dropped.
pub(super) struct Serving {
    port: u16,
    mark: Option<FlowId>,
    task: JoinHandle<()>,
}

impl Serving {
    pub(super) fn start(claimed: Claimed, router: Router, tls: Arc<Tls>) -> Self {
        Self {
            port: claimed.port,
            mark: claimed.mark,
            task: tokio::spawn(serve(claimed, router, tls)),
        }
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn mark(&self) -> Option<FlowId> {
        self.mark
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(claimed: Claimed, router: Router, tls: Arc<Tls>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = tokio::select! {
            stream = accept(&claimed.v4) => stream,
            stream = accept_if(claimed.v6.as_ref()) => stream,
        };
        let (router, tls, port) = (router.clone(), Arc::clone(&tls), claimed.port);
        connections.spawn(async move {
            let served = tokio::time::timeout(CONNECTION, connection(stream, port, router, &tls)).await;
            if let Ok(Err(error)) = served {
                tracing::debug!(%error, "a connection to the sign-in pages ended early");
            }
            drop(permit);
        });
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return stream,
            // Too many open files, or a connection that ended already: the next one may do better.
            Err(_error) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn accept_if(listener: Option<&TcpListener>) -> TcpStream {
    match listener {
        Some(listener) => accept(listener).await,
        None => std::future::pending().await,
    }
}

async fn connection(stream: TcpStream, port: u16, router: Router, tls: &Arc<Tls>) -> io::Result<()> {
    let mut first = [0];
    if within(HEAD, stream.peek(&mut first)).await? == 0 {
        return Ok(());
    }
    if first == [TLS_HANDSHAKE] {
        let certificate = certificate(tls).await.map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::clone(&certificate.config));
        let stream = within(HEAD, acceptor.accept(stream)).await?;
        http(stream, Arrived { https: true, port }, router).await
    } else {
        http(stream, Arrived { https: false, port }, router).await
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(time, work)
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
}

async fn http<S>(stream: S, arrived: Arrived, router: Router) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Held until the connection ended: a response is dropped before all of it was sent.
    let last_page = Arc::new(Mutex::new(None));
    let of_response = Arc::clone(&last_page);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(arrived);
        let (mut router, of_response) = (router.clone(), Arc::clone(&of_response));
        async move {
            let response = router.call(request.map(Body::new)).await?;
            let mut last_page = of_response.lock().unwrap_or_else(PoisonError::into_inner);
            *last_page = response.extensions().get::<LastPage>().cloned();
            Ok::<_, Infallible>(response)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        // One request a connection: nothing idle is held open.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}
