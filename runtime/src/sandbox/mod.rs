//! Runs components, and lets them reach nothing that was not granted.

mod limits;
mod policy;

pub use limits::Limits;
pub use policy::{CredentialsMode, Decision, Policy};
