//! One request and its reply, as they are told of in traces.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// What one request and its reply have come to. Traces hold its host, never its path, query or headers.
pub(super) struct Exchange {
    span: tracing::Span,
    started: Instant,
    /// When the last piece of the request went out, in milliseconds from the start.
    moved: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Exchange {
    pub(super) fn new(host: &str) -> Self {
        Self {
            span: tracing::info_span!("outbound request", host, status = tracing::field::Empty),
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
    }
}
