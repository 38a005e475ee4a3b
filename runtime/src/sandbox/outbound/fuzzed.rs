//! The way of one brokered request and its reply, without a server at its end.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::Instant;
use wasmtime_wasi_http::Error;

use crate::{
    auth::Credential,
    package::Request,
    provider::Placement,
    sandbox::{
        broker::{Broker, Echoes, Misplaced, Searched},
        outbound::{brokering::Brokering, prepare::uri_of},
    },
};

const VARIABLE: &str = "TOKEN";

/// A guest that has a placeholder in place of its token.
pub(crate) struct Guest(Arc<Broker>);

/// Why a request was not sent.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// A placeholder stands in it where none may stand.
    Misplaced,
    /// It cannot be sent for another reason.
    Other,
}

/// A request as its server gets it.
pub(crate) struct Sent {
    pub(crate) head: Parts,
    pub(crate) body: Vec<u8>,
    pub(crate) with_token: bool,
    echoes: Echoes,
}

/// The head of a request as it is once it was decided by name; none where it is no request at all.
pub(crate) fn prepared(mut head: Parts) -> Option<Parts> {
    let request = Request::parse(&head.method, &head.uri).ok()?;
    head.uri = uri_of(&request, head.uri.query()).ok()?;
    Some(head)
}

impl Guest {
    pub(crate) fn new(token: &str, prefixes: &[&str], placement: Placement) -> Self {
        let credential = Credential {
            placement: Some(placement),
            token_prefixes: prefixes.iter().map(|&prefix| prefix.to_owned()).collect(),
            ..Credential::for_tests(VARIABLE, token)
        };
        Self(Arc::new(
            Broker::new(&credential, None).expect("the token is long enough"),
        ))
    }

    pub(crate) fn placeholder(&self) -> &str {
        self.0.value_of(VARIABLE).expect("the variable holds a secret")
    }

    /// Sends a request whose body comes in these pieces.
    pub(crate) async fn send(&self, head: Parts, body: Vec<Bytes>, to_provider: bool) -> Result<Sent, NotSent> {
        let refused = Arc::new(Mutex::new(None));
        let refuse = {
            let refused = Arc::clone(&refused);
            move |misplaced: Misplaced| *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(misplaced)
        };
        let not_sent = |_error: Error| match *refused.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(_misplaced) => NotSent::Misplaced,
            None => NotSent::Other,
        };
        let brokering =
            Brokering::of(&self.0, &head, to_provider, Arc::new(refuse)).map_err(|_misplaced| NotSent::Misplaced)?;
        let pieces = body.into_iter().map(|piece| Ok::<_, Error>(Frame::data(piece)));
        let body = StreamBody::new(futures_util::stream::iter(pieces.collect::<Vec<_>>())).boxed_unsync();
        let deadline = Instant::now() + Duration::from_secs(60);
        let brokered = brokering.fill(head, body, deadline).await.map_err(not_sent)?;
        let (head, body) = brokered.request.into_parts();
        let body = body.collect().await.map_err(not_sent)?.to_bytes();
        Ok(Sent {
            head,
            body: body.to_vec(),
            with_token: brokered.with_token,
            echoes: brokered.echoes,
        })
    }
}

impl Sent {
    /// What the guest gets of a reply's headers.
    pub(crate) fn replied_headers(&self, mut headers: HeaderMap) -> HeaderMap {
        self.echoes.replace_in_headers(&mut headers);
        headers
    }

    /// What the guest gets of a reply whose body comes in these pieces.
    pub(crate) async fn replied(&self, body: Vec<Bytes>) -> Vec<u8> {
        let pieces = body.into_iter().map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
        let body = StreamBody::new(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
        match Searched::new(body, self.echoes.clone()).collect().await {
            Ok(read) => read.to_bytes().to_vec(),
            Err(never) => match never {},
        }
    }
}
