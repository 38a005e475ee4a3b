//! The tools that are served, as they are now.

use std::sync::{Arc, PoisonError, RwLock};

use pocket_runtime::{Pocket, ToolName};
use tokio::sync::broadcast;

/// How many changes who listens may be behind.
const BEHIND: usize = 64;

/// The tools that are served, as they are now. Calls that run end with those they began with.
#[derive(Debug)]
pub(crate) struct Tools {
    now: RwLock<Pocket>,
    changes: broadcast::Sender<Arc<[ToolName]>>,
}

/// Tells of changes from its making on.
pub(crate) struct Changes(broadcast::Receiver<Arc<[ToolName]>>);

impl Tools {
    pub(crate) fn of(pocket: Pocket) -> Self {
        Self {
            now: RwLock::new(pocket),
            changes: broadcast::channel(BEHIND).0,
        }
    }

    pub(crate) fn now(&self) -> Pocket {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From here on there are these, and who listens is told which of them are others than before.
    pub(crate) fn take(&self, pocket: Pocket, changed: Vec<ToolName>) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = pocket;
        if !changed.is_empty() {
            // Nobody may listen.
            let _ = self.changes.send(changed.into());
        }
    }

    pub(crate) fn changes(&self) -> Changes {
        Changes(self.changes.subscribe())
    }
}

impl Changes {
    /// Waits until a tool changed for which `matters` is so; never ends well once the server is gone.
    pub(crate) async fn next(&mut self, matters: impl Fn(&str) -> bool) -> Option<()> {
        loop {
            match self.0.recv().await {
                Ok(changed) if changed.iter().any(|name| matters(name.as_str())) => return Some(()),
                Ok(_of_others) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(()),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
