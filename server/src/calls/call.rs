//! One call.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use pocket_runtime::{CallStep, LogLine, Report, UnixTime};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{caller::Owner, calls::Ended};

/// How many events a reader may be behind before the oldest are left out for it.
const BEHIND: usize = 256;

/// Names a call: no guess finds one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CallId(String);

impl CallId {
    pub(super) fn made() -> Self {
        Self(hex::encode(rand::random::<[u8; 16]>()))
    }

    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is told of a call while it runs.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Log(LogLine),
    Progress {
        done: f64,
        total: Option<f64>,
        message: Option<String>,
    },
    Step(CallStep),
}

/// One call, running or ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) tool: String,
    pub(crate) owner: Owner,
    pub(crate) began_at: UnixTime,
    cancel: CancellationToken,
    done: CancellationToken,
    ended: OnceLock<Arc<Ended>>,
    events: broadcast::Sender<Event>,
    /// For the first who asks: so that nothing is missed that was told before he did.
    first: Mutex<Option<broadcast::Receiver<Event>>>,
}

impl Call {
    pub(super) fn new(tool: String, owner: Owner, began_at: UnixTime) -> Self {
        let (events, first) = broadcast::channel(BEHIND);
        Self {
            id: CallId::made(),
            tool,
            owner,
            began_at,
            cancel: CancellationToken::new(),
            done: CancellationToken::new(),
            ended: OnceLock::new(),
            events,
            first: Mutex::new(Some(first)),
        }
    }

    /// What it tells: to the first who asks from its beginning, to others from here on.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.first().take().unwrap_or_else(|| self.events.subscribe())
    }

    fn first(&self) -> std::sync::MutexGuard<'_, Option<broadcast::Receiver<Event>>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops it, where it still runs.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    pub(super) async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn ended(&self) -> Option<&Arc<Ended>> {
        self.ended.get()
    }

    pub(super) fn end(&self, ended: Ended) {
        let _ = self.ended.set(Arc::new(ended));
        self.first().take();
        self.done.cancel();
    }

    /// Waits until it has ended.
    pub(crate) async fn wait(&self) {
        self.done.cancelled().await;
    }
}

impl Report for Call {
    fn log(&self, line: &LogLine) {
        let _ = self.events.send(Event::Log(line.clone()));
    }

    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let _ = self.events.send(Event::Progress {
            done,
            total,
            message: message.map(ToOwned::to_owned),
        });
    }

    fn step(&self, step: CallStep) {
        let _ = self.events.send(Event::Step(step));
    }
}

/// Stops a call whose caller went away.
pub(crate) struct CancelOnDrop(pub(crate) Arc<Call>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
