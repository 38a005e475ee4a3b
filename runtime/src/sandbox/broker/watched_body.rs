//! The body of a request, in which no placeholder may stand.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::sandbox::broker::{Broker, Misplaced};

/// Called when a placeholder is found.
type Found = Box<dyn FnOnce(Misplaced) + Send>;

/// The body of a request, in which no placeholder may stand: it ends in an error before the last byte of one is sent.
pub(in crate::sandbox) struct Watched {
    inner: WasiBody,
    broker: Arc<Broker>,
    /// The end of what was sent, in which a placeholder may have begun.
    before: Vec<u8>,
    found: Option<Found>,
}

impl Watched {
    pub(in crate::sandbox) fn new(
        inner: WasiBody,
        broker: Arc<Broker>,
        found: impl FnOnce(Misplaced) + Send + 'static,
    ) -> Self {
        Self {
            inner,
            broker,
            before: Vec::new(),
            found: Some(Box::new(found)),
        }
    }

    fn has_placeholder(&mut self, data: &[u8]) -> bool {
        let reach = self.broker.longest().saturating_sub(1);
        // Where two pieces meet, no more of the second than a placeholder that began in the first.
        self.before.extend_from_slice(data.get(..reach).unwrap_or(data));
        if self.broker.stands_in(&self.before) || self.broker.stands_in(data) {
            return true;
        }
        if let Some(end) = data.len().checked_sub(reach).and_then(|from| data.get(from..)) {
            self.before.clear();
            self.before.extend_from_slice(end);
        }
        let surplus = self.before.len().saturating_sub(reach);
        self.before.drain(..surplus);
        false
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let Some(Ok(frame)) = frame else {
            return Poll::Ready(frame);
        };
        let found = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => {
                let data = data.clone();
                self.has_placeholder(&data)
            }
            (None, Some(trailers)) => trailers.values().any(|value| self.broker.stands_in(value.as_bytes())),
            (None, None) => false,
        };
        if found {
            if let Some(found) = self.found.take() {
                found(Misplaced::Body);
            }
            return Poll::Ready(Some(Err(Error::HttpRequestDenied)));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
