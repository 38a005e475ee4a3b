//! A proxy that delays, cuts and corrupts what passes between us and the token endpoint of a real server.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
    task::AbortHandle,
};

use crate::witness;

/// What is done to one request to the token endpoint, or to its reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends, and the server never hears of it.
    DropRequest,
    /// The server does what was asked, and the connection ends without a reply.
    DropResponse,
    /// The server does what was asked, and half of its reply comes.
    Truncate,
    /// This status with nothing in it that a token endpoint would say.
    Status(u16),
    /// This status, and how many seconds to wait.
    RetryAfter(u16, u64),
    /// The page of some machine between.
    Html,
    /// A 400 that says nothing.
    Empty400,
    /// It takes this long before the server hears of it.
    Slow(Duration),
    /// It is held until [`FaultProxy::let_go`], and the server has not heard of it.
    HoldRequest,
    /// The server did what was asked, and its reply is held until [`FaultProxy::let_go`].
    HoldResponse,
    /// The reply without its refresh token.
    NoRefreshToken,
    /// The reply with the refresh token that was sent.
    SameRefreshToken,
    /// The reply with its seconds as text.
    SecondsAsText,
    /// The reply with no seconds to live.
    NoSeconds,
    /// The reply as `201 Created`.
    Created,
    /// The reply without the type of its token.
    NoTokenType,
    /// A redirect to another server.
    Redirect(u16, String),
    /// The reply that gives a device its code, with so many seconds between two questions about it.
    Interval(u64),
}

/// A request to the token endpoint that came here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Its grant type.
    pub grant: String,
    /// What the server said to it, where it heard of it.
    pub status: Option<u16>,
    /// The error that it named, where it did.
    pub error: Option<String>,
    /// What was done to it.
    pub fault: Option<Fault>,
}

/// A proxy in front of a server on loopback, until dropped.
pub struct FaultProxy {
    port: u16,
    inner: Arc<Inner>,
    task: AbortHandle,
}

struct Inner {
    upstream: String,
    http: reqwest::Client,
    state: Mutex<State>,
    held: Notify,
    answered: Notify,
    free: Semaphore,
}

#[derive(Default)]
struct State {
    faults: VecDeque<(String, Fault)>,
    secrets: Vec<String>,
    given: Vec<(&'static str, String)>,
    passed: Vec<Passed>,
    holding: usize,
    at_once: usize,
    most_at_once: usize,
}

/// What stands for the grant type where a device asks for a code.
const DEVICE_CODE: &str = "a device's code";

type Body = BoxBody<Bytes, io::Error>;

impl FaultProxy {
    /// In front of the server at this URL.
    pub async fn start(upstream: &str) -> Self {
        crate::use_ring();
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client can be made");
        let inner = Arc::new(Inner {
            upstream: upstream.to_owned(),
            http,
            state: Mutex::default(),
            held: Notify::new(),
            answered: Notify::new(),
            free: Semaphore::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&inner))).abort_handle();
        Self { port, inner, task }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Does these to the next refreshes, one each.
    pub fn on_refresh(&self, faults: impl IntoIterator<Item = Fault>) {
        self.on("refresh_token", faults);
    }

    /// Does these to the next requests of a grant type, one each.
    pub fn on(&self, grant: &str, faults: impl IntoIterator<Item = Fault>) {
        let faults = faults.into_iter().map(|fault| (grant.to_owned(), fault));
        self.inner.state().faults.extend(faults);
    }

    /// Does this to the next reply that gives a device its code.
    pub fn on_device_code(&self, fault: Fault) {
        self.on(DEVICE_CODE, [fault]);
    }

    /// Every request to the token endpoint so far.
    pub fn passed(&self) -> Vec<Passed> {
        self.inner.state().passed.clone()
    }

    /// How many refreshes came here.
    pub fn refreshes(&self) -> usize {
        let passed = self.passed();
        passed.iter().filter(|passed| passed.grant == "refresh_token").count()
    }

    /// How many refreshes were here at the same time at most.
    pub fn most_at_once(&self) -> usize {
        self.inner.state().most_at_once
    }

    /// Every code, verifier and refresh token that was sent.
    pub fn secrets_seen(&self) -> Vec<String> {
        self.inner.state().secrets.clone()
    }

