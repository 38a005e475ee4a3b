//! Renews tokens: one request at a time for an account, in all processes of a store, which no caller's end cuts off.

mod backoff;
mod flight;
mod obtain;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backoff::Backoffs;
use flight::{Errand, Flight, Unsaved};
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
    /// Another process is at it, and not done.
    Busy,
    /// The store failed: why, in words.
    Store(String),
    /// The task that was at it ended.
    CutOff,
}

type Ended = Result<(), NotRenewed>;
type Flights = Arc<Mutex<HashMap<AccountId, watch::Receiver<Option<Ended>>>>>;

/// Renews tokens.
pub(super) struct Refresher {
    core: Arc<Core>,
    flights: Flights,
    backoffs: Arc<Backoffs>,
    unsaved: Arc<Unsaved>,
}

impl Refresher {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            flights: Flights::default(),
            backoffs: Arc::default(),
            unsaved: Arc::default(),
        }
    }

    /// Renews the token of version `seen` (0: there is none), done at once where there is a newer one already. A client that
    /// asks for its own asks for `scopes` too.
    pub(super) async fn renew(&self, of: &Resolved<'_>, scopes: &[String], seen: u64, cause: Cause) -> Ended {
        let errand = match of.renewal() {
            Renewal::RefreshToken => Errand::Refresh,
            Renewal::Client => Errand::Obtain(scopes.to_vec()),
        };
        let mut flight = self.join(&of.account, errand, seen, cause)?;
        match tokio::time::timeout(LONGEST_WAIT, flight.wait_for(Option::is_some)).await {
            Err(_elapsed) => Err(NotRenewed::Busy),
            Ok(Err(_closed)) => Err(NotRenewed::CutOff),
            Ok(Ok(ended)) => ended.clone().unwrap_or(Err(NotRenewed::CutOff)),
        }
    }

    /// The renewal that is under way, or a new one in a task of its own.
    fn join(
        &self,
        account: &AccountId,
        errand: Errand,
        seen: u64,
        cause: Cause,
    ) -> Result<watch::Receiver<Option<Ended>>, NotRenewed> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = flights.get(account) {
            return Ok(under_way.clone());
        }
        if let Some(error) = self.backoffs.must_wait(account) {
            return Err(NotRenewed::Failed(error));
        }
        let (tell, told) = watch::channel(None);
        flights.insert(account.clone(), told.clone());
        let flight = Flight {
            core: Arc::clone(&self.core),
            account: account.clone(),
            errand,
            seen,
            cause,
            unsaved: Arc::clone(&self.unsaved),
        };
        let landing = Landing {
            flights: Arc::clone(&self.flights),
            account: account.clone(),
        };
        let backoffs = Arc::clone(&self.backoffs);
        tokio::spawn(async move {
            let ended = flight.fly().await;
            backoffs.learn(&landing.account, &ended);
            // Whoever is told may ask again at once, and then needs a renewal of his own.
            drop(landing);
            tell.send_replace(Some(ended));
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
            Self::Failed(error) => AuthError::of_flow(provider, error),
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
