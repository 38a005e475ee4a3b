//! The body of a reply, searched for secrets as it passes.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::sandbox::broker::{Echoes, echoes::Searching};

/// The body of a reply, searched for secrets as it passes. It is as long as it was.
pub(in crate::sandbox) struct Searched<B> {
    inner: B,
    searching: Searching,
    echoes: Echoes,
    /// They come after what was held back of the data before them.
    trailers: Option<HeaderMap>,
    ended: bool,
}

impl<B> Searched<B> {
    pub(in crate::sandbox) fn new(inner: B, echoes: Echoes) -> Self {
        Self {
            inner,
            searching: Searching::new(echoes.clone()),
            echoes,
            trailers: None,
            ended: false,
        }
    }

    /// What is left once nothing more comes from within.
    fn rest(&mut self) -> Option<Frame<Bytes>> {
        let held_back = self.searching.end();
        if !held_back.is_empty() {
            return Some(Frame::data(held_back));
        }
        self.trailers.take().map(Frame::trailers)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Searched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        while !self.ended {
            let Some(frame) = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)).transpose()? else {
                self.ended = true;
                break;
            };
            match frame.into_data() {
                Ok(data) => {
                    let passed = self.searching.pass(data);
                    if !passed.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(passed))));
                    }
                }
                Err(other) => {
                    let mut trailers = other.into_trailers().unwrap_or_default();
                    self.echoes.replace_in_headers(&mut trailers);
                    self.trailers = Some(trailers);
                    self.ended = true;
                }
            }
        }
        Poll::Ready(self.rest().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.searching.held_back() == 0 && self.trailers.is_none() && (self.ended || self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.inner.size_hint();
        let held_back = self.searching.held_back() as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(held_back));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(held_back));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::convert::Infallible;

    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;
    use crate::base::secret::Secret;

    #[tokio::test]
    async fn pieces_and_trailers_are_searched() {
        let mut echoes = Echoes::default();
        echoes.add(&Secret::new("planted-token"), "placeholder-0");
        let mut trailers = HeaderMap::new();
        trailers.insert("x-echo", "Bearer planted-token".parse().unwrap());
        let frames = [
            Frame::data(Bytes::from_static(b"before plan")),
            Frame::data(Bytes::from_static(b"ted-token pl")),
            Frame::trailers(trailers),
        ];
        let inner = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, Infallible>)));
        let read = Searched::new(inner, echoes).collect().await.unwrap();
        assert_eq!(read.trailers().unwrap()["x-echo"], "Bearer placeholder-0");
        assert_eq!(read.to_bytes(), "before placeholder-0 pl");
    }
}
