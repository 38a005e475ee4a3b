//! One renewal: the lease, the mark, at most two requests, and the save.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    auth::{
        AccountId, AccountState, AuthError, Lease, NeedsSignIn,
        core::Core,
        decide::Why,
        flow::{FlowError, Tokens, code::Ask},
        record::Record,
        records::Loaded,
        refresh::{
            Cause, Ended, NotRenewed,
            lane::{Lane, Turn},
            obtain,
        },
        rejected,
        resolve::Resolved,
        revoking::{self, Told},
    },
    base::{secret::Secret, text::shown_on_one_line},
};

/// How long a lease holds, and how often it is held longer. Short, since the lease of a process that was killed is waited out
/// by the others; what a holder that was only held up gains after its lease is over is still saved while nobody took it.
const LEASE: Duration = Duration::from_secs(20);
const RENEW: Duration = Duration::from_secs(5);
/// How often the store is asked whether another process is done, and for how long: longer than a lease, so that who waits
/// for one that was killed gets his token rather than an error.
const POLL: Duration = Duration::from_millis(100);
const OTHERS: Duration = Duration::from_secs(40);
/// How long one request may take; the transport's own limit is a second less.
pub(super) const REQUEST: Duration = Duration::from_secs(16);
/// The longest pause before the second request.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often the mark is tried when others save at the same time.
const MARKS: usize = 4;
/// How often a save is tried, each time after twice the pause.
const SAVES: u32 = 5;

/// Renewed records that could not be saved: they are tried again before the provider is asked again.
#[derive(Default)]
pub(super) struct Unsaved(Mutex<HashMap<AccountId, Record>>);

impl Unsaved {
    fn put(&self, account: &AccountId, record: Record) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(account.clone(), record);
    }

    /// The one that follows on the tokens of this version.
    fn take(&self, account: &AccountId, version: u64) -> Option<Record> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(account).filter(|record| record.token_version == version)
    }
}

/// What a renewal does.
#[derive(Debug, Clone)]
pub(super) enum Errand {
    /// It uses the refresh token.
    Refresh,
    /// It asks for the client's own token with these scopes, and those that were asked for before.
    Obtain(Vec<String>),
}

/// One renewal.
pub(super) struct Flight {
    pub(super) core: Arc<Core>,
    pub(super) account: AccountId,
    pub(super) errand: Errand,
    /// The version of the token that is to be renewed.
    pub(super) seen: u64,
    pub(super) cause: Cause,
    pub(super) unsaved: Arc<Unsaved>,
    pub(super) lane: Arc<Lane>,
}

/// Told where a renewal has to wait for its turn.
type Queued<'a> = &'a (dyn Fn() + Send + Sync);

/// How the requests of a renewal ended.
struct Answer {
    tokens: Result<Tokens, FlowError>,
    /// Two protocol errors in a row.
    twice_unreadable: bool,
}

impl Flight {
    pub(super) async fn fly(&self, queued: Queued<'_>) -> Ended {
        let Some((mut turn, lease)) = self.turn_and_lease(queued).await? else {
            return Ok(());
        };
        let work = async {
            turn.go(queued).await.map_err(NotRenewed::Down)?;
            self.errand(&lease).await
        };
        let ended = tokio::select! {
            ended = work => ended,
            never = self.keep(&lease) => match never {},
        };
        turn.learn(&self.account, &ended);
        if let Err(error) = self.core.records.store().release(&self.account, &lease).await {
            tracing::debug!(provider = %self.account.provider, %error, "a lease was not given back; it ends by itself");
        }
        ended
    }

    async fn errand(&self, lease: &Lease) -> Ended {
        match &self.errand {
            Errand::Refresh => self.under(lease).await,
            Errand::Obtain(scopes) => obtain::obtain(self, scopes, lease).await,
        }
    }

    /// Whether another process has done it meanwhile.
    async fn is_done(&self) -> Result<bool, NotRenewed> {
        match &self.errand {
            Errand::Refresh => self.renewed_elsewhere(&self.load().await?),
            Errand::Obtain(_) => obtain::is_done(self).await,
        }
    }

    /// A turn with the provider and the lease of the account, or none where another process renewed meanwhile. Nobody has a turn
    /// while he waits for another's lease, nor a lease while he queues.
    async fn turn_and_lease(&self, queued: Queued<'_>) -> Result<Option<(Turn, Lease)>, NotRenewed> {
        let mut held_by_others = None;
        loop {
            let turn = self.lane.turn(queued).await.map_err(NotRenewed::Down)?;
            let lease = self.core.records.store().lease(&self.account, LEASE).await;
            if let Some(lease) = lease.map_err(|error| NotRenewed::store(&error.into()))? {
                return Ok(Some((turn, lease)));
            }
            drop(turn);
            if held_by_others.get_or_insert_with(Instant::now).elapsed() > OTHERS {
                return Err(NotRenewed::Busy);
            }
            tokio::time::sleep(POLL).await;
            if self.is_done().await? {
                return Ok(None);
            }
        }
    }

