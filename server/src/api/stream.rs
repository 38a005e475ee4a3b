//! A call told as it goes on: server-sent events.

use std::{convert::Infallible, sync::Arc};

use axum::response::{
    IntoResponse as _, Response,
    sse::{self, KeepAlive, Sse},
};
use futures_util::stream;
use pocket_runtime::CallStep;
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    calls::{Call, CancelOnDrop, Event, Progress},
    keys::{KeyId, Revocations},
};

/// A call whose events are told.
struct Telling {
    call: Arc<Call>,
    events: Receiver<Event>,
    /// Where the call is this reader's alone.
    _cancel: Option<CancelOnDrop>,
    key: Option<KeyId>,
    revocations: Revocations,
    next: Next,
}

enum Next {
    Begin,
    Events,
    Nothing,
}

/// What an event tells.
#[derive(Debug, Clone, Copy, utoipa::ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// The first: the call's id and tool.
    Call,
    /// It comes to the next of `loading`, `compiling` and `running`.
    Step,
    /// A line of its log.
    Log,
    /// How far it is.
    Progress,
    /// A request of the tool ended.
    Request,
    /// A request of the tool was refused.
    Refused,
    /// So many events came too fast, and are not told.
    LeftOut,
    /// The last: how it ended, as the call's `result`.
    End,
}

/// One of the events by which a call is told as it goes on.
#[derive(Debug, utoipa::ToSchema)]
pub(super) struct CallEvent {
    event: Kind,
    /// JSON on one line: whatever a guest wrote, it is one field of one event.
    data: String,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Step => "step",
            Self::Log => "log",
            Self::Progress => "progress",
            Self::Request => "request",
            Self::Refused => "refused",
            Self::LeftOut => "left-out",
            Self::End => "end",
        }
    }
}

impl From<CallEvent> for sse::Event {
    fn from(told: CallEvent) -> Self {
        Self::default().event(told.event.as_str()).data(told.data)
    }
}

/// Tells a call from here on, with `log`, `progress` and `step`, and last `end` with how it ended; `call` first, with its id.
/// Where the caller waits for nothing else, the call ends with this stream; with its key it ends in any case.
pub(crate) fn of(
    call: Arc<Call>,
    events: Receiver<Event>,
    ends_with_stream: bool,
    key: Option<&KeyId>,
    revocations: Revocations,
) -> Response {
    let telling = Telling {
        _cancel: ends_with_stream.then(|| CancelOnDrop::new(Arc::clone(&call))),
        call,
        events,
        key: key.cloned(),
        revocations,
        next: Next::Begin,
    };
    let events = stream::unfold(telling, |mut telling| async move {
        let event = telling.next().await?;
        Some((Ok::<_, Infallible>(event), telling))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Telling {
    async fn next(&mut self) -> Option<sse::Event> {
        match self.next {
            Next::Begin => {
                self.next = Next::Events;
                Some(told(
                    Kind::Call,
                    &json!({ "id": self.call.id.to_string(), "tool": self.call.tool }),
                ))
            }
            Next::Events => {
                let event = tokio::select! {
                    biased;
                    event = self.events.recv() => event,
                    () = self.call.wait() => Err(RecvError::Closed),
                    () = revoked(&self.revocations, self.key.as_ref()) => {
                        self.next = Next::Nothing;
                        return None;
                    }
                };
                match event {
                    Ok(event) => Some(event_of(&event)),
                    Err(RecvError::Lagged(left_out)) => Some(told(Kind::LeftOut, &json!({ "events": left_out }))),
                    Err(RecvError::Closed) => self.end(),
                }
            }
            Next::Nothing => None,
        }
    }

    fn end(&mut self) -> Option<sse::Event> {
        self.next = Next::Nothing;
        let ended = self.call.ended()?;
        let mut shape = ended.to_json(&self.call.tool);
        if let Some(fields) = shape.as_object_mut() {
            fields.insert("call".to_owned(), json!(self.call.id.to_string()));
        }
        Some(told(Kind::End, &shape))
    }
}

/// Ends once the key is no more; never where there is none.
pub(super) async fn revoked(revocations: &Revocations, key: Option<&KeyId>) {
    match key {
        Some(key) => revocations.of(key).await,
        None => std::future::pending().await,
    }
}

fn event_of(event: &Event) -> sse::Event {
    match event {
        Event::Log(line) => told(Kind::Log, &json!(line)),
        Event::Progress(Progress { done, total, message }) => told(
            Kind::Progress,
            &json!({ "done": done, "total": total, "message": message }),
        ),
        Event::Request(request) => told(Kind::Request, &json!(request)),
        Event::Refused(refusal) => told(Kind::Refused, &json!({ "refusal": refusal })),
        Event::Step(step) => {
            let step = match step {
                CallStep::Loading => "loading",
                CallStep::Compiling => "compiling",
                CallStep::Running => "running",
                _later => "other",
            };
            told(Kind::Step, &json!({ "step": step }))
        }
    }
}

fn told(event: Kind, data: &serde_json::Value) -> sse::Event {
    CallEvent {
        event,
        data: data.to_string(),
    }
    .into()
}
