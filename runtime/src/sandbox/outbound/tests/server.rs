//! Servers on loopback: one that says what it was asked, and one that says just what it is told to.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

pub(super) struct Server {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers what it was asked; with the status of the path `/status/<status>`; at `/stall` never.
    pub(super) async fn start() -> Self {
        Self::over(None).await
    }

    pub(super) async fn tls(config: rustls::ServerConfig) -> Self {
        Self::over(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn over(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let tls = tls.clone();
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream).await,
                        // A client that does not trust us goes away here.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, connections }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/stall" {
        return std::future::pending().await;
    }
    if request.uri().path() == "/lacking" {
        let challenge = r#"Bearer error="insufficient_scope", scope="read admin""#;
        return Ok(Response::builder()
            .status(403)
            .header("www-authenticate", challenge)
            .body(Full::default())
            .unwrap());
    }
    if let Some(size) = request.uri().path().strip_prefix("/missing_scope/") {
        let body = format!(
            r#"{{"ok": false, "error": "missing_scope", "needed": "chat:write,files:read", "x": "{}"}}"#,
            "x".repeat(size.parse().unwrap())
        );
        return Ok(Response::builder()
            .header("content-type", "application/json; charset=utf-8")
            .body(Full::from(body))
            .unwrap());
    }
    let host = request
        .headers()
        .get("host")
        .map(|host| host.to_str().unwrap().to_owned())
        .or_else(|| request.uri().authority().map(ToString::to_string))
        .unwrap_or_default();
    let status = request
        .uri()
        .path()
        .strip_prefix("/status/")
        .and_then(|status| status.parse::<u16>().ok())
        .unwrap_or(200);
    let size = request
        .uri()
        .path()
        .strip_prefix("/size/")
        .and_then(|n| n.parse::<usize>().ok());
    let said = format!(
        "{:?} {} {} {}",
        request.version(),
        request.method(),
        host,
        request.uri().path_and_query().map_or("", |path| path.as_str())
    );
    let received = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes().len())
        .unwrap_or(0);
    let body = match size {
        Some(size) => Bytes::from(vec![b'x'; size]),
        None => Bytes::from(format!("{said} {received}")),
    };
    Ok(Response::builder()
        .status(status)
        .header("location", "http://169.254.169.254/latest/meta-data/")
        .body(Full::new(body))
        .unwrap())
}

/// Takes one connection, reads the head of the request, writes `reply`, and gives the open connection back.
pub(super) async fn say(reply: &'static str) -> (SocketAddr, tokio::task::JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connection = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(reply.as_bytes()).await.unwrap();
        stream
    });
    (address, connection)
}
