//! The only sender of a guest's requests.

use std::sync::Arc;

use crate::{
    auth::Credential,
    base::{name::Profile, net::Net},
    sandbox::{Limits, Policy, Refusal, SandboxError},
};

/// What all calls of one tool under one policy send through: its rules, and its connections, which no other tool or
/// profile shares.
pub(crate) struct Outbound {}

/// What one call sends through: wasmtime's hooks for `wasi:http`.
pub(crate) struct CallOutbound {}

/// Counts what one call sent and got; read once the call has ended.
pub(crate) struct Ledger {}

/// What one call sent and got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) requests: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) only_safe_requests: bool,
    pub(crate) saw_unauthorized: bool,
    /// The first limit that was met: `requests`, `request bytes`, `response bytes`.
    pub(crate) limit_met: Option<&'static str>,
}

impl Outbound {
    pub(crate) fn new(net: &Net, policy: &Policy, limits: &Limits) -> Result<Self, SandboxError> {
        let _ = (net, policy, limits);
        todo!()
    }

    /// Nothing is sent or waited for past `deadline`.
    pub(crate) fn for_call(
        &self,
        profile: &Profile,
        credential: Option<&Credential>,
        deadline: tokio::time::Instant,
    ) -> CallOutbound {
        let _ = (profile, credential, deadline);
        todo!()
    }
}

impl CallOutbound {
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        todo!()
    }
}

impl Ledger {
    pub(crate) fn totals(&self) -> Totals {
        todo!()
    }
}
