//! A web server that keeps what it was sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, Request, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::sync::Notify;

use crate::Served;

/// A web server on a free loopback port: `/redirect?to=URL` answers 302, `/stall` answers never, `/endless` with a body that never
/// ends, `/status?code=401` with that status, all else with 200 and the body it was sent.
pub struct Recorder {
    served: Served,
    seen: Arc<Seen>,
}

/// What arrived, and what is told when a client goes away from `/stall` or `/endless`.
#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Recorded>>,
    abandoned: Arc<Notify>,
}

/// One request that arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET /path?query`.
    pub line: String,
    /// Its headers, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

impl Recorder {
    /// Over plain HTTP on 127.0.0.1.
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Over TLS where a certificate is given.
    pub async fn start_with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let seen: Arc<Seen> = Arc::default();
        let router = Router::new()
            .route("/redirect", any(redirect))
            .route("/stall", any(stall))
            .route("/endless", any(endless))
            .route("/status", any(status))
            .fallback(echo)
            .with_state(Arc::clone(&seen));
        Self {
            served: Served::start(router, tls).await,
            seen,
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.served.port()
    }

    /// What arrived so far.
    pub fn seen(&self) -> Vec<Recorded> {
        self.seen.locked().clone()
    }

    /// Waits until a client went away from `/stall` or `/endless`.
    pub async fn abandoned(&self) {
        self.seen.abandoned.notified().await;
    }
}

impl Seen {
    fn locked(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells when it is dropped.
struct Telling(Arc<Notify>);

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Keeps a request as soon as its head is there, and again with its body: a body may never end.
async fn keep(seen: &Seen, request: Request) -> Bytes {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let recorded = Recorded {
        line: format!("{} {}", parts.method, parts.uri),
        headers: headers.collect(),
        body: String::new(),
    };
    let place = {
        let mut seen = seen.locked();
        seen.push(recorded);
        seen.len() - 1
    };
    // A client that breaks off is part of the tests.
    let bytes = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    seen.locked()[place].body = String::from_utf8_lossy(&bytes).into_owned();
    bytes
}

async fn redirect(
    State(seen): State<Arc<Seen>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    keep(&seen, request).await;
    let to = query.get("to").cloned().unwrap_or_default();
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn stall(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let _telling = Telling(Arc::clone(&seen.abandoned));
    keep(&seen, request).await;
    std::future::pending().await
}

async fn endless(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let telling = Telling(Arc::clone(&seen.abandoned));
    keep(&seen, request).await;
    let pieces = futures_util::stream::repeat_with(move || {
        // Goes with the body.
        let _of_body = &telling;
        Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'e'; 16 << 10]))
    });
    Response::new(Body::from_stream(pieces))
}

async fn status(
    State(seen): State<Arc<Seen>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    keep(&seen, request).await;
    let code = query
        .get("code")
        .and_then(|code| code.parse().ok())
        .unwrap_or(StatusCode::OK);
    (code, "as asked").into_response()
}

async fn echo(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    Response::new(Body::from(keep(&seen, request).await))
}
