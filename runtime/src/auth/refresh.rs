//! Renews tokens: one request at a time for an account, in all processes of a store, which no caller's end cuts off.

mod backoff;
mod flight;
mod lane;
mod obtain;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backoff::Backoffs;
use flight::{Errand, Flight, Unsaved};
use lane::Lanes;
use tokio::sync::watch;

use crate::{
    auth::{
        AccountId, AuthError,
        core::Core,
        decide::Why,
        flow::FlowError,
        resolve::{Renewal, Resolved},
    },
    base::text::shown_on_one_line,
};

/// The longest that a caller waits for a renewal, its own or another's.
const LONGEST_WAIT: Duration = Duration::from_secs(45);

/// What made a renewal necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The token ends soon.
    Time,
    /// The provider refused the token.
    Rejected,
}

/// Why a token was not renewed. Every caller that waited gets it.
#[derive(Debug, Clone)]
pub(super) enum NotRenewed {
    /// A person has to sign in.
    SignIn(Why),
    /// The provider or the network failed; the account is as it was.
    Failed(FlowError),
    /// The provider does not answer others either, so it was not asked; the account is as it was.
    Down(FlowError),
    /// Another process is at it and not done, or others have their turn first.
    Busy,
    /// The store failed: why, in words.
    Store(String),
    /// The task that was at it ended.
    CutOff,
}

type Ended = Result<(), NotRenewed>;
type Flights = Arc<Mutex<HashMap<AccountId, watch::Receiver<Stage>>>>;

/// How far a renewal is.
#[derive(Debug, Clone)]
enum Stage {
    UnderWay,
    /// Others have their turn with the provider first.
    Queued,
    Over(Ended),
}

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// The renewal's end.
    ToItsEnd,
    /// The same, but not in a queue: there is a token that still holds.
    NotInAQueue,
}

impl Stage {
    const fn is_waited_for(&self, patience: Patience) -> bool {
        match self {
            Self::UnderWay => false,
            Self::Queued => matches!(patience, Patience::NotInAQueue),
            Self::Over(_) => true,
        }
    }
}

/// Renews tokens.
pub(super) struct Refresher {
    core: Arc<Core>,
    flights: Flights,
    backoffs: Arc<Backoffs>,
    lanes: Lanes,
    unsaved: Arc<Unsaved>,
}

impl Refresher {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self {
            lanes: Lanes::new(core.settings.renewals),
            core,
            flights: Flights::default(),
            backoffs: Arc::default(),
            unsaved: Arc::default(),
        }
    }

    /// Renews the token of version `seen` (0: there is none), done at once where there is a newer one already. A client that
    /// asks for its own asks for `scopes` too.
    pub(super) async fn renew(
        &self,
        of: &Resolved<'_>,
        scopes: &[String],
        seen: u64,
        (cause, patience): (Cause, Patience),
    ) -> Ended {
        let errand = match of.renewal() {
            Renewal::RefreshToken => Errand::Refresh,
            Renewal::Client => Errand::Obtain(scopes.to_vec()),
        };
        let mut flight = self.join(&of.account, errand, seen, cause)?;
        let waited = flight.wait_for(|stage| stage.is_waited_for(patience));
        match tokio::time::timeout(LONGEST_WAIT, waited).await {
            Err(_elapsed) => Err(NotRenewed::Busy),
            Ok(Err(_closed)) => Err(NotRenewed::CutOff),
            Ok(Ok(stage)) => match &*stage {
                Stage::Over(ended) => ended.clone(),
                Stage::UnderWay | Stage::Queued => Err(NotRenewed::Busy),
            },
        }
    }

    /// The renewal that is under way, or a new one in a task of its own.
    fn join(
        &self,
        account: &AccountId,
        errand: Errand,
        seen: u64,
        cause: Cause,
    ) -> Result<watch::Receiver<Stage>, NotRenewed> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = flights.get(account) {
            return Ok(under_way.clone());
        }
        if let Some(error) = self.backoffs.must_wait(account) {
            return Err(NotRenewed::Failed(error));
        }
        let lane = self.lanes.of(&account.provider);
        if let Some(error) = lane.must_wait() {
            return Err(NotRenewed::Down(error));
        }
        let (tell, told) = watch::channel(Stage::UnderWay);
        flights.insert(account.clone(), told.clone());
        let flight = Flight {
            core: Arc::clone(&self.core),
            account: account.clone(),
            errand,
            seen,
            cause,
            unsaved: Arc::clone(&self.unsaved),
            lane,
        };
        let landing = Landing {
            flights: Arc::clone(&self.flights),
            account: account.clone(),
        };
        let backoffs = Arc::clone(&self.backoffs);
        tokio::spawn(async move {
            let queued = || drop(tell.send_replace(Stage::Queued));
            let ended = flight.fly(&queued).await;
            backoffs.learn(&landing.account, &ended);
            // Whoever is told may ask again at once, and then needs a renewal of his own.
            drop(landing);
            tell.send_replace(Stage::Over(ended));
        });
        Ok(told)
    }
}

/// Makes room for the next renewal, also when this one panics.
struct Landing {
    flights: Flights,
    account: AccountId,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        flights.remove(&self.account);
    }
}

impl NotRenewed {
    pub(super) fn store(error: &AuthError) -> Self {
        Self::Store(error.to_string())
    }

    /// As the caller is told.
    pub(super) fn told(self, provider: &str) -> AuthError {
        match self {
            Self::SignIn(why) => AuthError::SignInRequired {
                provider: provider.to_owned(),
                reason: why.in_words(),
            },
            Self::Failed(error) | Self::Down(error) => AuthError::of_flow(provider, error),
            Self::Busy => AuthError::busy(provider, 5),
            Self::Store(reason) => AuthError::NotKept {
                provider: provider.to_owned(),
                reason: shown_on_one_line(&reason),
            },
            Self::CutOff => AuthError::CutOff {
                provider: provider.to_owned(),
            },
        }
    }
}
