//! The sign-ins that this process began, and word of how they go for those who wait.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, futures::Notified};

use crate::{
    auth::{
        AccountId,
        pending::{FlowId, Outcome},
    },
    base::clock::UnixTime,
};

/// How long after its time a sign-in may still be at work: a code that came in the last moment is being exchanged.
pub(super) const GRACE: Duration = Duration::from_secs(60);

/// A sign-in that this process began.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) account: AccountId,
    pub(super) port: u16,
    pub(super) expires_at: UnixTime,
}

/// The sign-ins that this process began.
#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    turned: Notify,
}

#[derive(Default)]
struct State {
    local: HashMap<FlowId, Local>,
    /// Whose last page the browser is on its way to.
    pages_due: HashSet<FlowId>,
    /// How those ended of which the store could not be told.
    untold: HashMap<FlowId, Outcome>,
    /// Since when the port cannot be had, nor another process serves it for us.
    blocked: Option<Instant>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, id: FlowId, local: Local) {
        self.state().local.insert(id, local);
    }

    /// One ended, or its last page was shown: whoever waits looks again.
    pub(super) fn end(&self, id: FlowId) {
        self.state().local.remove(&id);
        self.turned.notify_waiters();
    }

    /// One ended, and the store could not be told: whoever waits in this process learns it here.
    pub(super) fn end_untold(&self, id: FlowId, outcome: &Outcome) {
        self.state().untold.insert(id, outcome.clone());
        self.end(id);
    }

    /// How one ended of which the store could not be told.
    pub(super) fn untold(&self, id: FlowId) -> Option<Outcome> {
        self.state().untold.get(&id).cloned()
    }

    /// Completes when something ends after this was called.
    pub(super) fn turned(&self) -> Notified<'_> {
        self.turned.notified()
    }

    /// The pending sign-in of an account.
    pub(super) fn of_account(&self, account: &AccountId) -> Option<FlowId> {
        let state = self.state();
        let found = state.local.iter().find(|(_id, local)| local.account == *account);
        found.map(|(id, _local)| *id)
    }

    pub(super) fn is_local(&self, id: FlowId) -> bool {
        self.state().local.contains_key(&id)
    }

    /// Those that are pending on a port.
    pub(super) fn on_port(&self, port: u16) -> Vec<FlowId> {
        let state = self.state();
        let found = state.local.iter().filter(|(_id, local)| local.port == port);
        found.map(|(id, _local)| *id).collect()
    }

    /// Whether any is pending, after those whose time is over were let go.
    pub(super) fn any_pending(&self, now: UnixTime) -> bool {
        let mut state = self.state();
        state.local.retain(|_id, local| now < local.expires_at.after(GRACE));
        !state.local.is_empty()
    }

    /// A browser is being sent to the last page of a sign-in.
    pub(super) fn page_is_due(&self, id: FlowId) {
        self.state().pages_due.insert(id);
    }

    pub(super) fn page_was_shown(&self, id: FlowId) {
        self.state().pages_due.remove(&id);
        self.turned.notify_waiters();
    }

    pub(super) fn has_page_due(&self, id: FlowId) -> bool {
        self.state().pages_due.contains(&id)
    }

    pub(super) fn blocked(&self, blocked: bool) {
        let mut state = self.state();
        state.blocked = blocked.then(|| state.blocked.unwrap_or_else(Instant::now));
    }

    pub(super) fn is_blocked_for(&self, time: Duration) -> bool {
        self.state().blocked.is_some_and(|since| since.elapsed() >= time)
    }
}
