//! What a call has while it runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pocket_runtime::{CallOptions, Code, Input, LogLine, Report};
use serde_json::json;

use super::{code, ended};
use crate::{Hostile, MIB, log_size};

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_call_has_so_much_wall_time() {
    for guest in ["loop_forever", "sleep_forever"] {
        let called = Hostile::new(guest).await.call(guest, json!({})).await;
        ended(&called, Code::TimedOut, "2 s");
        let wall = Duration::from_micros(called.usage.wall_us);
        assert!(
            wall >= Duration::from_secs(2) && wall < Duration::from_secs(20),
            "{guest}: {wall:?}"
        );
        let processor = Duration::from_micros(called.usage.cpu_us);
        assert_eq!(
            processor > Duration::from_millis(200),
            guest == "loop_forever",
            "{guest}: {processor:?}"
        );
        // Its compiling was not counted.
        assert!(called.usage.loading_us > 0, "{:?}", called.usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn no_tool_has_more_than_the_maxima() {
    let longer = Hostile::with(
        "print",
        |entry| entry,
        |settings| settings.limits.timeout_max = Duration::from_secs(1),
    );
    let larger = Hostile::with(
        "print",
        |entry| entry,
        |settings| settings.limits.memory_max = settings.limits.memory - 1,
    );
    for (hostile, words) in [
        (longer.await, "timeout may be at most 1 s"),
        (larger.await, "memory may be at most"),
    ] {
        let called = hostile.called("print", json!({})).await;
        ended(&called, Code::NotValid, words);
        assert_eq!(called.usage.wall_us, 0, "nothing ran");
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn memory_ends_at_its_limit_in_steps_and_at_once() {
    let hostile = Hostile::with(
        "grow_memory",
        |entry| entry,
        |settings| settings.limits.memory = 64 * MIB,
    )
    .await;
    for step in [1, 50, 1000] {
        // One that notices that there is no more, and tells how much it had.
        let called = hostile.call("grow_memory", json!({ "step_mib": step })).await;
        assert!(called.usage.memory_bytes <= 64 * MIB, "{:?}", called.usage);
        let had = called.ended.expect("it ends well").into_json();
        assert!(had["mib"].as_u64().is_some_and(|mib| mib < 64), "{had}");
        // One that fails for want of it.
        let called = hostile
            .call("grow_memory", json!({ "step_mib": step, "must": true }))
            .await;
        ended(&called, Code::OutOfMemory, "67108864 bytes");
        assert!(called.usage.memory_bytes <= 64 * MIB, "{:?}", called.usage);
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn several_memories_have_one_limit_together() {
    let hostile = Hostile::with(
        "grow_memories",
        |entry| entry,
        |settings| settings.limits.memory = 64 * MIB,
    )
    .await;
    let called = hostile.call("grow_memories", json!({})).await;
    ended(&called, Code::OutOfMemory, "67108864 bytes");
    assert_eq!(called.usage.memory_bytes, 64 * MIB, "it had all that it may");
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn tables_end_at_their_limit() {
    let called = Hostile::new("grow_tables").await.call("grow_tables", json!({})).await;
    ended(&called, Code::LimitExceeded, "elements of tables");
    assert_eq!(called.usage.table_elements, 100_000, "it had all that it may");
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn an_input_has_so_many_bytes() {
    let hostile = Hostile::with("print", |entry| entry, |settings| settings.limits.input = 1000).await;
    let fits = json!({ "stdout": "x".repeat(900) });
    let called = hostile.call("print", fits.clone()).await;
    assert_eq!(code(&called), Code::Ok, "{called:?}");
    assert_eq!(called.usage.input_bytes, fits.to_string().len() as u64);
    let called = hostile.call("print", json!({ "stdout": "x".repeat(1000) })).await;
    ended(&called, Code::InvalidInput, "larger than 1000 bytes");
    assert!(called.usage.input_bytes > 1000, "{:?}", called.usage);
    assert_eq!(called.usage.wall_us, 0, "nothing ran");
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn an_output_has_so_many_bytes() {
    let small = |settings: &mut pocket_runtime::Settings| settings.limits.output = 1000;
    let command = Hostile::with("print", |entry| entry, small).await;
    let typed = Hostile::with("typed_errors", |entry| entry, small).await;
    for (hostile, guest, field) in [(command, "print", "stdout"), (typed, "typed_errors", "text")] {
        let called = hostile.call(guest, json!({ (field): "x".repeat(900) })).await;
        assert_eq!(code(&called), Code::Ok, "{called:?}");
        assert!((900..=1000).contains(&called.usage.output_bytes), "{:?}", called.usage);
        let called = hostile.call(guest, json!({ (field): "x".repeat(1001) })).await;
        ended(&called, Code::OutputTooLarge, "1000 bytes");
    }
    let flooding = Hostile::new("flood_stdout").await;
    for mib in [json!(64), json!(null)] {
        let called = flooding.call("flood_stdout", json!({ "mib": mib })).await;
        ended(&called, Code::OutputTooLarge, "4194304 bytes");
        assert!(
            (3 * MIB..=4 * MIB).contains(&called.usage.output_bytes),
            "{:?}",
            called.usage
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn a_log_is_cut_and_marked_and_ends_nothing() {
    let hostile = Hostile::with("flood_stderr", |entry| entry, |settings| settings.limits.timeout *= 5).await;
    let called = hostile.call("flood_stderr", json!({ "mib": 16 })).await;
    assert_eq!(code(&called), Code::Ok, "{called:?}");
    assert!(log_size(&called) <= 260 << 10, "{}", log_size(&called));
    assert!(
        called
            .logs
            .iter()
            .any(|line| line.message.contains("are left out here")),
        "what was cut is marked"
    );
    assert!(called.usage.log_bytes >= 16 * MIB, "{:?}", called.usage);
}

/// Counts what is told while a call runs.
#[derive(Default)]
struct Counted {
    told: AtomicUsize,
    marks: AtomicUsize,
}

impl Report for Counted {
    fn log(&self, line: &LogLine) {
        let is_mark = line.message.starts_with("[more than 100 reports in a second");
        let count = if is_mark { &self.marks } else { &self.told };
        count.fetch_add(1, Ordering::SeqCst);
    }

    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<&str>) {
        self.told.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn reports_are_left_out_and_marked_and_end_nothing() {
    let hostile = Hostile::with("busy_progress", |entry| entry, |settings| settings.limits.timeout *= 15).await;
    let counted = Arc::new(Counted::default());
    let mut options = CallOptions::default();
    options.report = Some(Arc::clone(&counted) as Arc<dyn Report>);
    let called = hostile
        .pocket
        .call("busy_progress", Input::Json(json!({ "times": 20_000 })), options)
        .await
        .expect("it is there");
    assert_eq!(code(&called), Code::Ok, "{called:?}");
    assert!(log_size(&called) <= 260 << 10, "{}", log_size(&called));
    let (told, marks) = (
        counted.told.load(Ordering::SeqCst) as u64,
        counted.marks.load(Ordering::SeqCst) as u64,
    );
    // A line and a progress each time.
    assert_eq!(told + called.usage.reports_left_out, 40_000, "{:?}", called.usage);
    let seconds = called.usage.wall_us / 1_000_000 + 1;
    assert!(
        told <= 100 * seconds && marks <= seconds,
        "{told} and {marks} marks in {seconds} s"
    );
    assert!(marks > 0, "what was left out is marked");
}
