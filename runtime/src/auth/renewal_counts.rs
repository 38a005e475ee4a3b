//! How many renewals of tokens this process made.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the renewals of tokens that this process made.
#[derive(Default)]
pub(super) struct RenewalTally {
    made: AtomicU64,
    failed: AtomicU64,
}

/// How many renewals of tokens a process made since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct RenewalCounts {
    /// Those that gave a new token.
    pub made: u64,
    /// Those that gave none.
    pub failed: u64,
}

impl RenewalTally {
    pub(super) fn made(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> RenewalCounts {
        RenewalCounts {
            made: self.made.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
