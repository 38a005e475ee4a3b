//! Pocket runs sandboxed WebAssembly tools for agents, signed in to the providers they need.

mod auth;
mod base;
mod call;
mod install;
mod package;
mod provider;
mod sandbox;
mod source;

pub use base::{
    clock::{Clock, ManualClock, SystemClock, UnixTime},
    code::Code,
    digest::{Digest, NotADigest},
    home::Home,
    name::{NotAToolName, Profile, ToolName},
    secret::Secret,
    text::{shown, shown_on_one_line},
};
