//! Bodies that are counted and timed as they pass.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::sandbox::outbound::{
    exchange::Exchange,
    failure,
    lacking::InBody,
    ledger::{Ledger, Met},
    send::within,
};

/// The body of a request. It ends in an error where the call has sent all that it may.
pub(super) struct RequestBody {
    pub(super) inner: WasiBody,
    pub(super) ledger: Arc<Ledger>,
    pub(super) exchange: Arc<Exchange>,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            if let Err(Met(limit)) = self.ledger.sent(bytes) {
                return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(limit)))));
            }
            self.exchange.moved(bytes);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of a reply. It ends in an error where the call has received all that it may, where the next piece is too long
/// in coming, and at the call's deadline.
pub(super) struct ReplyBody {
    /// Dropped at an error, which closes the connection (HTTP/1.1) or the stream (HTTP/2).
    inner: Option<Incoming>,
    ledger: Arc<Ledger>,
    exchange: Arc<Exchange>,
    between: Duration,
    deadline: Instant,
    /// Only while a piece is waited for: a guest may take its time before it asks for the next one.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Who reads along, until the end.
    along: Option<InBody>,
}

impl ReplyBody {
    pub(super) fn new(
        inner: Incoming,
        ledger: Arc<Ledger>,
        exchange: Arc<Exchange>,
        between: Duration,
        deadline: Instant,
    ) -> Self {
        Self {
            inner: Some(inner),
            ledger,
            exchange,
            between,
            deadline,
            waiting: None,
            along: None,
        }
    }

    /// The same with one who reads along.
    pub(super) fn read_along(mut self, along: Option<InBody>) -> Self {
        self.along = along;
        self
    }

    fn end(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.exchange.failed(&error);
        self.along = None;
        self.close();
        Poll::Ready(Some(Err(error)))
    }

    fn close(&mut self) {
        self.inner = None;
        self.waiting = None;
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        match Pin::new(inner).poll_frame(cx) {
            Poll::Ready(None) => {
                if let Some(along) = self.along.take() {
                    along.end();
                }
                self.close();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let error = failure::of_hyper(&error);
                self.end(error)
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.waiting = None;
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.exchange.received(bytes);
                let is_last = self.inner.as_ref().is_none_or(Body::is_end_stream);
                if let Some(mut along) = self.along.take()
                    && along.read(frame.data_ref().map_or(&[][..], |piece| piece))
                {
                    // Whoever knows the length does not ask for what is after the last piece.
                    match is_last {
                        true => along.end(),
                        false => self.along = Some(along),
                    }
                }
                match self.ledger.received(bytes) {
                    Ok(()) => Poll::Ready(Some(Ok(frame))),
                    Err(Met(limit)) => self.end(Error::HttpResponseBodySize(Some(limit))),
                }
            }
            Poll::Pending => {
                let until = within(Instant::now(), self.between, self.deadline);
                let waiting = self
                    .waiting
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
                std::task::ready!(waiting.as_mut().poll(cx));
                self.end(Error::ConnectionReadTimeout)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
