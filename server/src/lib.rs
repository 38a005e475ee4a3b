//! The doors of Pocket: agents over MCP, programs over HTTP, and pages for people.
//!
//! A [`Server`] has the tools of one [`Pocket`](pocket_runtime::Pocket) and lets in who has a key: [`Keys`] makes them, each bound to a
//! profile, and perhaps to some of the tools. Every door goes through `Pocket`, so what holds in the library holds here. What belongs to one
//! key does not exist for another.
//!
//! [`serve_agent`] is the same for one agent that speaks MCP on two pipes, such as stdin and stdout.

#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods, clippy::too_many_lines))]

mod api;
mod browser;
mod caller;
mod calls;
mod door;
mod error;
mod following;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod incoming;
mod keys;
mod mcp;
mod pages;
mod readiness;
mod seen;
mod serve;
mod server;
mod settings;
mod tools;
mod turns;

pub use error::ServerError;
pub use following::Project;
pub use keys::{Key, KeyId, Keys, KeysError, Made, NotAKey};
pub use mcp::serve_agent;
pub use server::Server;
pub use settings::{DEFAULT_PORT, ServerSettings};
