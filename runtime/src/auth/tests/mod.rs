//! Auth as a whole, against a provider and a browser on loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod browser;
mod callback;
mod client;
mod device;
mod discovery;
mod embedding;
mod failing;
mod fields;
mod hosts;
mod keep_alive;
mod listening;
mod own;
mod provider;
mod queues;
mod quiet;
mod refusal;
mod renewal;
mod scopes;
mod secrets;
mod sign_in;
mod sign_out;
mod states;
mod stopped;
mod theft;
mod transfer;
mod world;
