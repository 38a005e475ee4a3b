//! One request of a guest, from its asking to the head of its reply.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::{ResponseFuture, connect::capture_connection};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};
use tracing::Instrument as _;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::{
    package::Request,
    sandbox::{
        address::Prohibited,
        outbound::{
            body::{ReplyBody, RequestBody},
            brokering::Brokering,
            exchange::Exchange,
            failure::{self, Failure},
            held::Held,
            lacking::{self, InBody},
            ledger::Ledger,
            pool::{Client, HEAD},
            refusal::{private_rule, refusal},
        },
    },
};

/// A request that was allowed by name.
pub(super) struct Sending {
    pub(super) head: http::request::Parts,
    pub(super) body: WasiBody,
    /// Where the call has placeholders.
    pub(super) brokering: Option<Brokering>,
    /// Whether the guest itself put the call's token where it goes, to a host of its provider.
    pub(super) with_token: bool,
    pub(super) turns: Arc<tokio::sync::Semaphore>,
    pub(super) way: Way,
}

/// By what a request goes out, and a second time where its token was renewed.
pub(super) struct Way {
    pub(super) request: Request,
    pub(super) client: Client,
    pub(super) held: Option<Arc<Held>>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) patience: Patience,
}

/// How long a request waits, within the call's time: what the guest says, or the limits where they are less.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) connect: Duration,
    pub(super) first_byte: Duration,
    pub(super) between_bytes: Duration,
    pub(super) deadline: Instant,
}

impl Sending {
    /// Sends it, and waits for the head of the reply. Dropping the future, or later the reply's body, closes what was begun.
    pub(super) async fn send(self) -> Result<http::Response<WasiBody>, Error> {
        let exchange = self.way.exchange.clone();
        let span = exchange.span().clone();
        self.run()
            .instrument(span)
            .await
            .inspect_err(|error| exchange.failed(error))
    }

    async fn run(self) -> Result<http::Response<WasiBody>, Error> {
        let patience = self.way.patience;
        if Instant::now() >= patience.deadline {
            return Err(Error::HttpResponseTimeout);
        }
        let connected_by = within(Instant::now(), patience.connect, patience.deadline);
        // Until the head of the reply, not to its end: a guest may hold replies unread while it waits for an earlier request.
        let _turn = turn(self.turns.clone(), connected_by).await?;
        let Self {
            way,
            head,
            body,
            brokering,
            with_token,
            turns: _,
        } = self;
        let Some(brokering) = brokering else {
            let reply = way.attempt(http::Request::from_parts(head, body)).await?;
            if with_token && reply.status() == StatusCode::UNAUTHORIZED {
                way.ledger.unauthorized();
            }
            let in_body = with_token.then(|| way.lacking(&reply)).flatten();
            return Ok(reply.map(|body| way.reply_body(body, in_body).boxed_unsync()));
        };
        let brokered = brokering.fill(head, body, patience.deadline).await?;
        let mut reply = way.attempt(brokered.request).await?;
        let mut echoes = brokered.echoes;
        if brokered.with_token && reply.status() == StatusCode::UNAUTHORIZED {
            match brokering.again(brokered.again).await {
                Some(again) => {
                    reply = way.attempt(again.request).await?;
                    echoes = again.echoes;
                    if reply.status() == StatusCode::UNAUTHORIZED {
                        way.ledger.unauthorized();
                    }
                }
                None => way.ledger.unauthorized(),
            }
        }
        let in_body = brokered.with_token.then(|| way.lacking(&reply)).flatten();
        brokering.searched(reply, echoes, |body| way.reply_body(body, in_body))
    }
}

impl Way {
    /// Sends one request and waits for the head of its reply.
    async fn attempt(&self, request: http::Request<WasiBody>) -> Result<http::Response<Incoming>, Error> {
        let (ledger, exchange, patience) = (&self.ledger, &self.exchange, self.patience);
        let safe = matches!(self.request.method(), "GET" | "HEAD") && !self.request.overrides_method();
        ledger.sending(safe);
        let mut http = request.map(|inner| RequestBody {
            inner,
            ledger: ledger.clone(),
            exchange: exchange.clone(),
        });
        let mut connection = capture_connection(&mut http);
        let connected = async move {
            connection.wait_for_connection_metadata().await;
        };
        let mut replying = self.client.request(http);
        let connected_by = within(Instant::now(), patience.connect, patience.deadline);
        let early = tokio::select! {
            biased;
            outcome = &mut replying => Some(outcome),
            () = connected => None,
            () = tokio::time::sleep_until(connected_by) => return Err(Error::ConnectionTimeout),
        };
        let outcome = match early {
            Some(outcome) => outcome,
            None => first_byte(&mut replying, exchange, patience).await?,
        };
        let reply = outcome.map_err(|error| match failure::of_client(&error) {
            Failure::Other(error) => error,
            Failure::Proxy(fault) => {
                ledger.not_sent();
                ledger.proxy_failed(fault);
                // Where the proxy is, and what it wants, is not for guests.
                Error::DestinationUnavailable
            }
            Failure::Prohibited(prohibited) => {
                ledger.not_sent();
                let rule = (prohibited == Prohibited::Inner).then(|| private_rule(&self.request));
                ledger.refused(refusal(
                    &self.request,
                    self.held.as_deref(),
                    prohibited.to_string(),
                    rule,
                ));
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
        Ok(reply)
    }

    /// What a reply to a request with the token says that the token lacks: noted where its head says so, and looked for in its body
    /// where the provider's file says how it would be there.
    fn lacking(&self, reply: &http::Response<Incoming>) -> Option<InBody> {
        if let Some(scopes) = lacking::in_head(reply.status(), reply.headers()) {
            self.ledger.lacks_scopes(scopes);
        }
        let shape = self.held.as_deref()?.credential.scope_error.as_ref()?;
        InBody::of(shape, &self.ledger, reply.headers())
    }

    fn reply_body(&self, body: Incoming, in_body: Option<InBody>) -> ReplyBody {
        let patience = self.patience;
        ReplyBody::new(
            body,
            self.ledger.clone(),
            self.exchange.clone(),
            patience.between_bytes,
            patience.deadline,
        )
        .read_along(in_body)
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
) -> Result<Result<http::Response<Incoming>, hyper_util::client::legacy::Error>, Error> {
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
