//! Counts what one call sent and got.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{
    base::proxy::ProxyFault,
    sandbox::{Limits, OutboundRequest, Refusal, Report},
};

/// Refusals that are kept; a guest that is refused more often learns nothing new.
const REFUSALS: usize = 20;

/// Scopes that a provider may say a token lacks.
const SCOPES: usize = 32;

/// Counts what one call sent and got; read once the call has ended.
pub(crate) struct Ledger {
    requests: u64,
    request_bytes: u64,
    response_bytes: u64,
    totals: Mutex<Totals>,
    began: Instant,
    report: Option<Arc<dyn Report>>,
}

/// What one call sent and got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Requests that the guest asked for, refused ones too.
    pub(crate) asked: u64,
    /// Requests that were sent.
    pub(crate) requests: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
    /// Each once, at most 20.
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) only_safe_requests: bool,
    pub(crate) saw_unauthorized: bool,
    /// What a provider's host said that the token lacks, at most 32 scopes, none where it did not say which.
    pub(crate) lacks_scopes: Option<Vec<String>>,
    /// Why the operator's proxy last opened no way to a host.
    pub(crate) proxy_fault: Option<ProxyFault>,
    /// The first limit that was met: `requests`, `request bytes`, `response bytes`.
    pub(crate) limit_met: Option<&'static str>,
}

impl Default for Totals {
    /// Nothing was sent.
    fn default() -> Self {
        Self {
            asked: 0,
            requests: 0,
            sent_bytes: 0,
            received_bytes: 0,
            refusals: Vec::new(),
            only_safe_requests: true,
            saw_unauthorized: false,
            lacks_scopes: None,
            proxy_fault: None,
            limit_met: None,
        }
    }
}

/// A limit of the call was met: how much it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Met(pub(super) u64);

impl Ledger {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: limits.requests,
            request_bytes: limits.request_bytes,
            response_bytes: limits.response_bytes,
            totals: Mutex::default(),
            began: Instant::now(),
            report: None,
        }
    }

    /// Tells of each request that ended and of each refusal.
    pub(super) fn telling(self, report: Option<Arc<dyn Report>>) -> Self {
        Self { report, ..self }
    }

    /// When the call began that it counts for.
    pub(super) const fn began(&self) -> Instant {
        self.began
    }

    /// A request ended.
    pub(super) fn ended(&self, request: impl FnOnce() -> OutboundRequest) {
        if let Some(report) = &self.report {
            report.request(&request());
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        self.locked().clone()
    }

    /// Counts one request that the guest asks for, whatever becomes of it.
    pub(super) fn asked(&self) -> Result<(), Met> {
        let mut totals = self.locked();
        totals.asked += 1;
        if totals.asked > self.requests {
            totals.limit_met.get_or_insert("requests");
            return Err(Met(self.requests));
        }
        Ok(())
    }

    pub(super) fn refused(&self, refusal: Refusal) {
        let told = refusal.to_string();
        {
            let refusals = &mut self.locked().refusals;
            if refusals.len() >= REFUSALS || refusals.contains(&refusal) {
                return;
            }
            refusals.push(refusal);
        }
        if let Some(report) = &self.report {
            report.refused(&told);
        }
    }

    /// Counts one request that goes out now. It is `safe` when running it again repeats nothing.
    pub(super) fn sending(&self, safe: bool) {
        let mut totals = self.locked();
        totals.requests += 1;
        totals.only_safe_requests &= safe;
    }

    /// The last one did not go out after all: there was no address that it may go to.
    pub(super) fn not_sent(&self) {
        let mut totals = self.locked();
        totals.requests = totals.requests.saturating_sub(1);
    }

    pub(super) fn sent(&self, bytes: usize) -> Result<(), Met> {
        let mut totals = self.locked();
        let total = totals.sent_bytes.saturating_add(bytes as u64);
        if total > self.request_bytes {
            totals.limit_met.get_or_insert("request bytes");
            return Err(Met(self.request_bytes));
        }
        totals.sent_bytes = total;
        Ok(())
    }

    pub(super) fn received(&self, bytes: usize) -> Result<(), Met> {
        let mut totals = self.locked();
        let total = totals.received_bytes.saturating_add(bytes as u64);
        if total > self.response_bytes {
            totals.limit_met.get_or_insert("response bytes");
            return Err(Met(self.response_bytes));
        }
        totals.received_bytes = total;
        Ok(())
    }

    /// The operator's proxy opened no way to a host.
    pub(super) fn proxy_failed(&self, fault: ProxyFault) {
        self.locked().proxy_fault = Some(fault);
    }

    /// A provider's host answered 401 to a request that carried the token.
    pub(super) fn unauthorized(&self) {
        self.locked().saw_unauthorized = true;
    }

    /// A provider's host refused a request that carried the token, for lack of these scopes.
    pub(super) fn lacks_scopes(&self, scopes: Vec<String>) {
        let mut totals = self.locked();
        let known = totals.lacks_scopes.get_or_insert_default();
        for scope in scopes {
            if known.len() < SCOPES && !known.contains(&scope) {
                known.push(scope);
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