    /// The last token of a kind that the server gave: `access_token`, `refresh_token`.
    pub fn last(&self, kind: &str) -> String {
        let state = self.inner.state();
        let given = state.given.iter().rev().find(|(of, _token)| *of == kind);
        given.unwrap_or_else(|| panic!("it gave no {kind}")).1.clone()
    }

    /// Waits until one is held.
    pub async fn until_held(&self) {
        self.until(&self.inner.held, "a request is held", |state| state.holding > 0)
            .await;
    }

    /// Waits until the server answered a request to its token endpoint with this error.
    pub async fn until_said(&self, error: &str) {
        let was_said = |state: &State| state.passed.iter().any(|passed| passed.error.as_deref() == Some(error));
        self.until(&self.inner.answered, error, was_said).await;
    }

    async fn until(&self, changed: &Notify, what: &str, is: impl Fn(&State) -> bool) {
        let waiting = async {
            loop {
                let changed = changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if is(&self.inner.state()) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), waiting).await.is_err() {
            panic!("it never came to this: {what}; but to: {:?}", self.passed());
        }
    }

    /// Lets what is held go on.
    pub fn let_go(&self) {
        self.inner.free.add_permits(1);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault for a request of this grant type, which is then done.
    fn fault(&self, grant: &str) -> Option<Fault> {
        let mut state = self.state();
        let at = state.faults.iter().position(|(of, _fault)| of == grant)?;
        state.faults.remove(at).map(|(_of, fault)| fault)
    }

    /// What the server said to the request at this place.
    fn note(&self, place: usize, status: StatusCode, body: &[u8]) {
        let reply: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| reply.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut state = self.state();
        if let Some(passed) = state.passed.get_mut(place) {
            passed.status = Some(status.as_u16());
            passed.error = text("error");
        }
        let tokens = ["access_token", "refresh_token"].into_iter();
        let given = tokens.filter_map(|kind| Some((kind, text(kind)?)));
        state.given.extend(given.inspect(|(_, token)| witness::gave(token)));
        drop(state);
        self.answered.notify_waiters();
    }

    async fn hold(&self) {
        self.state().holding += 1;
        self.held.notify_waiters();
        let free = self.free.acquire().await.expect("the semaphore is never closed");
        free.forget();
        self.state().holding -= 1;
    }

    /// What the server says.
    async fn forward(
        &self,
        parts: &http::request::Parts,
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, Bytes), io::Error> {
        let mut headers = parts.headers.clone();
        for name in [
            header::HOST,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::ACCEPT_ENCODING,
        ] {
            headers.remove(name);
        }
        let reply = self
            .http
            .request(parts.method.clone(), format!("{}{}", self.upstream, parts.uri))
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(io::Error::other)?;
        let (status, mut headers) = (reply.status(), reply.headers().clone());
        for name in [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
            headers.remove(name);
        }
        let body = reply.bytes().await.map_err(io::Error::other)?;
        Ok((status, headers, body))
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    // Dropping the set with this task ends every connection too.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _peer)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let inner = Arc::clone(&inner);
                async move { answer(&inner, request).await }
            });
            // An error of the service ends the connection without a reply, which is what some faults are.
            let _ = http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(inner: &Inner, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let Some(grant) = field("grant_type") else {
        let (status, headers, body) = inner.forward(&parts, body).await?;
        let gives_code = parts.method == http::Method::POST && parts.uri.path().contains("device");
        let body = match gives_code.then(|| inner.fault(DEVICE_CODE)).flatten() {
            Some(fault) => changed(&fault, None, &body),
            None => body,
        };
        return Ok(reply(status, headers, body));
    };
    let fault = inner.fault(&grant);
    let place = {
        let mut state = inner.state();
        state.passed.push(Passed {
            grant,
            status: None,
            error: None,
            fault: fault.clone(),
        });
        for name in ["code", "code_verifier", "refresh_token", "device_code"] {
            state.secrets.extend(field(name));
        }
        state.at_once += 1;
        state.most_at_once = state.most_at_once.max(state.at_once);
        state.passed.len() - 1
    };
    let _leaving = Leaving(inner);
    if let Some(answer) = before(inner, fault.as_ref()).await {
        return answer;
    }
    let (status, headers, body) = inner.forward(&parts, body).await?;
    inner.note(place, status, &body);
    after(inner, fault, field("refresh_token"), (status, headers, body)).await
}

/// A request that is no longer here.
struct Leaving<'a>(&'a Inner);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.state().at_once -= 1;
    }
}

