//! The only sender of a guest's requests.
//!
//! Every request is counted, decided by name, resolved once, checked at every address, sent to just those addresses, directly or through the
//! operator's proxy (who may have that proxy resolve and check), and counted byte by byte in both directions. Where credentials are brokered, the placeholder is swapped on the way, and its reply searched. No redirect is followed: the guest's next request is decided afresh.

mod body;
mod body_copy;
mod brokering;
mod connector;
mod exchange;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzzed;
mod held;
mod hooks;
mod lacking;
mod ledger;
mod pool;
mod prepare;
mod refusal;
mod send;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

pub(crate) use ledger::{Ledger, Totals};

use crate::{
    auth::Credential,
    base::{name::Profile, net::Net},
    sandbox::{CredentialReach, Limits, Policy, Report, broker::Broker},
};
use connector::Dialer;
use held::Held;
use pool::Pool;

/// Requests of one call that await the head of a reply at one time; more wait for their turn as long as for a connection.
const AT_ONE_TIME: usize = 16;
/// Credentials whose hosts are kept compiled; a tool has one a profile, and most profiles come back.
const COMPILED: usize = 256;

/// What all calls of one tool under one policy send through: its rules, and its connections, which no other tool or
/// profile shares.
pub(crate) struct Outbound {
    shared: Arc<Shared>,
}

struct Shared {
    policy: Policy,
    limits: Limits,
    pool: Pool,
    reaches: Mutex<BTreeMap<ReachKey, Arc<CredentialReach>>>,
}

/// A credential's hosts and endpoints.
type ReachKey = (Arc<[String]>, Arc<[String]>);

/// What one call sends through: wasmtime's hooks for `wasi:http`.
pub(crate) struct CallOutbound {
    shared: Arc<Shared>,
    profile: Profile,
    held: Option<Arc<Held>>,
    ledger: Arc<Ledger>,
    turns: Arc<tokio::sync::Semaphore>,
    deadline: tokio::time::Instant,
}

impl Outbound {
    /// The roots of TLS are read when the first connection needs them. No guest reaches where this process listens, whatever
    /// its rules.
    pub(crate) fn new(net: &Net, policy: &Policy, limits: &Limits) -> Self {
        let dialer = Dialer {
            net: net.clone(),
            timeout: limits.connect_timeout,
        };
        Self {
            shared: Arc::new(Shared {
                policy: policy.clone(),
                limits: limits.clone(),
                pool: Pool::new(dialer),
                reaches: Mutex::default(),
            }),
        }
    }

    /// Where the operator's proxy is.
    pub(crate) fn proxy(&self) -> Option<String> {
        self.shared.pool.proxy()
    }

    /// Nothing is sent or waited for past `deadline`. The guest has the secrets themselves unless there is a `broker`.
    pub(crate) fn for_call(
        &self,
        profile: &Profile,
        credential: Option<&Credential>,
        broker: Option<Arc<Broker>>,
        deadline: tokio::time::Instant,
    ) -> CallOutbound {
        CallOutbound {
            shared: self.shared.clone(),
            profile: profile.clone(),
            held: credential.map(|credential| {
                Arc::new(Held {
                    credential: credential.clone(),
                    reach: self.shared.reach_of(credential),
                    broker,
                })
            }),
            ledger: Arc::new(Ledger::new(&self.shared.limits)),
            turns: Arc::new(tokio::sync::Semaphore::new(AT_ONE_TIME)),
            deadline,
        }
    }
}

impl Shared {
    /// Compiled at the credential's first call.
    fn reach_of(&self, credential: &Credential) -> Arc<CredentialReach> {
        let key = (credential.hosts.clone(), credential.endpoints.clone());
        let mut reaches = self.reaches.lock().unwrap_or_else(PoisonError::into_inner);
        if reaches.len() >= COMPILED && !reaches.contains_key(&key) {
            reaches.clear();
        }
        reaches
            .entry(key)
            .or_insert_with(|| Arc::new(CredentialReach::of(credential)))
            .clone()
    }
}

impl CallOutbound {
    /// Tells of what it sends while the call runs. To be said before anything is sent.
    pub(crate) fn telling(self, report: Option<Arc<dyn Report>>) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(&self.shared.limits).telling(report)),
            ..self
        }
    }

    /// What this call sent and got; to be read once it has ended.
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        self.ledger.clone()
    }
}
