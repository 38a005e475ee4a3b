//! What becomes of one request, and of its reply, in a call that has placeholders.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, header, request::Parts};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::sandbox::{
    broker::{Broker, Echoes, Field, LARGEST, Misplaced, Searched, Spot, Watched},
    outbound::{
        body::ReplyBody,
        body_copy::{BodyCopy, Copied},
    },
};

/// What becomes of one request, and of its reply, in a call that has placeholders.
pub(super) struct Brokering {
    broker: Arc<Broker>,
    spot: Option<Spot>,
    to_provider: bool,
    refused: Arc<dyn Fn(Misplaced) + Send + Sync>,
}

/// A request with the token in it, if it goes there.
pub(super) struct Brokered {
    pub(super) request: http::Request<WasiBody>,
    pub(super) with_token: bool,
    /// What its reply is searched for.
    pub(super) echoes: Echoes,
    pub(super) again: Again,
}

/// What it takes to send a request once more, with another token.
pub(super) struct Again {
    /// The token that it was sent with.
    version: u64,
    head: Parts,
    body: Kept,
}

enum Kept {
    Copy(BodyCopy),
    /// A body that was read for its field.
    Read(Bytes, Field),
}

impl Brokering {
    /// Fails where a placeholder stands in the head at a place that is not the token's. One in the body goes to `refused`.
    pub(super) fn of(
        broker: &Arc<Broker>,
        head: &Parts,
        to_provider: bool,
        refused: Arc<dyn Fn(Misplaced) + Send + Sync>,
    ) -> Result<Self, Misplaced> {
        Ok(Self {
            spot: broker.spot(head, to_provider)?,
            broker: Arc::clone(broker),
            to_provider,
            refused,
        })
    }

    /// Puts the token where its placeholder stands. A body that may hold it in a field is read first.
    pub(super) async fn fill(&self, mut head: Parts, body: WasiBody, deadline: Instant) -> Result<Brokered, Error> {
        if self.to_provider {
            // A reply that is compressed, or a part of one, cannot be searched.
            head.headers
                .insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            head.headers.remove(header::RANGE);
            head.headers.remove(header::IF_RANGE);
        }
        let field = self
            .broker
            .field()
            .filter(|_| self.to_provider)
            .and_then(|name| Some((name, Field::of(&head.headers)?)));
        let Some((name, kind)) = field else {
            let copied = Copied::new(body);
            let kept = Kept::Copy(copied.copy());
            return self.filled(head, self.watched(copied.boxed_unsync()), kept);
        };
        let read = timeout_at(deadline, Limited::new(body, LARGEST).collect())
            .await
            .map_err(|_elapsed| Error::HttpResponseTimeout)?
            .map_err(|error| match error.downcast::<Error>() {
                Ok(error) => *error,
                Err(_too_large) => {
                    (self.refused)(Misplaced::TooLarge);
                    Error::HttpRequestBodySize(Some(LARGEST as u64))
                }
            })?;
        if read.trailers().is_some() {
            return Err(Error::HttpProtocolError);
        }
        self.with_field(head, read.to_bytes(), name, kind)
    }

    /// The same request once more, where the token was refused and there is another one now.
    pub(super) async fn again(&self, again: Again) -> Option<Brokered> {
        let Again { version, head, body } = again;
        let body = match body {
            Kept::Copy(copy) => Ok(copy.whole(declared(&head))?),
            Kept::Read(bytes, kind) => Err((bytes, kind)),
        };
        if !self.broker.renew(version).await {
            return None;
        }
        match body {
            Ok(bytes) => {
                let copied = Copied::new(whole(bytes));
                let kept = Kept::Copy(copied.copy());
                self.filled(head, copied.boxed_unsync(), kept).ok()
            }
            Err((bytes, kind)) => self.with_field(head, bytes, self.broker.field()?, kind).ok(),
        }
    }

    fn with_field(&self, mut head: Parts, bytes: Bytes, name: &str, kind: Field) -> Result<Brokered, Error> {
        let kept = Kept::Read(bytes.clone(), kind);
        let version = self.broker.version();
        let filled = self.broker.fill_field(kind, name, &bytes).map_err(|misplaced| {
            (self.refused)(misplaced);
            Error::HttpRequestDenied
        })?;
        let again = Again {
            version,
            head: head.clone(),
            body: kept,
        };
        let with_token = filled.is_some();
        // Its length may be another one now.
        head.headers.remove(header::CONTENT_LENGTH);
        let body = filled.map_or(bytes, |filled| Bytes::copy_from_slice(&filled));
        Ok(Brokered {
            request: http::Request::from_parts(head, whole(body)),
            with_token,
            echoes: self.broker.echoes(),
            again,
        })
    }

    fn filled(&self, mut head: Parts, body: WasiBody, kept: Kept) -> Result<Brokered, Error> {
        let again = Again {
            version: self.broker.version(),
            head: head.clone(),
            body: kept,
        };
        let echoes = match &self.spot {
            None => self.broker.echoes(),
            Some(spot) => self.broker.fill(&mut head, spot).ok_or(Error::HttpProtocolError)?,
        };
        Ok(Brokered {
            request: http::Request::from_parts(head, body),
            with_token: self.spot.is_some(),
            echoes,
            again,
        })
    }

    fn watched(&self, body: WasiBody) -> WasiBody {
        let refused = Arc::clone(&self.refused);
        Watched::new(body, Arc::clone(&self.broker), move |misplaced| refused(misplaced)).boxed_unsync()
    }

    /// The reply as the guest gets it: what it echoes of the token is the placeholder.
    pub(super) fn searched(
        &self,
        mut reply: http::Response<Incoming>,
        echoes: Echoes,
        read: impl FnOnce(Incoming) -> ReplyBody,
    ) -> Result<http::Response<WasiBody>, Error> {
        if !self.to_provider {
            return Ok(reply.map(|body| read(body).boxed_unsync()));
        }
        let encoded = reply
            .headers()
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        if encoded {
            return Err(Error::HttpResponseContentCoding(None));
        }
        echoes.replace_in_headers(reply.headers_mut());
        // Among them is the reason in the status line.
        reply.extensions_mut().clear();
        Ok(reply.map(|body| Searched::new(read(body), echoes).boxed_unsync()))
    }
}

/// How long the head says that the body is.
fn declared(head: &Parts) -> Option<u64> {
    head.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
