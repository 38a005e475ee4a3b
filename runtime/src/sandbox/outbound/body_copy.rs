//! A request's body, copied as it passes so that it can be sent again.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

/// A larger body is not kept.
const LARGEST: usize = 64 << 10;

/// What passed of a body.
#[derive(Clone)]
pub(super) struct BodyCopy(Arc<Mutex<State>>);

struct State {
    bytes: Vec<u8>,
    ended: bool,
    /// Too large, with trailers, or failed.
    unfit: bool,
}

/// A body that is copied as it passes.
pub(super) struct Copied {
    inner: WasiBody,
    copy: BodyCopy,
}

impl BodyCopy {
    /// All of the body, where all of it passed. One whose length was `declared` is not always read past it.
    pub(super) fn whole(&self, declared: Option<u64>) -> Option<Bytes> {
        let state = self.locked();
        let all = state.ended || declared == Some(state.bytes.len() as u64);
        (all && !state.unfit).then(|| Bytes::copy_from_slice(&state.bytes))
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Copied {
    pub(super) fn new(inner: WasiBody) -> Self {
        let state = State {
            bytes: Vec::new(),
            ended: inner.is_end_stream(),
            unfit: false,
        };
        Self {
            inner,
            copy: BodyCopy(Arc::new(Mutex::new(state))),
        }
    }

    pub(super) fn copy(&self) -> BodyCopy {
        self.copy.clone()
    }
}

impl Body for Copied {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let ended = self.inner.is_end_stream();
        let mut state = self.copy.locked();
        match &frame {
            None => state.ended = true,
            Some(Err(_)) => state.unfit = true,
            Some(Ok(frame)) => match frame.data_ref() {
                Some(data) if state.bytes.len() + data.len() <= LARGEST => state.bytes.extend_from_slice(data),
                Some(_) | None => {
                    state.unfit = true;
                    state.bytes = Vec::new();
                }
            },
        }
        state.ended |= ended;
        drop(state);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use http_body_util::{BodyExt as _, Full};

    use super::*;

    fn body(bytes: Vec<u8>) -> Copied {
        Copied::new(
            Full::new(Bytes::from(bytes))
                .map_err(|never| match never {})
                .boxed_unsync(),
        )
    }

    #[tokio::test]
    async fn a_body_is_kept_once_all_of_it_passed_and_only_a_small_one() {
        let small = body(b"abc".to_vec());
        let copy = small.copy();
        assert_eq!(copy.whole(None), None);
        small.collect().await.unwrap();
        assert_eq!(copy.whole(None).unwrap(), "abc");
        assert_eq!(body(Vec::new()).copy().whole(None).unwrap(), "");

        let large = body(vec![0; LARGEST + 1]);
        let copy = large.copy();
        large.collect().await.unwrap();
        assert_eq!(copy.whole(None), None);
    }
}
