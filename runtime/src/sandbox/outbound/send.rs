//! One request of a guest, from its asking to the head of its reply.

use std::{sync::Arc, time::Duration};

use http_body_util::BodyExt as _;
use hyper_util::client::legacy::{ResponseFuture, connect::capture_connection};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};
use tracing::Instrument as _;
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody};

use crate::{
    base::text::shown_on_one_line,
    package::{NotARequest, Request},
    sandbox::{
        Decision, Refusal,
        address::Prohibited,
        outbound::{
            CallOutbound,
            body::{ReplyBody, RequestBody},
            exchange::Exchange,
            failure::{self, Failure},
            held::Held,
            ledger::{Ledger, Met},
            pool::{Client, HEAD},
        },
    },
};

/// What is shown of a URL in a refusal, in characters.
const LONGEST_SHOWN: usize = 200;

/// A request that was allowed by name.
pub(super) struct Sending {
    request: Request,
    http: http::Request<RequestBody>,
    client: Client,
    /// Whether it carries the call's token to a host of its provider.
    with_token: bool,
    held: Option<Arc<Held>>,
    ledger: Arc<Ledger>,
    exchange: Arc<Exchange>,
    turns: Arc<tokio::sync::Semaphore>,
    patience: Patience,
}

/// How long a request waits, within the call's time: what the guest says, or the limits where they are less.
#[derive(Clone, Copy)]
struct Patience {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
    deadline: Instant,
}

impl CallOutbound {
    /// Counts a request, and decides it by name.
    pub(super) fn prepare(
        &self,
        asked: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Sending, Error> {
        if let Err(Met(_)) = self.ledger.asked() {
            return Err(Error::ConnectionLimitReached);
        }
        let (mut parts, body) = asked.into_parts();
        let request = Request::parse(&parts.method, &parts.uri)
            .map_err(|fault| self.not_a_request(&parts, &fault))?
            .with_headers(&parts.headers);
        let reach = self.held.as_deref().map(|held| &*held.reach);
        let private = match self.shared.policy.decide(&request, reach) {
            Decision::Allowed { private } => private,
            Decision::Refused { reason, rule } => {
                self.ledger
                    .refused(refusal(&request, self.held.as_deref(), reason, rule));
                return Err(Error::HttpRequestDenied);
            }
        };
        let with_token = self
            .held
            .as_deref()
            .is_some_and(|held| held.reach.includes(&request) && held.is_carried_by(&parts.uri, &parts.headers));
        // What is sent is what was compared. `Host` is among these headers, and the client makes it anew.
        for name in &DEFAULT_FORBIDDEN_HEADERS {
            parts.headers.remove(name);
        }
        parts.uri = uri_of(&request, parts.uri.query())?;
        parts.method =
            http::Method::from_bytes(request.method().as_bytes()).map_err(|_never| Error::HttpRequestMethodInvalid)?;
        parts.version = http::Version::HTTP_11;
        let exchange = Arc::new(Exchange::new(&visible_host(&request, self.held.as_deref())));
        let body = RequestBody {
            inner: body,
            ledger: self.ledger.clone(),
            exchange: exchange.clone(),
        };
        Ok(Sending {
            http: http::Request::from_parts(parts, body),
            client: self.shared.pool.client(
                &self.profile,
                self.held.as_deref().map(|held| &held.credential),
                private,
            ),
            request,
            with_token,
            held: self.held.clone(),
            ledger: self.ledger.clone(),
            exchange,
            turns: self.turns.clone(),
            patience: self.patience(options),
        })
    }

    fn patience(&self, options: Option<RequestOptions>) -> Patience {
        let limits = &self.shared.limits;
        let least = |asked: Option<Duration>, limit: Duration| asked.map_or(limit, |asked| asked.min(limit));
        Patience {
            connect: least(options.as_ref().and_then(|o| o.connect_timeout), limits.connect_timeout),
            first_byte: least(
                options.as_ref().and_then(|o| o.first_byte_timeout),
                limits.first_byte_timeout,
            ),
            between_bytes: least(
                options.as_ref().and_then(|o| o.between_bytes_timeout),
                limits.between_bytes_timeout,
            ),
            deadline: self.deadline,
        }
    }

    /// Notes a request that no rule could allow.
    fn not_a_request(&self, parts: &http::request::Parts, fault: &NotARequest) -> Error {
        let written = format!(
            "{} {}://{}{}",
            parts.method,
            parts.uri.scheme_str().unwrap_or_default(),
            // Without userinfo, which may hold a password.
            parts.uri.host().unwrap_or_default(),
            parts.uri.path()
        );
        let held = self.held.as_deref();
        let (request, reason) = [written, fault.to_string()]
            .map(|text| {
                if shows_secret(&text, held) {
                    "[redacted]".to_owned()
                } else {
                    cut(&text)
                }
            })
            .into();
        self.ledger.refused(Refusal {
            request,
            reason,
            rule: None,
        });
        match fault {
            NotARequest::Method(_) => Error::HttpRequestMethodInvalid,
            NotARequest::Scheme(_)
            | NotARequest::NoHost
            | NotARequest::UserInfo
            | NotARequest::Host(_)
            | NotARequest::Port(_)
            | NotARequest::Path => Error::HttpRequestUriInvalid,
        }
    }
}

impl Sending {
    /// Sends it, and waits for the head of the reply. Dropping the future, or later the reply's body, closes what was begun.
    pub(super) async fn send(self) -> Result<http::Response<WasiBody>, Error> {
        let exchange = self.exchange.clone();
        let span = exchange.span().clone();
        self.run()
            .instrument(span)
            .await
            .inspect_err(|error| exchange.failed(error))
    }

