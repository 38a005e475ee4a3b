//! Hostile guests through the library: each ends with its stable code, and the next call is answered as if nothing had been.

mod brokered;
mod cancelled;
mod compiling;
mod components;
mod connections;
mod egress;
mod ends;
mod folders;
mod limits;
mod proxied;
mod secrets;

use std::{sync::Arc, time::Duration};

use pocket_runtime::{CallOptions, Called, Code, Home, Input, LogLine, Pocket, Report, Rule, Settings, ToolEntry};
use pocket_tests::{Embedder, sample};
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinHandle};

const MIB: u64 = 1 << 20;

/// Guests beside `echo`, in a `Pocket` whose calls take two seconds at most.
struct Hostile {
    _embedder: Embedder,
    pocket: Pocket,
}

impl Hostile {
    async fn new(program: &str) -> Self {
        Self::with(program, |entry| entry, |_settings| {}).await
    }

    /// With what an operator gives it.
    async fn with(
        program: &str,
        give: impl FnOnce(ToolEntry) -> ToolEntry,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let embedder = Embedder::new();
        let entry = give(embedder.program(program));
        Self::of(embedder, vec![entry], change).await
    }

    async fn among(programs: &[&str], change: impl FnOnce(&mut Settings)) -> Self {
        let embedder = Embedder::new();
        let entries = programs.iter().map(|program| embedder.program(program)).collect();
        Self::of(embedder, entries, change).await
    }

    async fn of(embedder: Embedder, entries: Vec<ToolEntry>, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::standard().expect("the embedded files are valid");
        settings.limits.timeout = Duration::from_secs(2);
        change(&mut settings);
        let builder = Pocket::builder()
            .home(Home::at(embedder.home()))
            .settings(settings)
            .tool(echo());
        let builder = entries.into_iter().fold(builder, |builder, entry| builder.tool(entry));
        let pocket = builder.build().await.expect("it can be built");
        Self {
            _embedder: embedder,
            pocket,
        }
    }

    /// Calls the guest, then `echo`.
    async fn call(&self, guest: &str, input: Value) -> Called {
        let called = self.called(guest, input).await;
        let after = self
            .pocket
            .invoke("echo", json!({ "after": guest }))
            .await
            .expect("the next call is answered");
        assert_eq!(after.value.into_json(), json!({ "after": guest }));
        called
    }

    /// Calls the guest alone.
    async fn called(&self, guest: &str, input: Value) -> Called {
        call(&self.pocket, guest, input).await
    }

    /// Calls the guest, which ends well.
    async fn output(&self, guest: &str, input: Value) -> Value {
        let called = self.call(guest, input).await;
        called
            .ended
            .unwrap_or_else(|error| panic!("`{guest}` ends well: {error}"))
            .into_json()
    }
}

/// What is called to see whether all is still well.
fn echo() -> String {
    sample("echo").display().to_string()
}

async fn call(pocket: &Pocket, guest: &str, input: Value) -> Called {
    pocket
        .call(guest, Input::Json(input), CallOptions::default())
        .await
        .expect("the guest is there")
}

/// A rule for all of a server on an inner address, by the operator's own word.
fn private(origin: &str) -> Rule {
    origin.parse::<Rule>().expect("an origin is a rule").private()
}

/// The code with which a call ends.
async fn code_of(pocket: &Pocket, guest: &str, input: Value) -> Code {
    let ended = call(pocket, guest, input).await.ended;
    ended.map_or_else(|error| error.code(), |_output| Code::Ok)
}

/// What a call kept of its log, in bytes.
fn log_size(called: &Called) -> usize {
    called.logs.iter().map(|line| line.message.len()).sum()
}

/// Tells of each line of a log.
struct Telling(Arc<Notify>);

impl Report for Telling {
    fn log(&self, _line: &LogLine) {
        self.0.notify_one();
    }

    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<&str>) {}
}

/// Begins a call, and waits until its guest runs: until it wrote a line.
async fn running(pocket: &Pocket, guest: &'static str, input: Value) -> JoinHandle<Called> {
    let told = Arc::new(Notify::new());
    let mut options = CallOptions::default();
    options.report = Some(Arc::new(Telling(Arc::clone(&told))));
    let pocket = pocket.clone();
    let mut call = tokio::spawn(async move {
        let called = pocket.call(guest, Input::Json(input), options).await;
        called.expect("the guest is there")
    });
    tokio::select! {
        ended = &mut call => panic!("`{guest}` does not end: {ended:?}"),
        () = told.notified() => call,
    }
}
