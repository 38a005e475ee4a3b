//! What a provider file may say: each value is checked here before it is believed.

mod address;
mod fault;
mod request;
mod words;

pub(super) use address::{endpoint, host, template};
pub(super) use fault::Fault;
pub(super) use request::{errors, headers, parameters, scope_param, separator, token_header};
pub(super) use words::{day, name, pointer, variable, words};