    async fn run(self) -> Result<http::Response<WasiBody>, Error> {
        let Self {
            request,
            mut http,
            client,
            with_token,
            held,
            ledger,
            exchange,
            turns,
            patience,
        } = self;
        if Instant::now() >= patience.deadline {
            return Err(Error::HttpResponseTimeout);
        }
        let connected_by = within(Instant::now(), patience.connect, patience.deadline);
        // Until the head of the reply, not to its end: a guest may hold replies unread while it waits for an earlier request.
        let _turn = turn(turns, connected_by).await?;
        ledger.sending(matches!(request.method(), "GET" | "HEAD") && !request.overrides_method());

        let mut connection = capture_connection(&mut http);
        let connected = async move {
            connection.wait_for_connection_metadata().await;
        };
        let mut replying = client.request(http);
        let early = tokio::select! {
            biased;
            outcome = &mut replying => Some(outcome),
            () = connected => None,
            () = tokio::time::sleep_until(connected_by) => return Err(Error::ConnectionTimeout),
        };
        let outcome = match early {
            Some(outcome) => outcome,
            None => first_byte(&mut replying, &exchange, patience).await?,
        };
        let reply = outcome.map_err(|error| match failure::of_client(&error) {
            Failure::Other(error) => error,
            Failure::Prohibited(prohibited) => {
                ledger.not_sent();
                let rule = (prohibited == Prohibited::Inner).then(|| private_rule(&request));
                ledger.refused(refusal(&request, held.as_deref(), prohibited.to_string(), rule));
                Error::DestinationIpProhibited
            }
        })?;

        exchange.replied(reply.status());
        let head: usize = reply
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if head > HEAD {
            return Err(Error::HttpResponseHeaderSectionSize(u32::try_from(HEAD).ok()));
        }
        if with_token && reply.status() == http::StatusCode::UNAUTHORIZED {
            ledger.unauthorized();
        }
        Ok(reply.map(|body| {
            ReplyBody::new(body, ledger, exchange, patience.between_bytes, patience.deadline).boxed_unsync()
        }))
    }
}

/// So long after `from`, and not after the deadline.
pub(super) fn within(from: Instant, duration: Duration, deadline: Instant) -> Instant {
    from.checked_add(duration).map_or(deadline, |at| at.min(deadline))
}

async fn turn(turns: Arc<tokio::sync::Semaphore>, by: Instant) -> Result<OwnedSemaphorePermit, Error> {
    match timeout_at(by, turns.acquire_owned()).await {
        Ok(Ok(turn)) => Ok(turn),
        Ok(Err(_)) | Err(_) => Err(Error::ConnectionLimitReached),
    }
}

/// Waits for the head of the reply, as long after the last piece of the request as it may take.
async fn first_byte(
    replying: &mut ResponseFuture,
    exchange: &Exchange,
    patience: Patience,
) -> Result<Result<http::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error>, Error> {
    exchange.moved(0);
    loop {
        let by = within(exchange.last_moved(), patience.first_byte, patience.deadline);
        if let Ok(outcome) = timeout_at(by, &mut *replying).await {
            return Ok(outcome);
        }
        let moved_since = within(exchange.last_moved(), patience.first_byte, patience.deadline) > by;
        if !moved_since {
            return Err(Error::HttpResponseTimeout);
        }
    }
}

pub(super) fn uri_of(request: &Request, query: Option<&str>) -> Result<http::Uri, Error> {
    let path = match query {
        Some(query) => format!("{}?{query}", request.path()),
        None => request.path().to_owned(),
    };
    http::Uri::builder()
        .scheme(request.scheme())
        .authority(request.authority())
        .path_and_query(path)
        .build()
        .map_err(|_not_a_uri| Error::HttpRequestUriInvalid)
}

/// Without what would show a secret of the call: a refusal goes to people and logs.
fn refusal(request: &Request, held: Option<&Held>, reason: String, rule: Option<String>) -> Refusal {
    let host = visible_host(request, held);
    if host != request.host() {
        return Refusal {
            request: format!("{} {}://{host}/", request.method(), request.scheme()),
            reason,
            rule: None,
        };
    }
    let path = if shows_secret(request.path(), held) {
        "/[redacted]"
    } else {
        request.path()
    };
    Refusal {
        request: cut(&format!("{} {}{path}", request.method(), request.origin())),
        reason,
        rule,
    }
}

/// The rule that opens an inner address to a request, as the operator writes it.
fn private_rule(request: &Request) -> String {
    let rule = format!("{} {}", request.method(), request.origin());
    rule.parse::<crate::package::Rule>()
        .map_or(rule, |rule| rule.private().to_toml())
}

fn visible_host(request: &Request, held: Option<&Held>) -> String {
    if shows_secret(request.host(), held) {
        "[redacted]".to_owned()
    } else {
        request.host().to_owned()
    }
}

fn shows_secret(text: &str, held: Option<&Held>) -> bool {
    held.is_some_and(|held| held.shows_in(text))
}

fn cut(text: &str) -> String {
    let text = shown_on_one_line(text);
    if text.chars().count() <= LONGEST_SHOWN {
        return text;
    }
    text.chars().take(LONGEST_SHOWN).chain(['…']).collect()
}
