//! Lines for the call's log, which the host keeps beside the output.
//!
//! ```no_run
//! pocket_tool::log::info("asking for the first page");
//! pocket_tool::log::debug(format_args!("{} messages so far", 20));
//! ```

use std::fmt::Display;

use crate::bindings::pocket::tool::report::{self, Level};

/// What only the author of the tool reads.
pub fn debug(message: impl Display) {
    report::log(Level::Debug, &message.to_string());
}

/// What happened.
pub fn info(message: impl Display) {
    report::log(Level::Info, &message.to_string());
}

/// What went wrong without spoiling the output.
pub fn warn(message: impl Display) {
    report::log(Level::Warn, &message.to_string());
}

/// What went wrong.
pub fn error(message: impl Display) {
    report::log(Level::Error, &message.to_string());
}
