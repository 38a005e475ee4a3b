//! Asks providers whether users have entered their codes: one question at a time for a code, in all processes of a store.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

use crate::{
    auth::{
        AuthError,
        complete::{Completion, failed},
        core::Core,
        flow::{
            FlowError, Tokens,
            code::Ask,
            device::{DeviceCode, Polled},
        },
        flows::{Sealed, Standing},
        pending::{Device, Fault, FlowId, Outcome, Pending, Step},
        resolve::Resolved,
    },
    base::text::shown_on_one_line,
};

/// How long one question may take; the transport's own limit is a second less.
const REQUEST: Duration = Duration::from_secs(16);
/// How often it is looked whether it is time for a question.
const TICK: Duration = Duration::from_millis(250);
/// How often a sign-in that changes under a question is read anew.
const TRIES: usize = 4;

/// Has codes given, and asks about them.
pub(super) struct Devices {
    questions: Questions,
    /// One for each code that this process had given.
    watches: Mutex<JoinSet<()>>,
}

/// Asks providers whether users have entered their codes.
#[derive(Clone)]
struct Questions {
    core: Arc<Core>,
    completion: Arc<Completion>,
}

impl Devices {
    pub(super) fn new(core: Arc<Core>, completion: Arc<Completion>) -> Self {
        Self {
            questions: Questions { core, completion },
            watches: Mutex::default(),
        }
    }

    /// Has a code given.
    pub(super) async fn begin(&self, resolved: &Resolved<'_>, scopes: &[String]) -> Result<DeviceCode, AuthError> {
        let provider = &resolved.provider.name;
        let (Some(oauth), Some(client)) = (resolved.oauth(), resolved.client) else {
            return Err(AuthError::NoDeviceFlow {
                provider: provider.clone(),
            });
        };
        if oauth.device.is_none() {
            return Err(AuthError::NoDeviceFlow {
                provider: provider.clone(),
            });
        }
        let ask = Ask {
            oauth,
            client,
            redirect: None,
            scopes,
            kind: resolved.account.kind,
        };
        let given = tokio::time::timeout(REQUEST, self.questions.core.exchange.begin_device(&ask)).await;
        let given = given.unwrap_or_else(|_elapsed| {
            Err(FlowError::Unreachable {
                reason: "it did not answer in time".to_owned(),
                retry_after: None,
            })
        });
        given.map_err(|error| AuthError::of_flow(provider, error))
    }

    /// Asks about one for as long as it is pending and this process lives, also when nobody waits for it.
    pub(super) fn watch(&self, id: FlowId) {
        let questions = self.questions.clone();
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        while watches.try_join_next().is_some() {}
        watches.spawn(async move {
            while let Ok(Standing::Pending(pending, sealed)) = questions.core.flows.standing(id).await {
                if pending.is_over(questions.core.now()) {
                    return;
                }
                if let Err(error) = questions.ask_if_due(&pending, sealed).await {
                    tracing::warn!(%error, "it could not be asked whether a user entered his code");
                }
                tokio::time::sleep(TICK).await;
            }
        });
    }

    /// Asks about one that may have been begun elsewhere, where it is time and nobody else does.
    pub(super) async fn ask_if_due(&self, pending: &Pending, sealed: Sealed) -> Result<(), AuthError> {
        self.questions.ask_if_due(pending, sealed).await
    }
}

impl Questions {
    async fn ask_if_due(&self, pending: &Pending, sealed: Sealed) -> Result<(), AuthError> {
        let Step::Device(device) = &pending.step else {
            return Ok(());
        };
        let now = self.core.now();
        if !device.is_due(now) || pending.is_over(now) {
            return Ok(());
        }
        let mut claimed = pending.clone();
        let mut device = device.clone();
        device.being_asked(now);
        claimed.step = Step::Device(device);
        if !self.core.flows.replace(&sealed, &claimed).await? {
            return Ok(());
        }
        // Whoever waits may go away; what the provider gives is kept all the same.
        let questions = self.clone();
        let asking = tokio::spawn(async move { questions.ask(&claimed).await });
        asking.await.unwrap_or_else(|_cut_off| {
            Err(AuthError::CutOff {
                provider: pending.account().provider,
            })
        })
    }

    async fn ask(&self, pending: &Pending) -> Result<(), AuthError> {
        let Step::Device(device) = &pending.step else {
            return Ok(());
        };
        let account = pending.account();
        let resolved = self.core.of_account(&account)?.with(pending.told.as_ref());
        let Some(oauth) = resolved.oauth().filter(|_oauth| resolved.origins() == pending.origins) else {
            let outcome = failed(Fault::Configuration, "the provider's endpoints are others now");
            return self.completion.call_off(pending.id, &outcome).await;
        };
        let ask = Ask {
            oauth,
            client: &pending.client(),
            redirect: None,
            scopes: &pending.scopes,
            kind: account.kind,
        };
        let asking = self.core.exchange.poll_device(&ask, &device.code, self.core.now());
        let polled = tokio::time::timeout(REQUEST, asking).await.unwrap_or_else(|_elapsed| {
            Err(FlowError::Unreachable {
                reason: "it did not answer in time".to_owned(),
                retry_after: None,
            })
        });
        let now = self.core.now();
        match polled {
            Ok(Polled::Tokens(tokens)) => self.complete(pending, tokens).await,
            Ok(Polled::Pending) => self.note(pending.id, |device| device.answered(now)).await,
            Ok(Polled::SlowDown) => self.note(pending.id, |device| device.slowed_down(now)).await,
            Ok(Polled::Expired) => self.completion.call_off(pending.id, &Outcome::Expired).await,
            // Says nothing of the code: a proxy's page, a network that is lost (RFC 8628 section 3.5).
            Err(FlowError::Unreachable { reason, retry_after }) => {
                tracing::debug!(provider = %account.provider, reason, "a question about a code had no answer");
                self.note(pending.id, |device| device.failed(now, retry_after)).await
            }
            Err(FlowError::Protocol(reason)) => {
                tracing::debug!(provider = %account.provider, reason, "an answer about a code could not be read");
                self.note(pending.id, |device| device.failed(now, None)).await
            }
            Err(FlowError::Denied(_)) => self.completion.call_off(pending.id, &Outcome::Denied).await,
            Err(FlowError::InvalidGrant(reason)) => self.fail(pending.id, Fault::Refused, &reason).await,
            Err(FlowError::Configuration(reason)) => self.fail(pending.id, Fault::Configuration, &reason).await,
        }
    }

    async fn fail(&self, id: FlowId, fault: Fault, reason: &str) -> Result<(), AuthError> {
        let outcome = failed(fault, &shown_on_one_line(reason));
        self.completion.call_off(id, &outcome).await
    }

    async fn complete(&self, pending: &Pending, tokens: Tokens) -> Result<(), AuthError> {
        let Some(taken) = self.core.flows.take(pending.id).await? else {
            // It was called off meanwhile, by a sign-out or a wider one.
            return Ok(());
        };
        self.completion.by_device(&taken, tokens).await;
        Ok(())
    }

    /// Keeps when the next question is due.
    async fn note(&self, id: FlowId, note: impl Fn(&mut Device) + Send + Sync) -> Result<(), AuthError> {
        for _try in 0..TRIES {
            let Standing::Pending(mut pending, sealed) = self.core.flows.standing(id).await? else {
                return Ok(());
            };
            let Step::Device(device) = &mut pending.step else {
                return Ok(());
            };
            note(device);
            if self.core.flows.replace(&sealed, &pending).await? {
                return Ok(());
            }
        }
        Ok(())
    }
}
