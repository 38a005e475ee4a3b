//! How one run of a guest ended, and what it cost.

use std::fmt;

use crate::{
    auth::Credential,
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
}

impl End {
    /// Of a call whose guest did not run.
    pub(super) fn of_nothing(outcome: Outcome) -> Self {
        Self {
            outcome,
            logs: Vec::new(),
            usage: Usage::default(),
            refusals: Vec::new(),
            only_safe_requests: true,
            saw_unauthorized: false,
            renewed: Vec::new(),
            lacks_scopes: None,
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

/// What a call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Wall time, in microseconds.
    pub wall_us: u64,
    /// Time on a processor, in microseconds.
    pub cpu_us: u64,
    /// The most memory at any time, in bytes.
    pub memory_bytes: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes of their bodies.
    pub sent_bytes: u64,
    /// Bytes of the replies' bodies.
    pub received_bytes: u64,
}
