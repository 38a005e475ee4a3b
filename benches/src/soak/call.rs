//! One call, and whether it ended as it should.

use std::{sync::Arc, time::Duration};

use pocket_runtime::{CallOptions, CallStep, Called, Code, Error, Input, LogLine, Report, Value};
use serde_json::json;

use crate::{chance::Chance, kind::Kind, world::World};

/// No call takes longer, whatever it is.
const LOST: Duration = Duration::from_secs(300);

/// How a call ended.
pub(crate) enum Outcome {
    /// As it should.
    Right,
    /// It was dropped before its end.
    Dropped,
    /// Otherwise than it should.
    Wrong(String),
}

impl Outcome {
    /// # Panics
    /// When it is wrong.
    pub(crate) fn check(self) {
        if let Self::Wrong(wrong) = self {
            panic!("{wrong}");
        }
    }
}

/// Is told and keeps nothing.
struct Heard;

impl Report for Heard {
    fn log(&self, _line: &LogLine) {}

    fn progress(&self, _done: f64, _total: Option<f64>, _message: Option<&str>) {}

    fn step(&self, _step: CallStep) {}
}

/// Makes the call of this number, and checks it.
pub(crate) async fn made(world: &World, kind: Kind, seed: u64, number: u64) -> Outcome {
    let mut chance = Chance::of(!seed, number);
    let text = format!("{number}-{}", "x".repeat(chance.below(4_000) as usize));
    let (tool, input) = asked(kind, number, &text, &mut chance);
    let mut options = CallOptions::default();
    if chance.below(2) == 0 || kind == Kind::FloodProgress {
        options.report = Some(Arc::new(Heard));
    }
    let call = world.pocket.call(tool, Input::Json(input), options);
    let dropped_after = kind.is_dropped().then(|| Duration::from_micros(chance.below(20_000)));
    let called = match tokio::time::timeout(dropped_after.unwrap_or(LOST), call).await {
        Ok(Ok(called)) => called,
        Ok(Err(error)) => return Outcome::Wrong(format!("call {number}, {kind:?}, is not taken: {error}")),
        Err(_elapsed) if dropped_after.is_some() => return Outcome::Dropped,
        Err(_elapsed) => return Outcome::Wrong(format!("call {number}, {kind:?}, does not end")),
    };
    if is_right(kind, number, &text, &called) {
        return Outcome::Right;
    }
    let mut told = format!("{called:?}");
    told.truncate(told.floor_char_boundary(1_000));
    Outcome::Wrong(format!("call {number}, {kind:?}: {told}"))
}

/// The tool, and what it is given.
fn asked(kind: Kind, number: u64, text: &str, chance: &mut Chance) -> (&'static str, serde_json::Value) {
    let errors = ["failed", "invalid-input", "unauthorized"];
    let traps = ["unreachable", "panic", "bounds"];
    match kind {
        Kind::Echo => ("echo", json!({ "text": text })),
        Kind::CancelledAnswering => ("wait", json!({ "milliseconds": number % 10 })),
        Kind::Typed => ("typed_errors", json!({ "text": text })),
        Kind::ExitCode => ("exit_code", json!({ "code": 1 + chance.below(100) })),
        Kind::TypedError => (
            "typed_errors",
            json!({ "error": errors[number as usize % 3], "text": text }),
        ),
        Kind::Trap => ("trap", json!({ "how": traps[chance.below(3) as usize] })),
        Kind::TypedPanic => ("typed_errors", json!({ "error": "panic", "text": text })),
        Kind::FloodStdout => ("flood_stdout", json!({ "mib": 5 })),
        Kind::FloodStderr => ("flood_stderr", json!({ "mib": 1 })),
        Kind::FloodProgress => ("busy_progress", json!({ "times": times(number) })),
        Kind::Refused => ("dial", json!({ "url": format!("https://api.example.com/{number}") })),
        Kind::TimedOut => ("sleep_shortly", json!({})),
        Kind::TimedOutBusy => ("loop_shortly", json!({})),
        Kind::CancelledWaiting => ("wait", json!({ "milliseconds": 60_000 })),
        Kind::CancelledBusy => ("work", json!({ "milliseconds": 60_000 })),
    }
}

const fn times(number: u64) -> u64 {
    3_000 + number % 100
}

/// Whether it is the end of this call and of no other.
fn is_right(kind: Kind, number: u64, text: &str, called: &Called) -> bool {
    let code = called.ended.as_ref().err().map_or(Code::Ok, Error::code);
    let says = |text: &str| {
        called
            .ended
            .as_ref()
            .is_err_and(|error| error.to_string().contains(text))
    };
    let gives = |value: serde_json::Value| matches!(&called.ended, Ok(Value::Json(given)) if *given == value);
    let logs: usize = called.logs.iter().map(|line| line.message.len()).sum();
    match kind {
        Kind::Echo => gives(json!({ "text": text })) && called.refusals.is_empty(),
        Kind::CancelledAnswering => matches!(
            &called.ended,
            Ok(Value::Json(given)) if given["waited"].as_u64().is_some_and(|waited| waited >= number % 10)
        ),
        Kind::Typed => gives(json!(text)),
        Kind::ExitCode => code == Code::ToolFailed && says("this is why"),
        Kind::TypedError => {
            let expected = [Code::ToolFailed, Code::InvalidInput, Code::Unauthorized];
            code == expected[number as usize % 3] && says(&number.to_string())
        }
        Kind::Trap => code == Code::Trapped && called.logs.iter().any(|line| line.message == "about to trap"),
        Kind::TypedPanic => {
            let words = format!("{number}-");
            code == Code::Trapped && called.logs.iter().any(|line| line.message.contains(&words))
        }
        Kind::FloodStdout => code == Code::OutputTooLarge,
        Kind::FloodStderr => code == Code::Ok && (200 << 10..=260 << 10).contains(&logs),
        Kind::FloodProgress => gives(json!({ "times": times(number) })) && logs <= 260 << 10,
        Kind::Refused => {
            let denied = matches!(&called.ended, Ok(Value::Json(given)) if given["denied"] == true);
            let [refusal] = called.refusals.as_slice() else {
                return false;
            };
            denied && refusal.contains(&format!("https://api.example.com/{number}"))
        }
        Kind::TimedOut | Kind::TimedOutBusy => code == Code::TimedOut,
        // They take longer than it takes to drop them.
        Kind::CancelledWaiting | Kind::CancelledBusy => false,
    }
}
