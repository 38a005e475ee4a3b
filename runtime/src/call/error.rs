//! Why a call gave no output.

use crate::{
    auth::{AuthError, SignIn},
    base::{code::Code, json::JsonError, proxy::ProxyFault},
    package::Violation,
    sandbox::SandboxError,
};

/// Why a call gave no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The input is not JSON, or JSON that two readers could read differently.
    #[error("the input is not valid JSON: {reason}")]
    InputNotJson {
        /// What is wrong, with the place.
        reason: String,
        /// What would mend it.
        hint: Option<String>,
    },
    /// The input does not fit the tool's schema.
    #[error("the input does not fit the tool's schema: {}", in_words(.0))]
    InputDoesNotFit(Vec<Violation>),
    /// The input is larger than a call may take, in bytes.
    #[error("the input is larger than {limit} bytes: {size}")]
    InputTooLarge {
        /// Its size.
        size: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The tool says that the input is not one it accepts.
    #[error("the tool does not accept this input: {0}")]
    InvalidInput(String),
    /// The tool ended by saying that it failed.
    #[error("the tool failed: {0}")]
    ToolFailed(String),
    /// The call met one of its limits.
    #[error("the call met a limit: {0}")]
    LimitExceeded(String),
    /// The guest trapped.
    #[error("the tool trapped: {0}")]
    Trapped(String),
    /// The guest wanted more memory than it may have.
    #[error("the tool wanted more memory than a call may have: {limit} bytes")]
    OutOfMemory {
        /// What it may have, in bytes.
        limit: u64,
    },
    /// The guest wanted more memory than there was: the calls that run have what all calls together may have.
    #[error("the tool wanted more memory than the calls that run now leave it")]
    OutOfMemoryOfAllCalls,
    /// The output is larger than a call may give.
    #[error("the output is larger than a call may give: {limit} bytes")]
    OutputTooLarge {
        /// What it may give, in bytes.
        limit: usize,
    },
    /// A typed tool gave something other than JSON.
    #[error("the output is not valid JSON: {0}")]
    OutputNotJson(String),
    /// The output does not fit the tool's output schema.
    #[error("the output does not fit the tool's output schema: {}", in_words(.0))]
    OutputDoesNotFit(Vec<Violation>),
    /// The call took longer than it may.
    #[error("the call took longer than it may: {} s", .limit.as_secs_f32())]
    TimedOut {
        /// What it may take.
        limit: std::time::Duration,
    },
    /// The tool failed after a request of its was refused.
    #[error("the tool failed after something it asked was refused: {message}")]
    Denied {
        /// What the tool said, or how it ended.
        message: String,
        /// What was refused, each with the rule that would allow it.
        refusals: Vec<String>,
    },
    /// The tool needs a credential which it was not granted.
    #[error("`{tool}` was not granted the `{provider}` credential")]
    CredentialNotGranted {
        /// The tool.
        tool: String,
        /// The provider.
        provider: String,
    },
    /// The provider refused the credential.
    #[error("the provider refused the credential: {message}")]
    Unauthorized {
        /// The provider; `None` where the tool has no credential.
        provider: Option<String>,
        /// What the tool said, or how it ended.
        message: String,
    },
    /// The tool failed after the operator's proxy opened no way to a host.
    #[error("the proxy `{proxy}` opened no way to a host: {reason}; the tool then failed: {message}")]
    Proxy {
        /// Where the proxy is.
        proxy: String,
        /// What it did.
        reason: String,
        /// What would mend it.
        hint: String,
        /// What the tool said, or how it ended.
        message: String,
    },
    /// The service behind the tool asks to wait.
    #[error("the service behind the tool asks to wait: {seconds} s")]
    RateLimited {
        /// For how long, in seconds.
        seconds: u32,
    },
    /// No room for this call now.
    #[error("too many calls at once")]
    Busy,
    /// A function tool panicked, or its function over the output did.
    #[error("the function tool panicked")]
    Panicked,
    /// A person has to sign in first.
    #[error("{}", .0.in_words())]
    SignInRequired(Box<SignIn>),
    /// No credential could be had.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The sandbox could not run it.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

fn in_words(violations: &[Violation]) -> String {
    let shown: Vec<String> = violations
        .iter()
        .map(|v| {
            if v.pointer.is_empty() {
                v.message.clone()
            } else {
                format!("{} at {}", v.message, v.pointer)
            }
        })
        .collect();
    shown.join("; ")
}

impl CallError {
    pub(super) fn not_json(error: &JsonError) -> Self {
        Self::InputNotJson {
            reason: error.to_string(),
            hint: error.hint().map(str::to_owned),
        }
    }

    pub(super) fn proxy(fault: ProxyFault, proxy: &str, message: String) -> Self {
        Self::Proxy {
            proxy: proxy.to_owned(),
            reason: fault.to_string(),
            hint: fault.hint().to_owned(),
            message,
        }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::InputNotJson { .. }
            | Self::InputDoesNotFit(_)
            | Self::InputTooLarge { .. }
            | Self::InvalidInput(_) => Code::InvalidInput,
            Self::ToolFailed(_) => Code::ToolFailed,
            Self::LimitExceeded(_) => Code::LimitExceeded,
            Self::Trapped(_) => Code::Trapped,
            Self::OutOfMemory { .. } | Self::OutOfMemoryOfAllCalls => Code::OutOfMemory,
            Self::OutputTooLarge { .. } => Code::OutputTooLarge,
            Self::OutputNotJson(_) | Self::OutputDoesNotFit(_) => Code::InvalidOutput,
            Self::TimedOut { .. } => Code::TimedOut,
            Self::Denied { .. } | Self::CredentialNotGranted { .. } => Code::Denied,
            Self::Unauthorized { .. } => Code::Unauthorized,
            Self::Proxy { .. } => Code::Unreachable,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::Busy => Code::Busy,
            Self::Panicked => Code::Internal,
            Self::SignInRequired(_) => Code::SignInRequired,
            Self::Auth(error) => error.code(),
            Self::Sandbox(error) => error.code(),
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::InputNotJson { hint, .. } => hint.iter().cloned().collect(),
            Self::InputDoesNotFit(_) => vec!["see the tool's schema with `pocket inspect`".to_owned()],
            Self::InputTooLarge { .. } => vec!["hand the tool a reference to the data instead".to_owned()],
            Self::TimedOut { .. } => vec![
                "if the tool needs longer, its manifest asks with `permissions.limits.timeout` and a person grants it"
                    .to_owned(),
            ],
            Self::OutOfMemory { .. } => vec![
                "if the tool needs more, its manifest asks with `permissions.limits.memory` and a person grants it"
                    .to_owned(),
            ],
            Self::Denied { refusals, .. } => refusals.clone(),
            Self::CredentialNotGranted { tool, provider } => {
                vec![format!(
                    "give it with `pocket auth login {provider}` and `pocket add`, or run `pocket run {tool}` on a terminal and agree"
                )]
            }
            Self::Unauthorized {
                provider: Some(provider),
                ..
            } => vec![format!(
                "sign out and in again with `pocket auth logout {provider}` and `pocket auth login {provider}`"
            )],
            Self::Unauthorized { provider: None, .. } => {
                vec!["the tool was given no credential: its manifest names no provider under `auth`".to_owned()]
            }
            Self::Proxy { hint, .. } => vec![hint.clone()],
            Self::RateLimited { seconds } => vec![format!("call again in {seconds} s")],
            Self::Busy | Self::OutOfMemoryOfAllCalls => {
                vec!["call again when some calls have ended, or raise the limits".to_owned()]
            }
            Self::SignInRequired(sign_in) => vec![format!(
                "open {} in a browser while a process waits for it, then call again",
                sign_in.url
            )],
            Self::Auth(error) => error.hints(),
            Self::Sandbox(error) => error.hints(),
            Self::InvalidInput(_) => vec!["see what the tool takes with `pocket inspect`".to_owned()],
            Self::OutputTooLarge { .. } => vec!["ask the tool for less at a time".to_owned()],
            Self::OutputNotJson(_) | Self::OutputDoesNotFit(_) => {
                vec!["this is the tool's own fault: tell its author".to_owned()]
            }
            Self::ToolFailed(_) | Self::LimitExceeded(_) | Self::Trapped(_) | Self::Panicked => Vec::new(),
        }
    }

    /// For who wants more than words: the violations, the refusals.
    #[must_use]
    pub fn details(&self) -> Option<serde_json::Value> {
        match self {
            Self::InputDoesNotFit(violations) | Self::OutputDoesNotFit(violations) => {
                Some(serde_json::json!({ "violations": violations }))
            }
            Self::Denied { refusals, .. } => Some(serde_json::json!({ "refusals": refusals })),
            Self::SignInRequired(sign_in) => Some(serde_json::json!({ "sign_in": sign_in })),
            Self::RateLimited { seconds } => Some(serde_json::json!({ "retry_after_seconds": seconds })),
            _other => None,
        }
    }
}
