#![doc = include_str!("../README.md")]
#![warn(missing_docs, clippy::too_many_lines)]

#[doc(hidden)]
pub mod bindings;
mod credential;
mod error;
mod export;
pub mod http;
pub mod log;
mod progress;

#[doc(hidden)]
pub use bindings::__export_typed_tool;
pub use credential::{Credential, credential};
pub use error::Error;
#[doc(hidden)]
pub use export::answer;
pub use progress::progress;
