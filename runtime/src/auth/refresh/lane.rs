//! The turns of a provider's renewals: so many at a time, spread, and none while it is down.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::auth::{
    AccountId, NeedsSignIn, Renewals,
    decide::Why,
    flow::FlowError,
    refresh::{Ended, NotRenewed, backoff},
};

/// Of so many accounts in a row no renewal reached the provider, before none is tried: one alone may be the account's own fault.
const DOWN_AFTER: usize = 3;

/// How long to wait where another tries just now whether the provider is up again.
const WHILE_TRIED: Duration = Duration::from_secs(1);

/// The lanes of all providers. A process that ends forgets them.
pub(super) struct Lanes {
    settings: Renewals,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

impl Lanes {
    pub(super) fn new(settings: Renewals) -> Self {
        Self {
            settings,
            lanes: Mutex::default(),
        }
    }

    /// That of a provider.
    pub(super) fn of(&self, provider: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes
            .entry(provider.to_owned())
            .or_insert_with(|| Arc::new(Lane::new(self.settings)));
        Arc::clone(lane)
    }
}

/// One provider's renewals in this process.
pub(super) struct Lane {
    turns: Arc<Semaphore>,
    /// The time between two requests, once more came than go at once.
    spacing: Duration,
    /// How far ahead of that requests may be.
    ahead: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the next request is due, were they evenly spread.
    due: Option<Instant>,
    /// Accounts whose renewal did not reach the provider, since one last did.
    failing: BTreeSet<AccountId>,
    down: Option<Down>,
}

/// A provider that is left alone.
struct Down {
    until: Instant,
    failures: u32,
    error: FlowError,
    /// One renewal finds out whether it is up again.
    is_tried: bool,
}

impl Lane {
    fn new(settings: Renewals) -> Self {
        let at_once = u32::from(settings.at_once.max(1));
        let spacing = Duration::from_secs(1) / u32::from(settings.per_second.max(1));
        Self {
            turns: Arc::new(Semaphore::new(at_once as usize)),
            spacing,
            ahead: spacing * (at_once - 1),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure to tell again instead of asking again, while the provider counts as down.
    pub(super) fn must_wait(&self) -> Option<FlowError> {
        self.state().down.as_ref().and_then(Down::must_wait)
    }

    /// A turn, as soon as one of the others is over. `queued` is told where there is none now.
    pub(super) async fn turn(self: &Arc<Self>, queued: &(dyn Fn() + Send + Sync)) -> Result<Turn, FlowError> {
        let permit = match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_none_now) => {
                queued();
                let permit = Arc::clone(&self.turns).acquire_owned().await;
                permit.map_err(|_never_closed| FlowError::Protocol("no turn for a renewal".to_owned()))?
            }
        };
        match self.must_wait() {
            Some(error) => Err(error),
            None => Ok(Turn {
                lane: Arc::clone(self),
                tries: false,
                _permit: permit,
            }),
        }
    }

    /// When the next request may go out. Not at even times, so that the lanes of several processes do not march in step.
    fn slot(&self) -> Instant {
        let now = Instant::now();
        let mut state = self.state();
        let due = state.due.map_or(now, |due| due.max(now));
        state.due = Some(due + self.spacing.mul_f64(rand::random_range(0.5..=1.5)));
        now + due.duration_since(now).saturating_sub(self.ahead)
    }

    fn answered(&self) {
        let mut state = self.state();
        state.failing.clear();
        state.down = None;
    }

    fn failed(&self, account: &AccountId, error: &FlowError) {
        let mut state = self.state();
        if state.failing.len() < DOWN_AFTER {
            state.failing.insert(account.clone());
        }
        let before = state.down.as_ref().map_or(0, |down| down.failures);
        if before == 0 && state.failing.len() < DOWN_AFTER {
            return;
        }
        let failures = before.saturating_add(1);
        state.down = Some(Down {
            until: Instant::now() + backoff::pause(error, failures),
            failures,
            error: error.clone(),
            is_tried: false,
        });
    }
}

impl Down {
    fn must_wait(&self) -> Option<FlowError> {
        let left = match self.until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => left,
            Some(_) | None if self.is_tried => WHILE_TRIED,
            Some(_) | None => return None,
        };
        Some(backoff::told_again(&self.error, left))
    }
}

/// The right to ask the provider, until dropped.
pub(super) struct Turn {
    lane: Arc<Lane>,
    /// Whether this one finds out whether the provider is up again.
    tries: bool,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Waits until a request may go out. `queued` is told where that is not now.
    pub(super) async fn go(&mut self, queued: &(dyn Fn() + Send + Sync)) -> Result<(), FlowError> {
        let at = self.lane.slot();
        if at > Instant::now() {
            queued();
            tokio::time::sleep_until(at).await;
        }
        let mut state = self.lane.state();
        if let Some(down) = &mut state.down {
            if let Some(error) = down.must_wait() {
                return Err(error);
            }
            down.is_tried = true;
            self.tries = true;
        }
        Ok(())
    }

