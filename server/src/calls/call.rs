//! One call.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use pocket_runtime::{CallStep, LogLine, OutboundRequest, Report, ToolIdentity, UnixTime};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    caller::Owner,
    calls::{
        Ended,
        story::{Happened, Story},
    },
};

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
    Progress(Progress),
    Step(CallStep),
    /// A request of the tool ended.
    Request(OutboundRequest),
    /// A request was refused: why, and the rule that would allow it.
    Refused(String),
}

/// How far a call says that it is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) done: f64,
    pub(crate) total: Option<f64>,
    pub(crate) message: Option<String>,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, total, message } = self;
        write!(f, "{done}")?;
        if let Some(total) = total {
            write!(f, " of {total}")?;
        }
        match message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// One call, running or ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) tool: String,
    pub(crate) owner: Owner,
    pub(crate) began_at: UnixTime,
    began: Instant,
    /// How long it took, in milliseconds, once it has ended.
    took_ms: OnceLock<u64>,
    story: Mutex<Story>,
    progress: Mutex<Option<Progress>>,
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
            began: Instant::now(),
            took_ms: OnceLock::new(),
            story: Mutex::default(),
            progress: Mutex::default(),
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

    /// What it told until now.
    pub(crate) fn story(&self) -> Story {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happened(&self, what: Happened) {
        let after_ms = self.since_begun();
        self.locked().push(after_ms, what);
    }

    fn since_begun(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long it took, or has run until now, in milliseconds.
    pub(crate) fn took_ms(&self) -> u64 {
        self.took_ms.get().copied().unwrap_or_else(|| self.since_begun())
    }

    /// Its guest is gone: from here on it takes no more time.
    pub(super) fn has_run(&self) {
        let _ = self.took_ms.set(self.since_begun());
    }

    /// How far it said last that it is.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When it told something last.
    pub(crate) fn told_at(&self) -> UnixTime {
        let after_ms = self.locked().entries.last().map_or(0, |entry| entry.after_ms);
        self.began_at.after(Duration::from_millis(after_ms))
    }

    /// About how many bytes its story keeps.
    pub(super) fn story_size(&self) -> usize {
        self.locked().size()
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
        let progress = Progress {
            done,
            total,
            message: message.map(ToOwned::to_owned),
        };
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.clone());
        let _ = self.events.send(Event::Progress(progress));
    }

    fn begins(&self, tool: &Arc<ToolIdentity>) {
        self.locked().tool = Some(Arc::clone(tool));
    }

    fn request(&self, request: &OutboundRequest) {
        self.happened(Happened::Request(request.clone()));
        let _ = self.events.send(Event::Request(request.clone()));
    }

    fn refused(&self, refusal: &str) {
        self.happened(Happened::Refused(refusal.to_owned()));
        let _ = self.events.send(Event::Refused(refusal.to_owned()));
    }

    fn step(&self, step: CallStep) {
        self.happened(Happened::Step(step));
        let _ = self.events.send(Event::Step(step));
    }
}

/// Stops a call whose caller went away.
pub(crate) struct CancelOnDrop(Option<Arc<Call>>);

impl CancelOnDrop {
    pub(crate) const fn new(call: Arc<Call>) -> Self {
        Self(Some(call))
    }

    /// Lets it go on: its caller comes back for it.
    pub(crate) fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(call) = &self.0 {
            call.cancel();
        }
    }
}
