//! How a guest's end is told.

use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace, component::ResourceTableError};
use wasmtime_wasi_http::FieldMapError;

use crate::sandbox::{
    LogLevel, Outcome, SandboxError, bindings::TypedError, compiler::in_words, log::CallLog, memory::Refused,
    output_pipe::OutputFull,
};

/// What wasmtime says of errors whose type it does not show.
const HOSTCALL_FUEL_IS_GONE: &str = "fuel allocated for hostcalls has been exhausted";
const TOO_MANY_HANDLES: &str = "store handle limit exceeded";
/// Between them stands how many bytes were asked for.
const TOO_MUCH_RANDOM: [&str; 2] = ["requested len ", " exceeds limit "];

/// How a guest ended, as wasmtime tells it.
pub(super) enum Ended {
    Output(String),
    /// A command's exit code other than 0.
    Exit(i32),
    Typed(TypedError),
    /// It could not be instantiated.
    NotStarted(wasmtime::Error),
    /// It trapped, or the host ended it.
    Error(wasmtime::Error),
    TimedOut,
    Panicked,
}

/// How a guest's end is told. A guest that was refused something it may not have more of, and then failed, failed for that.
pub(super) fn outcome(
    ended: Ended,
    refused: Refused,
    limit_met: Option<&'static str>,
    output_limit: usize,
    log: &CallLog,
) -> Outcome {
    let typed = matches!(ended, Ended::Output(_) | Ended::Typed(_));
    let outcome = match ended {
        Ended::Output(text) if text.len() > output_limit => Outcome::OutputTooLarge,
        Ended::Output(text) => Outcome::Output(text),
        Ended::Exit(code) => Outcome::ToolFailed(last_words(code, log)),
        Ended::Typed(error) => match error {
            TypedError::InvalidInput(message) => Outcome::InvalidInput(message),
            TypedError::Unauthorized(message) => Outcome::Unauthorized(message),
            TypedError::RateLimited(seconds) => Outcome::RateLimited(seconds),
            TypedError::Failed(message) => Outcome::ToolFailed(message),
        },
        Ended::NotStarted(error) => not_started(&error, refused, log),
        Ended::Error(error) => of_error(&error, log),
        Ended::TimedOut => Outcome::TimedOut,
        Ended::Panicked => Outcome::Sandbox(SandboxError::Panicked),
    };
    let (Outcome::ToolFailed(message) | Outcome::Trapped(message)) = &outcome else {
        return outcome;
    };
    let Some(met) = of_refused(refused).or(limit_met.map(|which| Outcome::LimitExceeded(which.to_owned()))) else {
        return outcome;
    };
    if typed {
        log.say(LogLevel::Error, message);
    }
    met
}

fn of_refused(refused: Refused) -> Option<Outcome> {
    if refused.memory {
        Some(Outcome::OutOfMemory)
    } else if refused.memory_of_all_calls {
        Some(Outcome::OutOfMemoryOfAllCalls)
    } else {
        refused
            .table_elements
            .then(|| Outcome::LimitExceeded("elements of tables".to_owned()))
    }
}

fn not_started(error: &wasmtime::Error, refused: Refused, log: &CallLog) -> Outcome {
    let outcome = of_error(error, log);
    if !matches!(outcome, Outcome::Trapped(_)) {
        return outcome;
    }
    match of_refused(refused) {
        Some(met) => met,
        // Neither a frame of the guest's nor a trap of its own start: it did not get to run.
        None if !error.is::<WasmBacktrace>() && !error.is::<Trap>() => {
            Outcome::Sandbox(SandboxError::Start(in_words(error)))
        }
        None => outcome,
    }
}

fn last_words(code: i32, log: &CallLog) -> String {
    let words = log.last_words();
    if words.is_empty() {
        format!("it ended with exit code {code} and wrote nothing to its log")
    } else {
        words
    }
}

fn of_error(error: &wasmtime::Error, log: &CallLog) -> Outcome {
    if error.is::<OutputFull>() {
        return Outcome::OutputTooLarge;
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Outcome::Busy;
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return Outcome::LimitExceeded("open resources".to_owned());
    }
    if let Some(FieldMapError::TotalSizeTooBig) = error.downcast_ref::<FieldMapError>() {
        return Outcome::LimitExceeded("bytes of HTTP fields".to_owned());
    }
    let cause = error.root_cause().to_string();
    if cause.contains(HOSTCALL_FUEL_IS_GONE) {
        // With a frame of the guest's it was a call of a host's function; without, the guest's own output.
        return match error.downcast_ref::<WasmBacktrace>() {
            Some(_) => Outcome::LimitExceeded("bytes in one call of a host function".to_owned()),
            None => Outcome::OutputTooLarge,
        };
    }
    if cause.contains(TOO_MANY_HANDLES) {
        return Outcome::LimitExceeded("handles".to_owned());
    }
    if TOO_MUCH_RANDOM.iter().all(|part| cause.contains(part)) {
        return Outcome::LimitExceeded("random bytes at once".to_owned());
    }
    let message = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => return Outcome::TimedOut,
        Some(trap) => without_prefix(&trap.to_string()),
        None => cause,
    };
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        log.say(LogLevel::Error, &in_lines(&message, backtrace));
    }
    Outcome::Trapped(message)
}

fn without_prefix(trap: &str) -> String {
    trap.strip_prefix("wasm trap: ").unwrap_or(trap).to_owned()
}

/// The frames as wasmtime prints them, names demangled.
fn in_lines(message: &str, backtrace: &WasmBacktrace) -> String {
    let printed = backtrace.to_string();
    let frames = printed.split_once('\n').map_or("", |(_title, frames)| frames);
    format!("trapped: {message}\n{frames}")
}
