//! Serves the pages on a port: plain HTTP and TLS on the same one, told apart by the first byte.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::auth::{
    listener::{certificate, claim::Claimed, guard::Arrived, last_page::LastPage, router::LARGEST_FORM},
    pending::FlowId,
    tls::Tls,
};

/// How many connections are open at once. For one more, one is let go that did not yet say what it wants.
const CONNECTIONS: usize = 64;
/// How long the first byte, a handshake, the head of a request or its form may take.
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

/// A connection that is open.
struct Open {
    task: AbortHandle,
    /// Whether its request has come, whole.
    asked: Arc<AtomicBool>,
}

async fn serve(claimed: Claimed, router: Router, tls: Arc<Tls>) {
    let (mut open, mut connections) = (VecDeque::new(), JoinSet::new());
    loop {
        let stream = tokio::select! {
            stream = accept(&claimed.v4) => stream,
            stream = accept_if(claimed.v6.as_ref()) => stream,
        };
        make_room(&mut open, &mut connections).await;
        let (router, tls, port) = (router.clone(), Arc::clone(&tls), claimed.port);
        let asked = Arc::<AtomicBool>::default();
        let ours = Arc::clone(&asked);
        let task = connections.spawn(async move {
            let served = tokio::time::timeout(CONNECTION, connection(stream, port, router, &tls, ours)).await;
            if let Ok(Err(error)) = served {
                tracing::debug!(%error, "a connection to the sign-in pages ended early");
            }
        });
        open.push_back(Open { task, asked });
    }
}

/// Sees to it that one more may be open: whoever opens many and says nothing keeps nobody out.
async fn make_room(open: &mut VecDeque<Open>, connections: &mut JoinSet<()>) {
    loop {
        while connections.try_join_next().is_some() {}
        open.retain(|one| !one.task.is_finished());
        if open.len() < CONNECTIONS {
            return;
        }
        match open.iter().position(|one| !one.asked.load(Ordering::Relaxed)) {
            Some(oldest) => {
                if let Some(silent) = open.remove(oldest) {
                    silent.task.abort();
                }
            }
            None => {
                connections.join_next().await;
            }
        }
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

async fn connection(
    stream: TcpStream,
    port: u16,
    router: Router,
    tls: &Arc<Tls>,
    asked: Arc<AtomicBool>,
) -> io::Result<()> {
    let mut first = [0];
    if within(HEAD, stream.peek(&mut first)).await? == 0 {
        return Ok(());
    }
    if first == [TLS_HANDSHAKE] {
        let certificate = certificate(tls).await.map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::from(Arc::clone(&certificate.config));
        let stream = within(HEAD, acceptor.accept(stream)).await?;
        http(stream, Arrived::here(true, port), router, asked).await
    } else {
        http(stream, Arrived::here(false, port), router, asked).await
    }
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(time, work)
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
}

async fn http<S>(stream: S, arrived: Arrived, router: Router, asked: Arc<AtomicBool>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Held until the connection ended: a response is dropped before all of it was sent.
    let last_page = Arc::new(Mutex::new(None));
    let of_response = Arc::clone(&last_page);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(arrived.clone());
        let (mut router, of_response) = (router.clone(), Arc::clone(&of_response));
        let asked = Arc::clone(&asked);
        async move {
            let request = whole(request).await?;
            asked.store(true, Ordering::Relaxed);
            let Ok(response) = router.call(request).await;
            let mut last_page = of_response.lock().unwrap_or_else(PoisonError::into_inner);
            *last_page = response.extensions().get::<LastPage>().cloned();
            Ok::<_, io::Error>(response)
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

/// A request with its form, which has to come as fast as its head. One that is too long is not waited for: it gets a page that
/// says so.
async fn whole(request: hyper::Request<Incoming>) -> io::Result<hyper::Request<Body>> {
    let (parts, form) = request.into_parts();
    let is_too_long = form.size_hint().lower() > LARGEST_FORM as u64;
    if is_too_long || form.is_end_stream() {
        return Ok(hyper::Request::from_parts(parts, Body::new(form)));
    }
    let form = Limited::new(form, LARGEST_FORM).collect();
    let form = within(HEAD, async { form.await.map_err(io::Error::other) }).await?;
    Ok(hyper::Request::from_parts(parts, Body::from(form.to_bytes())))
}
