//! One request and its reply, as they are told of: in traces, and to who reads along.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    package::Request,
    sandbox::{OutboundRequest, outbound::ledger::Ledger},
};

/// What one request and its reply have come to. What is told holds its host, never its path, query or headers.
pub(super) struct Exchange {
    ledger: Arc<Ledger>,
    span: tracing::Span,
    method: String,
    origin: String,
    /// 0 while there is no reply.
    status: AtomicU16,
    started: Instant,
    /// When the last piece of the request went out, in milliseconds from the start.
    moved: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Exchange {
    /// `visible_host` is its host without what would show a secret.
    pub(super) fn new(request: &Request, visible_host: String, ledger: Arc<Ledger>) -> Self {
        let span = tracing::info_span!("outbound request", host = visible_host, status = tracing::field::Empty);
        Self {
            ledger,
            span,
            method: request.method().to_owned(),
            origin: if visible_host == request.host() {
                request.origin()
            } else {
                format!("{}://{visible_host}", request.scheme())
            },
            status: AtomicU16::new(0),
            started: Instant::now(),
            moved: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    pub(super) fn span(&self) -> &tracing::Span {
        &self.span
    }

    /// A connection stands, or a piece of the request went out.
    pub(super) fn moved(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }

    pub(super) fn last_moved(&self) -> Instant {
        self.started + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }

    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn replied(&self, status: http::StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
        self.span.record("status", status.as_u16());
    }

    pub(super) fn failed(&self, error: &wasmtime_wasi_http::Error) {
        self.span.in_scope(|| tracing::debug!(%error, "the request failed"));
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let sent = self.sent.load(Ordering::Relaxed);
        let received = self.received.load(Ordering::Relaxed);
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.span
            .in_scope(|| tracing::debug!(sent, received, millis, "the request ended"));
        self.ledger.ended(|| {
            let after = self.started.into_std().saturating_duration_since(self.ledger.began());
            OutboundRequest {
                method: std::mem::take(&mut self.method),
                origin: std::mem::take(&mut self.origin),
                status: Some(self.status.load(Ordering::Relaxed)).filter(|status| *status != 0),
                after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
                took_ms: millis,
                sent_bytes: sent,
                received_bytes: received,
            }
        });
    }
}