/// What is answered where the server does not hear of the request.
async fn before(inner: &Inner, fault: Option<&Fault>) -> Option<Result<Response<Body>, io::Error>> {
    let plain = |status: u16, extra: &[(header::HeaderName, String)], text: &'static str| {
        let mut headers = HeaderMap::new();
        for (name, value) in extra {
            headers.insert(name, value.parse().expect("the test writes a header"));
        }
        let status = StatusCode::from_u16(status).expect("the test writes a status");
        Some(Ok(reply(status, headers, Bytes::from_static(text.as_bytes()))))
    };
    match fault? {
        Fault::DropRequest => Some(Err(io::Error::other("dropped"))),
        Fault::Status(status) => plain(*status, &[], "{}"),
        Fault::RetryAfter(status, seconds) => plain(
            *status,
            &[(header::RETRY_AFTER, seconds.to_string())],
            r#"{"error":"slow_down"}"#,
        ),
        Fault::Html => plain(
            502,
            &[(header::CONTENT_TYPE, "text/html".to_owned())],
            "<html>Bad gateway</html>",
        ),
        Fault::Empty400 => plain(400, &[], ""),
        Fault::Redirect(status, to) => plain(*status, &[(header::LOCATION, to.clone())], ""),
        Fault::Slow(time) => {
            tokio::time::sleep(*time).await;
            None
        }
        Fault::HoldRequest => {
            inner.hold().await;
            None
        }
        Fault::DropResponse
        | Fault::Truncate
        | Fault::HoldResponse
        | Fault::NoRefreshToken
        | Fault::SameRefreshToken
        | Fault::SecondsAsText
        | Fault::NoSeconds
        | Fault::Created
        | Fault::NoTokenType
        | Fault::Interval(_) => None,
    }
}

/// What becomes of what the server said.
async fn after(
    inner: &Inner,
    fault: Option<Fault>,
    sent: Option<String>,
    (status, headers, body): (StatusCode, HeaderMap, Bytes),
) -> Result<Response<Body>, io::Error> {
    match fault {
        Some(Fault::DropResponse) => Err(io::Error::other("dropped")),
        Some(Fault::HoldResponse) => {
            inner.hold().await;
            Ok(reply(status, headers, body))
        }
        Some(Fault::Truncate) => {
            let half = body.slice(..body.len() / 2);
            let frames = [Ok(Frame::data(half)), Err(io::Error::other("cut"))];
            let body = BodyExt::boxed(StreamBody::new(futures_util::stream::iter(frames)));
            Ok(Response::builder()
                .status(status)
                .body(body)
                .map_err(io::Error::other)?)
        }
        Some(Fault::Created) => Ok(reply(StatusCode::CREATED, headers, body)),
        Some(fault) if status.is_success() => Ok(reply(status, headers, changed(&fault, sent, &body))),
        Some(_) | None => Ok(reply(status, headers, body)),
    }
}

/// The reply of a token endpoint with something in it changed.
fn changed(fault: &Fault, sent: Option<String>, body: &Bytes) -> Bytes {
    let Ok(Value::Object(mut tokens)) = serde_json::from_slice(body) else {
        return body.clone();
    };
    match fault {
        Fault::NoRefreshToken => {
            tokens.remove("refresh_token");
        }
        Fault::SameRefreshToken => {
            tokens.insert("refresh_token".to_owned(), json!(sent));
        }
        Fault::SecondsAsText => {
            let seconds = tokens["expires_in"].to_string();
            tokens.insert("expires_in".to_owned(), json!(seconds));
        }
        Fault::NoSeconds => {
            tokens.insert("expires_in".to_owned(), json!(0));
        }
        Fault::NoTokenType => {
            tokens.remove("token_type");
        }
        Fault::Interval(seconds) => {
            tokens.insert("interval".to_owned(), json!(seconds));
        }
        _other => {}
    }
    Value::Object(tokens).to_string().into()
}

fn reply(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let body = Full::new(body).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
