//! How much of the server one key may have.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, HttpBody as _},
    http::StatusCode,
    response::Response,
};
use futures_util::StreamExt as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use pocket_runtime::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{api::problem::Problem, keys::KeyId, settings::ServerSettings};

/// Keys beyond which those that have nothing open are forgotten.
const REMEMBERED: usize = 4_096;

/// How much of the server one key may have: requests in a second, and at once.
#[derive(Debug)]
pub(crate) struct Turns {
    at_once: usize,
    open: Mutex<HashMap<KeyId, Arc<Semaphore>>>,
    rate: DefaultKeyedRateLimiter<KeyId>,
}

/// One request's turn, until dropped.
pub(crate) struct Turn(#[expect(dead_code, reason = "it is given back when dropped")] OwnedSemaphorePermit);

impl Turn {
    /// Keeps the turn until the reply has ended too, where that goes on for an unknown time: a stream of events is a request that is open.
    pub(crate) fn until_end_of(self, reply: Response) -> Response {
        if reply.body().size_hint().exact().is_some() {
            return reply;
        }
        reply.map(|body| {
            let data = body.into_data_stream();
            Body::from_stream(data.inspect(move |_data| {
                let _held = &self;
            }))
        })
    }
}

impl Turns {
    pub(crate) fn of(settings: &ServerSettings) -> Self {
        Self {
            at_once: settings.requests_per_key,
            open: Mutex::default(),
            rate: RateLimiter::keyed(Quota::per_second(settings.requests_per_second)),
        }
    }

    pub(crate) fn begin(&self, key: &KeyId) -> Result<Turn, Problem> {
        if self.rate.check_key(key).is_err() {
            return Err(Problem::new(
                Code::RateLimited,
                "this key sends more requests than it may in a second",
            )
            .hint("send them more slowly, or raise the limit")
            .with_status(StatusCode::TOO_MANY_REQUESTS));
        }
        let permit = self.of_key(key).try_acquire_owned();
        permit.map(Turn).map_err(|_none| {
            Problem::new(Code::Busy, "this key has as many requests open as it may")
                .hint("call again when some of them have ended, or raise the limit")
        })
    }

    fn of_key(&self, key: &KeyId) -> Arc<Semaphore> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() > REMEMBERED {
            open.retain(|_key, turns| Arc::strong_count(turns) > 1);
            self.rate.retain_recent();
        }
        let turns = open
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.at_once)));
        Arc::clone(turns)
    }
}