    /// Learns from how a renewal ended.
    pub(super) fn learn(&self, account: &AccountId, ended: &Ended) {
        match ended {
            Err(NotRenewed::Failed(error @ FlowError::Unreachable { .. })) => self.lane.failed(account, error),
            Ok(())
            | Err(
                NotRenewed::Failed(FlowError::Denied(_) | FlowError::InvalidGrant(_) | FlowError::Configuration(_))
                | NotRenewed::SignIn(Why::State(NeedsSignIn::Refused | NeedsSignIn::LostInCrash)),
            ) => self.lane.answered(),
            // Nothing that tells whether it is up.
            Err(
                NotRenewed::Failed(FlowError::Protocol(_))
                | NotRenewed::SignIn(_)
                | NotRenewed::Down(_)
                | NotRenewed::Busy
                | NotRenewed::Store(_)
                | NotRenewed::CutOff,
            ) => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.tries
            && let Some(down) = &mut self.lane.state().down
        {
            down.is_tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use futures_util::future::join_all;

    use super::*;
    use crate::{
        base::name::Profile,
        package::{AccountOwner, TokenKind},
    };

    fn account(number: usize) -> AccountId {
        AccountId {
            profile: Profile::new(format!("user-{number}")),
            provider: "acme".to_owned(),
            handler: "acme-oauth2".to_owned(),
            kind: TokenKind::Bot,
            client_id: "client".to_owned(),
            owner: AccountOwner::SHARED,
        }
    }

    fn lane(at_once: u16, per_second: u16) -> Arc<Lane> {
        Lanes::new(Renewals { at_once, per_second }).of("acme")
    }

    fn unreachable() -> FlowError {
        FlowError::Unreachable {
            reason: "down".to_owned(),
            retry_after: None,
        }
    }

    async fn ends(lane: &Arc<Lane>, number: usize, ended: Ended) -> Result<(), FlowError> {
        let mut turn = lane.turn(&|| {}).await?;
        turn.go(&|| {}).await?;
        turn.learn(&account(number), &ended);
        Ok(())
    }

    async fn fails(lane: &Arc<Lane>, number: usize) -> Result<(), FlowError> {
        ends(lane, number, Err(NotRenewed::Failed(unreachable()))).await
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_once_more_come_than_go_at_once() {
        let lane = lane(4, 10);
        let began = Instant::now();
        let times = join_all((0..44).map(|number| {
            let lane = &lane;
            async move {
                ends(lane, number, Ok(())).await.unwrap();
                began.elapsed()
            }
        }))
        .await;
        let at_first = times.iter().filter(|time| time.is_zero()).count();
        assert!((2..=8).contains(&at_first), "{times:?}");
        let last = times.iter().max().unwrap();
        assert!((3..=6).contains(&last.as_secs()), "40 at 10 a second: {last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_to_queue_is_told_so() {
        let lane = lane(1, 10);
        let queued = std::sync::atomic::AtomicU32::new(0);
        let tell = || {
            queued.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        };
        let first = lane.turn(&tell).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_secs(5), lane.turn(&tell)).await;
        assert!(waiting.is_err());
        drop(first);
        lane.turn(&tell).await.unwrap();
        assert_eq!(queued.into_inner(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_several_accounts_do_not_reach_is_left_alone_and_then_tried_by_one() {
        let lane = lane(4, 100);
        for number in [1, 1, 1, 2] {
            fails(&lane, number).await.unwrap();
        }
        assert!(lane.must_wait().is_none(), "two accounts may be at fault themselves");
        fails(&lane, 3).await.unwrap();
        let error = fails(&lane, 4).await.unwrap_err();
        assert!(
            matches!(
                error,
                FlowError::Unreachable {
                    retry_after: Some(_),
                    ..
                }
            ),
            "{error:?}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;

        let mut first = lane.turn(&|| {}).await.unwrap();
        first.go(&|| {}).await.unwrap();
        assert!(fails(&lane, 5).await.is_err(), "only one tries");
        drop(first);
        fails(&lane, 5).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(fails(&lane, 6).await.is_err(), "and the next pause is longer");

        tokio::time::sleep(Duration::from_secs(2)).await;
        ends(&lane, 6, Ok(())).await.unwrap();
        assert!(lane.must_wait().is_none());
        fails(&lane, 7).await.unwrap();
        assert!(lane.must_wait().is_none(), "an answer makes good for all");
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_answers_with_a_refusal_is_up() {
        let lane = lane(4, 100);
        for number in 0..20 {
            fails(&lane, number % 2).await.unwrap();
            let refused = NotRenewed::SignIn(Why::State(NeedsSignIn::Refused));
            ends(&lane, 9, Err(refused)).await.unwrap();
        }
        assert!(lane.must_wait().is_none());
    }
}
