//! How long a provider that failed is left alone.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::auth::{
    AccountId,
    flow::FlowError,
    refresh::{Ended, NotRenewed},
};

/// The longest pause, unless the provider asks for a longer one.
const LONGEST: Duration = Duration::from_secs(60);

/// The pauses, by account. A process that ends forgets them.
#[derive(Default)]
pub(super) struct Backoffs(Mutex<HashMap<AccountId, Backoff>>);

struct Backoff {
    until: Instant,
    failures: u32,
    error: FlowError,
}

impl Backoffs {
    /// The failure to tell again instead of asking again, while a pause lasts.
    pub(super) fn must_wait(&self, account: &AccountId) -> Option<FlowError> {
        let backoffs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let backoff = backoffs.get(account)?;
        let left = backoff.until.checked_duration_since(Instant::now())?;
        Some(told_again(&backoff.error, left))
    }

    /// Learns from how a renewal ended.
    pub(super) fn learn(&self, account: &AccountId, ended: &Ended) {
        let mut backoffs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Err(NotRenewed::Failed(error)) => {
                let failures = backoffs
                    .get(account)
                    .map_or(0, |before| before.failures)
                    .saturating_add(1);
                let backoff = Backoff {
                    until: Instant::now() + pause(error, failures),
                    failures,
                    error: error.clone(),
                };
                backoffs.insert(account.clone(), backoff);
            }
            // The account's own turn did not come.
            Err(NotRenewed::Down(_)) => {}
            Ok(()) | Err(NotRenewed::SignIn(_) | NotRenewed::Busy | NotRenewed::Store(_) | NotRenewed::CutOff) => {
                backoffs.remove(account);
            }
        }
    }
}

/// A failure as it is told while nobody asks again, with the time that is left.
pub(super) fn told_again(error: &FlowError, left: Duration) -> FlowError {
    match error {
        FlowError::Unreachable { reason, retry_after: _ } => FlowError::Unreachable {
            reason: reason.clone(),
            retry_after: Some(left),
        },
        error @ (FlowError::Denied(_)
        | FlowError::InvalidGrant(_)
        | FlowError::Configuration(_)
        | FlowError::Protocol(_)) => error.clone(),
    }
}

/// Doubles from a second on, less up to a quarter at random so that many accounts do not come back at once.
pub(super) fn pause(error: &FlowError, failures: u32) -> Duration {
    let asked = match error {
        FlowError::Unreachable { retry_after, .. } => *retry_after,
        FlowError::Denied(_) | FlowError::InvalidGrant(_) | FlowError::Configuration(_) | FlowError::Protocol(_) => {
            None
        }
    };
    // A provider may ask for a long pause, but not for one that never ends.
    let asked = asked.unwrap_or_default().min(Duration::from_secs(3_600));
    let doubled = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST);
    asked.max(doubled.mul_f64(rand::random_range(0.75..=1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(retry_after: Option<u64>) -> FlowError {
        FlowError::Unreachable {
            reason: "down".to_owned(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn pauses_grow_to_a_minute_and_heed_what_the_provider_asks() {
        let seconds = |failures| pause(&failed(None), failures).as_secs_f64();
        assert!((0.75..=1.0).contains(&seconds(1)));
        assert!((3.0..=4.0).contains(&seconds(3)));
        assert!((45.0..=60.0).contains(&seconds(u32::MAX)));
        assert_eq!(pause(&failed(Some(90)), 1), Duration::from_secs(90));
        assert_eq!(pause(&failed(Some(u64::MAX)), 1), Duration::from_secs(3_600));
    }
}
