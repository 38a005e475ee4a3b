//! The stable code by which every door reports how something ended.

use std::fmt;

/// How a call, or anything else that Pocket was asked for, ended.
///
/// The word, the exit code and the HTTP status of each are part of Pocket's contract and do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// It went well.
    Ok,
    /// The input does not fit the tool's schema, or is not JSON.
    InvalidInput,
    /// The tool itself said that it failed.
    ToolFailed,
    /// The call met one of its limits; the message names it.
    LimitExceeded,
    /// The guest trapped.
    Trapped,
    /// The guest wanted more memory than the call may have.
    OutOfMemory,
    /// The guest gave more output than the call may give.
    OutputTooLarge,
    /// The output does not fit the tool's output schema, or is not JSON where it must be.
    InvalidOutput,
    /// The call took longer than it may.
    TimedOut,
    /// No credential yet: a person has to sign in.
    SignInRequired,
    /// The provider refused the credential.
    Unauthorized,
    /// Something was asked for that nobody granted.
    Denied,
    /// There is no such tool, file, ref or account.
    NotFound,
    /// A manifest, component, lockfile or setting is not valid.
    NotValid,
    /// The service behind the tool asks to wait.
    RateLimited,
    /// Pocket itself has no room for this now.
    Busy,
    /// The network, a provider or a git server could not be reached, or did not answer as it should.
    Unreachable,
    /// The caller went away or asked to stop.
    Cancelled,
    /// A fault of Pocket or of this machine.
    Internal,
}

impl Code {
    /// All of them.
    const ALL: [Self; 19] = [
        Self::Ok,
        Self::InvalidInput,
        Self::ToolFailed,
        Self::LimitExceeded,
        Self::Trapped,
        Self::OutOfMemory,
        Self::OutputTooLarge,
        Self::InvalidOutput,
        Self::TimedOut,
        Self::SignInRequired,
        Self::Unauthorized,
        Self::Denied,
        Self::NotFound,
        Self::NotValid,
        Self::RateLimited,
        Self::Busy,
        Self::Unreachable,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The code of a word, as [`Code::as_str`] gives it.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// The word in JSON and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::InvalidInput => "invalid_input",
            Self::ToolFailed => "tool_failed",
            Self::LimitExceeded => "limit_exceeded",
            Self::Trapped => "trapped",
            Self::OutOfMemory => "out_of_memory",
            Self::OutputTooLarge => "output_too_large",
            Self::InvalidOutput => "invalid_output",
            Self::TimedOut => "timed_out",
            Self::SignInRequired => "sign_in_required",
            Self::Unauthorized => "unauthorized",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::NotValid => "not_valid",
            Self::RateLimited => "rate_limited",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// The exit code of a process that ends so.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::ToolFailed
            | Self::LimitExceeded
            | Self::Trapped
            | Self::OutOfMemory
            | Self::OutputTooLarge
            | Self::InvalidOutput
            | Self::TimedOut => 1,
            Self::InvalidInput => 2,
            Self::SignInRequired | Self::Unauthorized => 3,
            Self::Denied => 4,
            Self::NotFound | Self::NotValid => 5,
            Self::RateLimited | Self::Busy | Self::Unreachable => 6,
            Self::Internal => 70,
            Self::Cancelled => 130,
        }
    }

    /// The status of an HTTP reply that reports it.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::InvalidInput | Self::NotValid => 422,
            Self::ToolFailed
            | Self::LimitExceeded
            | Self::Trapped
            | Self::OutOfMemory
            | Self::OutputTooLarge
            | Self::InvalidOutput
            | Self::Unreachable => 502,
            Self::TimedOut => 504,
            Self::SignInRequired | Self::Unauthorized => 409,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::RateLimited => 429,
            Self::Busy => 503,
            Self::Cancelled => 499,
            Self::Internal => 500,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