    /// Holds the lease for as long as the work takes.
    async fn keep(&self, lease: &Lease) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(RENEW).await;
            match self.core.records.store().renew(&self.account, lease, LEASE).await {
                Ok(true) => {}
                // The save tells whether somebody else was faster.
                Ok(false) => tracing::warn!(provider = %self.account.provider, "the lease on an account was lost"),
                Err(error) => tracing::warn!(provider = %self.account.provider, %error, "a lease could not be renewed"),
            }
        }
    }

    async fn load(&self) -> Result<Loaded, NotRenewed> {
        match self.core.records.load(&self.account).await {
            Ok(Some(loaded)) if !loaded.record.signing_out => Ok(loaded),
            Ok(Some(_) | None) => Err(NotRenewed::SignIn(Why::NoAccount)),
            Err(error) => Err(NotRenewed::store(&error)),
        }
    }

    /// Whether the record already has a newer token; an error where it can have none.
    fn renewed_elsewhere(&self, loaded: &Loaded) -> Result<bool, NotRenewed> {
        if loaded.record.token_version != self.seen {
            return Ok(true);
        }
        match loaded.record.state {
            AccountState::NeedsSignIn(reason) => Err(NotRenewed::SignIn(Why::State(reason))),
            AccountState::Ready | AccountState::Refreshing => Ok(false),
        }
    }

    /// The work, while nobody else can be at it.
    async fn under(&self, lease: &Lease) -> Ended {
        for _try in 0..MARKS {
            let loaded = self.load().await?;
            if self.renewed_elsewhere(&loaded)? {
                return Ok(());
            }
            let now = self.core.now();
            if self.cause == Cause::Rejected && rejected::was_just_tried(&loaded.record, self.seen, now) {
                return Err(NotRenewed::Busy);
            }
            if let Some(renewed) = self.unsaved.take(&self.account, self.seen) {
                return self.save(&loaded, renewed, lease).await;
            }
            let resolved = self.resolved(&loaded.record)?;
            let marked = loaded.record.refreshing(self.core.now(), self.cause == Cause::Rejected);
            match self
                .core
                .records
                .save(&self.account, marked, loaded.version, Some(lease))
                .await
            {
                Ok(marked) => return self.marked(&resolved, &loaded.record, &marked, lease).await,
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(NotRenewed::Busy)
    }

    /// The requests, once the record says that they begin.
    async fn marked(&self, resolved: &Resolved<'_>, before: &Record, marked: &Loaded, lease: &Lease) -> Ended {
        let Some(refresh) = &before.refresh else {
            return Err(NotRenewed::SignIn(Why::State(NeedsSignIn::Expired)));
        };
        let answer = self.ask(resolved, before, refresh, lease).await;
        match answer.tokens {
            Ok(tokens) => {
                let renewed = marked.record.refreshed(tokens, self.core.now());
                self.save(marked, renewed, lease).await
            }
            Err(error) => {
                let failure = Failure {
                    error,
                    crashed: before.was_sent_before(),
                    twice_unreadable: answer.twice_unreadable,
                };
                self.note(marked, failure, lease).await
            }
        }
    }

    fn resolved(&self, record: &Record) -> Result<Resolved<'_>, NotRenewed> {
        let missing = |what: &str| NotRenewed::Failed(FlowError::Configuration(what.to_owned()));
        let resolved = self.core.of_account(&self.account);
        let resolved = resolved.map_err(|error| missing(&error.to_string()))?;
        let resolved = resolved.with(record.told.as_ref());
        if resolved.oauth().is_none() || record.refresh.is_none() {
            return Err(NotRenewed::SignIn(Why::State(NeedsSignIn::Expired)));
        }
        if resolved.origins() != record.origins {
            return Err(NotRenewed::SignIn(Why::Endpoints));
        }
        if resolved.client.is_none() {
            return Err(missing("the client that the account was made with is no longer set"));
        }
        Ok(resolved)
    }

    /// At most two requests, with the same refresh token: an answer that was lost is given again by some providers. No second one
    /// once the lease is another's, who may have spent that token: a provider would take it for stolen, and end the account.
    async fn ask(&self, resolved: &Resolved<'_>, record: &Record, refresh: &Secret, lease: &Lease) -> Answer {
        let first = self.request(resolved, record, refresh).await;
        let (pause, unreadable) = match &first {
            Err(FlowError::Unreachable { retry_after, .. }) => (retry_after.unwrap_or_else(short_pause), false),
            Err(FlowError::Protocol(_)) => (short_pause(), true),
            Ok(_) | Err(FlowError::Denied(_) | FlowError::InvalidGrant(_) | FlowError::Configuration(_)) => {
                (Duration::MAX, false)
            }
        };
        if pause > LONGEST_PAUSE {
            return Answer {
                tokens: first,
                twice_unreadable: false,
            };
        }
        tokio::time::sleep(pause).await;
        if self.is_lost(lease).await {
            return Answer {
                tokens: first,
                twice_unreadable: false,
            };
        }
        let second = self.request(resolved, record, refresh).await;
        Answer {
            twice_unreadable: unreadable && matches!(&second, Err(FlowError::Protocol(_))),
            tokens: second,
        }
    }

    /// Whether another process took the lease: this one was held up for longer than it lasts.
    async fn is_lost(&self, lease: &Lease) -> bool {
        let held = self.core.records.store().renew(&self.account, lease, LEASE).await;
        matches!(held, Ok(false))
    }

    async fn request(&self, resolved: &Resolved<'_>, record: &Record, refresh: &Secret) -> Result<Tokens, FlowError> {
        let (Some(oauth), Some(client)) = (resolved.oauth(), resolved.client) else {
            return Err(FlowError::Configuration("no client is set".to_owned()));
        };
        let ask = Ask {
            oauth,
            client,
            redirect: None,
            scopes: &record.scopes,
            kind: self.account.kind,
        };
        let asking = self.core.exchange.refresh(&ask, refresh, self.core.now());
        tokio::time::timeout(REQUEST, asking).await.unwrap_or_else(|_elapsed| {
            Err(FlowError::Unreachable {
                reason: "it did not answer in time".to_owned(),
                retry_after: None,
            })
        })
    }

    /// Saves what was gained before anyone uses it. Only newer tokens and a sign-out win over it.
    async fn save(&self, over: &Loaded, renewed: Record, lease: &Lease) -> Ended {
        let mut expected = over.version;
        let mut lease = Some(lease);
        let mut why = String::new();
        for attempt in 0..SAVES {
            let saved = self
                .core
                .records
                .save_tokens(&self.account, renewed.clone(), expected, lease)
                .await;
            match saved {
                Ok(_) => {
                    self.core.renewals.made();
                    tracing::debug!(provider = %self.account.provider, "a token was renewed");
                    return Ok(());
                }
                Err(error) if error.is_conflict() => match self.load().await {
                    Ok(now) if now.record.token_version != self.seen => return Ok(()),
                    Ok(now) => {
                        expected = now.version;
                        lease = None;
                    }
                    Err(NotRenewed::SignIn(why)) => {
                        self.give_back(&renewed).await;
                        return Err(NotRenewed::SignIn(why));
                    }
                    Err(error) => return Err(error),
                },
                Err(error) => {
                    why = error.to_string();
                    tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
                }
            }
        }
        tracing::error!(provider = %self.account.provider, "a renewed token could not be saved; it is held in memory: {why}");
        self.unsaved.put(&self.account, renewed);
        Err(NotRenewed::Store(why))
    }

    /// The user signed out while these were being gained.
    async fn give_back(&self, renewed: &Record) {
        let provider = &self.account.provider;
        match revoking::tell(&self.core, &self.account, renewed, async { Ok(()) }).await {
            Ok(Told::Done | Told::Owed { .. }) => {}
            Ok(Told::Never(why)) => {
                tracing::warn!(%provider, "tokens gained during a sign-out were not revoked: {why}");
            }
            Err(error) => tracing::warn!(%provider, %error, "tokens gained during a sign-out were not revoked"),
        }
    }

    /// Notes in the record why there is no new token.
    async fn note(&self, marked: &Loaded, failure: Failure, lease: &Lease) -> Ended {
        self.core.renewals.failed();
        let words = shown_on_one_line(&failure.error.to_string());
        let (record, ended) = match failure.reason() {
            Some(reason) => {
                let mut record = marked.record.needs_sign_in(reason, &words);
                record.refresh = None;
                (record, NotRenewed::SignIn(Why::State(reason)))
            }
            None => (marked.record.not_refreshed(&words), NotRenewed::Failed(failure.error)),
        };
        match self
            .core
            .records
            .save(&self.account, record, marked.version, Some(lease))
            .await
        {
            Ok(_) => {}
            Err(error) if error.is_conflict() => {
                if self.renewed_elsewhere(&self.load().await?)? {
                    return Ok(());
                }
            }
            Err(error) => {
                tracing::warn!(provider = %self.account.provider, %error, "a failed renewal could not be noted")
            }
        }
        Err(ended)
    }
}

/// Why a renewal gave no tokens.
struct Failure {
    error: FlowError,
    crashed: bool,
    twice_unreadable: bool,
}

impl Failure {
    /// Why a person has to sign in again; `None` where the account is as good as before.
    fn reason(&self) -> Option<NeedsSignIn> {
        match &self.error {
            FlowError::Denied(_) | FlowError::InvalidGrant(_) if self.crashed => Some(NeedsSignIn::LostInCrash),
            FlowError::Denied(_) | FlowError::InvalidGrant(_) => Some(NeedsSignIn::Refused),
            FlowError::Protocol(_) if self.twice_unreadable => Some(NeedsSignIn::Refused),
            FlowError::Protocol(_) | FlowError::Configuration(_) | FlowError::Unreachable { .. } => None,
        }
    }
}

pub(super) fn short_pause() -> Duration {
    Duration::from_millis(rand::random_range(200..500))
}

impl From<AuthError> for NotRenewed {
    fn from(error: AuthError) -> Self {
        Self::store(&error)
    }
}
