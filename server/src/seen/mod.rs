//! What an operator sees of what was done: numbers, and a log of who did what.

mod audit;
mod audit_file;
mod audit_record;
mod metrics;

use std::path::Path;

pub(crate) use metrics::Metrics;

use crate::{
    caller::Caller,
    calls::{Call, Ended},
    seen::audit::Audit,
};

/// Told of all that the doors did.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) metrics: Metrics,
    audit: Audit,
}

impl Seen {
    /// With the audit log in this folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            metrics: Metrics::new(),
            audit: Audit::begin(folder),
        }
    }

    /// A call has ended.
    pub(crate) fn call(&self, call: &Call, ended: &Ended) {
        let story = call.story();
        self.metrics.call(ended, &story);
        self.audit.write(&audit_record::of_call(call, ended, &story));
    }

    /// A user was sent to sign in.
    pub(crate) fn sign_in(&self, caller: &Caller, tool: &str, provider: &str) {
        self.audit.write(&audit_record::of_sign_in(caller, tool, provider));
    }

    /// A profile was signed out.
    pub(crate) fn sign_out(&self, caller: &Caller, provider: &str) {
        self.audit.write(&audit_record::of_sign_out(caller, provider));
    }

    /// Waits until all that was told is written.
    pub(crate) async fn end(&self) {
        self.audit.end().await;
    }
}
