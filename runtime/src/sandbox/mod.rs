//! Runs components, and lets them reach nothing that was not granted.

#![warn(clippy::wildcard_enum_match_arm)]

mod address;
mod admission;
mod bindings;
mod broker;
mod cache;
mod classify;
mod code;
mod compiler;
mod compiler_process;
mod config;
mod end;
mod engine;
mod error;
mod exported;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzed;
mod invoke;
mod limits;
mod log;
mod machine;
mod memory;
mod outbound;
mod output_pipe;
mod policy;
mod report;
mod state;
mod ticker;
mod tool;

#[cfg(test)]
mod tests;

pub use compiler::Compiler;
pub use compiler_process::{COMPILER_REFUSED, CompilerProcess, compile_for_parent};
pub(crate) use end::{End, Outcome};
pub use end::{Refusal, Usage};
pub(crate) use engine::{Engine, EngineParts};
pub use error::SandboxError;
pub use limits::Limits;
pub use policy::{CredentialReach, CredentialsMode, Decision, Policy};
pub use report::{CallStep, LogLevel, LogLine, OutboundRequest, Report, ToolIdentity};
pub(crate) use tool::{Invocation, Tool};
