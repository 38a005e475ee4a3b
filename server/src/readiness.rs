//! Whether the accounts can be read, looked at once a second however many ask.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// How long what was found holds.
const HOLDS: Duration = Duration::from_secs(1);

/// Whether the accounts can be read. Anybody may ask, without a key, and none of them makes a store work more than once a second.
#[derive(Debug)]
pub(crate) struct Readiness {
    holds: Duration,
    found: Mutex<Option<(Instant, bool)>>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self::holding(HOLDS)
    }
}

impl Readiness {
    fn holding(holds: Duration) -> Self {
        Self {
            holds,
            found: Mutex::default(),
        }
    }

    /// What was found last, or what `look` finds where that is too long ago; whoever asks meanwhile waits for it.
    pub(crate) async fn of(&self, look: impl AsyncFnOnce() -> bool) -> bool {
        let mut found = self.found.lock().await;
        if let Some((at, ready)) = *found
            && at.elapsed() < self.holds
        {
            return ready;
        }
        let ready = look().await;
        *found = Some((Instant::now(), ready));
        ready
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn many_that_ask_at_once_look_once() {
        let (readiness, looks) = (Readiness::holding(Duration::MAX), AtomicUsize::new(0));
        let asked = (0..100).map(|_| {
            readiness.of(async || {
                tokio::task::yield_now().await;
                looks.fetch_add(1, Ordering::Relaxed) > 0
            })
        });
        assert_eq!(join_all(asked).await, [false; 100], "each is told what the one found");
        assert_eq!(looks.into_inner(), 1);
    }

    #[tokio::test]
    async fn what_was_found_holds_for_its_time_only() {
        let readiness = Readiness::holding(Duration::ZERO);
        for ready in [false, true, false] {
            assert_eq!(readiness.of(async || ready).await, ready);
        }
    }

    #[tokio::test]
    async fn who_goes_away_while_looking_leaves_it_to_the_next() {
        let readiness = Readiness::default();
        let left = tokio::time::timeout(Duration::ZERO, readiness.of(std::future::pending)).await;
        assert!(left.is_err());
        assert!(readiness.of(async || true).await);
    }
}
