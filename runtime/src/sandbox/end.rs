//! How one run of a guest ended, and what it cost.

use std::fmt;

use crate::{
    auth::Credential,
    base::proxy::ProxyFault,
    sandbox::{LogLine, SandboxError},
};

/// How one run of a guest ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) usage: Usage,
    /// Its requests that were refused.
    pub(crate) refusals: Vec<Refusal>,
    /// Whether every request that was sent was GET or HEAD, so that running it again repeats nothing.
    pub(crate) only_safe_requests: bool,
    /// Whether a host of the provider answered 401 to a request in which the host saw this call's token where it goes.
    pub(crate) saw_unauthorized: bool,
    /// Credentials that took the place of the call's own while it ran.
    pub(crate) renewed: Vec<Credential>,
    /// What such a host said that the token lacks, in answer to such a request: scopes, none where it did not say which.
    pub(crate) lacks_scopes: Option<Vec<String>>,
    /// Why the operator's proxy last opened no way to a host, and where that proxy is.
    pub(crate) proxy_fault: Option<(ProxyFault, String)>,
}

impl End {
    /// Of a call whose guest did not run.
    pub(super) fn of_nothing(outcome: Outcome, usage: Usage) -> Self {
        Self {
            outcome,
            logs: Vec::new(),
            usage,
            refusals: Vec::new(),
            only_safe_requests: true,
            saw_unauthorized: false,
            renewed: Vec::new(),
            lacks_scopes: None,
            proxy_fault: None,
        }
    }
}

/// How a guest's run ended. Texts are the guest's own: not redacted yet.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its output: JSON or text of a command, JSON of a typed tool.
    Output(String),
    /// A command's exit code other than 0 with the end of its log, or a typed `failed`.
    ToolFailed(String),
    /// With the backtrace in the logs.
    Trapped(String),
    InvalidInput(String),
    Unauthorized(String),
    RateLimited(u32),
    /// Which one.
    LimitExceeded(String),
    OutOfMemory,
    OutOfMemoryOfAllCalls,
    OutputTooLarge,
    TimedOut,
    Busy,
    Sandbox(SandboxError),
}

/// A request of a guest that was not sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// What was asked: `GET https://example.com/`, without the query.
    pub request: String,
    /// Why it was not sent.
    pub reason: String,
    /// The rule that would allow it, where one could.
    pub rule: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was refused: {}", self.request, self.reason)?;
        match &self.rule {
            Some(rule) => write!(f, "; this rule would allow it: {rule}"),
            None => Ok(()),
        }
    }
}

/// What a call cost, against the [`Limits`](crate::Limits) that it could have met. Where the guest did not run, what had been used by
/// then. Where it was run again with a renewed token, the last run, each of which has the limits for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Wall time from its turn to its end, in microseconds; the limit is `timeout`.
    pub wall_us: u64,
    /// Time on a processor, in microseconds; it has no limit but that of the wall time.
    pub cpu_us: u64,
    /// Until its component's code was there, in microseconds, not counted in the wall time: long where it had to be compiled, for which
    /// the limit is `compile_timeout`, and next to nothing from then on.
    pub loading_us: u64,
    /// Waiting for its turn, in microseconds, not counted in the wall time; the limit is `waiting_time`.
    pub waited_us: u64,
    /// The most memory at any time, in bytes; the limit is `memory`.
    pub memory_bytes: u64,
    /// Elements of its tables; the limit is `table_elements`.
    pub table_elements: u64,
    /// Its input, in bytes; the limit is `input`.
    pub input_bytes: u64,
    /// What it gave, in bytes, before any secret was taken out of it: of a command also where it failed, and of one whose output
    /// is too large what it had written by then. The limit is `output`.
    pub output_bytes: u64,
    /// What it wrote to its log, in bytes, also what was cut; the limit is `log`, which counts 16 bytes more for each line.
    pub log_bytes: u64,
    /// Log lines and progress that were not passed on while it ran; the limit is `reports_per_second`. None where nobody listened.
    pub reports_left_out: u64,
    /// Names and values of its environment, in bytes; the limit is `environment`.
    pub environment_bytes: u64,
    /// Requests that it asked for, refused ones too; the limit is `requests`.
    pub requests_asked: u64,
    /// Requests that were sent, one more for each that was sent again with a renewed token.
    pub requests: u64,
    /// Bytes of their bodies; the limit is `request_bytes`.
    pub sent_bytes: u64,
    /// Bytes of the replies' bodies; the limit is `response_bytes`.
    pub received_bytes: u64,
}
