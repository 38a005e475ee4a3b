//! Auth as a whole, against a provider and a browser on loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod callback;
mod failing;
mod listening;
mod provider;
mod refusal;
mod renewal;
mod secrets;
mod sign_in;
mod sign_out;
mod transfer;
mod world;
