//! One use of a tool, of either kind, from input to output.

mod output;

pub use output::{LogLevel, LogLine, Output, Usage, Value};
