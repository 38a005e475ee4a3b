//! One use of a tool of either kind: input check, credential, run, output check, redaction.

mod error;
mod function;
mod lazy;
mod output;
mod redact;
mod tool;

pub use error::CallError;
pub use function::{Call, FunctionError, FunctionTool};
pub(crate) use lazy::LazyTool;
pub use output::{Called, Output, Value};
pub(crate) use redact::{Redacting, redacted_lines, redactor};
pub(crate) use tool::{CallTool, Runner, Ways};
pub use tool::{Input, OutputFunction};
