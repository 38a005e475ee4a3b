//! Runs components, and lets them reach nothing that was not granted.

mod address;
mod bindings;
mod cache;
mod compiler;
mod end;
mod engine;
mod error;
mod invoke;
mod limits;
mod outbound;
mod output_pipe;
mod policy;
mod report;
mod state;
mod tool;

pub use compiler::Compiler;
pub(crate) use end::{End, Outcome};
pub use end::{Refusal, Usage};
pub(crate) use engine::{Engine, EngineParts};
pub use error::SandboxError;
pub use limits::Limits;
pub use policy::{CredentialReach, CredentialsMode, Decision, Policy};
pub use report::{LogLevel, LogLine, Report};
pub(crate) use tool::{Invocation, Tool};
