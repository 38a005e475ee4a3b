//! What goes on in a process, in numbers.

use crate::{auth::RenewalCounts, pocket::Pocket};

/// What goes on in a process, in numbers: of all profiles together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Calls whose guests run now.
    pub running: u32,
    /// Calls that wait for a place now.
    pub waiting: u32,
    /// The renewals of tokens.
    pub renewals: RenewalCounts,
}

impl Pocket {
    /// What goes on now in all that share accounts and places with this.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (running, waiting) = self.core.engine.occupied();
        Counts {
            running,
            waiting,
            renewals: self.core.auth.renewals(),
        }
    }
}
