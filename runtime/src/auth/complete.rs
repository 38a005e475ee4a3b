//! What a sign-in brought becomes an account.

use std::{sync::Arc, time::Duration};

use crate::{
    auth::{
        AccountId, AuthError, StoreError,
        board::{Board, Local},
        core::Core,
        flow::{FlowError, Tokens, code::Ask},
        pending::{Agree, Authorize, Fault, FlowId, Outcome, Pending, Step},
        record::{Gained, Record},
    },
    base::{secret::Secret, text::shown_on_one_line},
};

/// How long an exchange may take: a request for tokens, one for others that live longer, a look-up. The transport ends each of
/// them after 15 s.
const REQUEST: Duration = Duration::from_secs(46);
/// The least time that a user has to say whether the account may become another's.
const TO_AGREE: Duration = Duration::from_secs(120);

/// The pauses before what was gained is tried to be kept again: each is twice the one before, some 25 s together.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(13);

/// Completes sign-ins that were taken from the store.
pub(super) struct Completion {
    core: Arc<Core>,
    board: Arc<Board>,
}

/// What came of a code.
#[derive(Debug)]
pub(super) enum Completed {
    Ended(Outcome),
    /// The account is another's: its user is asked, on this page where it has one.
    Asks(Box<Pending>),
}

impl Completion {
    pub(super) fn new(core: Arc<Core>, board: Arc<Board>) -> Self {
        Self { core, board }
    }

    /// With what came back from the provider's page.
    pub(super) async fn by_code(&self, pending: &Pending, code: Result<Secret, FlowError>) -> Completed {
        let account = pending.account();
        let gained = match code {
            Ok(code) => self.exchange(pending, &code).await,
            Err(error) => Err(outcome_of(error)),
        };
        let record = match gained {
            Ok(record) => record,
            Err(outcome) => return self.ended(pending, outcome).await,
        };
        match self.others_identity(&account, &record).await {
            Ok(None) => self.save(pending, &account, record).await,
            Ok(Some(old)) => self.asks(pending, old, &record).await,
            Err(error) => self.ended(pending, failed(Fault::Store, &error.to_string())).await,
        }
    }

    /// With what a user who entered a code let the provider give. Whether the account may become another's, who waits for it
    /// has to ask him: there is no page of ours.
    pub(super) async fn by_device(&self, pending: &Pending, tokens: Tokens) -> Completed {
        let (account, record) = (pending.account(), self.record(pending, tokens));
        match self.others_identity(&account, &record).await {
            Ok(None) => self.save(pending, &account, record).await,
            Ok(Some(old)) => self.asks(pending, old, &record).await,
            Err(error) => self.ended(pending, failed(Fault::Store, &error.to_string())).await,
        }
    }

    /// With what the user typed.
    pub(super) async fn by_typing(&self, pending: &Pending, tokens: Tokens) -> Completed {
        let record = self.record(pending, tokens);
        self.save(pending, &pending.account(), record).await
    }

    /// With the user's word about an account that is another's.
    pub(super) async fn by_word(&self, asking: &Pending, agree: &Agree, word: Word) -> Completed {
        let outcome = match word {
            Word::Keep => failed(Fault::OtherIdentity, "the account was kept as it was"),
            Word::Replace => match Record::from_bytes(agree.record.expose().as_bytes()) {
                Ok(record) => self.saved(asking, &asking.account(), record).await,
                Err(reason) => failed(Fault::Store, &reason),
            },
        };
        self.ended(asking, outcome).await
    }

    async fn exchange(&self, pending: &Pending, code: &Secret) -> Result<Record, Outcome> {
        let Step::Authorize(Authorize { redirect, verifier, .. }) = &pending.step else {
            return Err(failed(Fault::Protocol, "this sign-in awaits no code"));
        };
        let resolved = self.core.of_account(&pending.account());
        let resolved = resolved.map_err(|error| failed(Fault::Configuration, &error.to_string()))?;
        let resolved = resolved.with(pending.told.as_ref());
        let Some(oauth) = resolved.oauth().filter(|_oauth| resolved.origins() == pending.origins) else {
            return Err(failed(Fault::Configuration, "the provider's endpoints are others now"));
        };
        let ask = Ask {
            oauth,
            client: &pending.client(),
            redirect: Some(redirect),
            scopes: &pending.scopes,
            kind: pending.account().kind,
        };
        let asking = self
            .core
            .exchange
            .exchange(&ask, code, verifier.as_ref(), self.core.now());
        match tokio::time::timeout(REQUEST, asking).await {
            Ok(Ok(tokens)) => Ok(self.record(pending, tokens)),
            Ok(Err(error)) => Err(outcome_of(error)),
            Err(_elapsed) => Err(failed(Fault::Unreachable, "the provider did not answer in time")),
        }
    }

    fn record(&self, pending: &Pending, tokens: Tokens) -> Record {
        Record::of_sign_in(Gained {
            tokens,
            asked: pending.scopes.clone(),
            origins: pending.origins.clone(),
            told: pending.told.clone(),
            now: self.core.now(),
        })
    }

    /// Whose the account is, where it is known to be somebody else's than the one who signed in.
    async fn others_identity(&self, account: &AccountId, record: &Record) -> Result<Option<String>, AuthError> {
        let before = self.core.records.load(account).await?;
        let before = before.filter(|before| !before.record.signing_out);
        let old = before.and_then(|before| before.record.identity.clone());
        Ok(old.filter(|old| record.identity.as_ref() != Some(old)))
    }

    async fn asks(&self, pending: &Pending, old: String, record: &Record) -> Completed {
        let bytes = record.to_bytes();
        let Some(text) = bytes.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
            return self
                .ended(pending, failed(Fault::Store, "the account cannot be written"))
                .await;
        };
        let mut asking = pending.agreeing(Agree {
            of: pending.id,
            old,
            new: record.identity.clone(),
            record: Secret::new(text),
        });
        asking.expires_at = asking.expires_at.max(self.core.now().after(TO_AGREE));
        if let Err(error) = self.core.flows.insert(&asking).await {
            return self.ended(pending, failed(Fault::Store, &error.to_string())).await;
        }
        let port = url::Url::parse(&asking.origin).ok().and_then(|url| url.port());
        let local = Local {
            account: asking.account(),
            port: port.unwrap_or_default(),
            expires_at: asking.expires_at,
        };
        self.board.add(asking.id, local);
        self.finish(pending.id, &Outcome::Continued { by: asking.id }).await;
        Completed::Asks(Box::new(asking))
    }

    async fn save(&self, pending: &Pending, account: &AccountId, record: Record) -> Completed {
        let outcome = self.saved(pending, account, record).await;
        self.ended(pending, outcome).await
    }

    /// What was gained is kept before anyone is told.
    async fn saved(&self, pending: &Pending, account: &AccountId, record: Record) -> Outcome {
        let resolved = self.core.of_account(account).ok();
        let implied = resolved.as_ref().and_then(|resolved| resolved.implied_scopes());
        // Nobody says which scopes a typed token has.
        let missing = implied.map(|implied| implied.missing(&record.scopes, &pending.scopes));
        let done = Outcome::Done {
            profile: account.profile.as_str().to_owned(),
            title: self.title(&account.provider),
            identity: record.identity.clone(),
            missing: missing.unwrap_or_default(),
        };
        match self.kept(account, &record).await {
            Ok(()) => done,
            Err(error) => failed(Fault::Store, &error.to_string()),
        }
    }

    /// Keeps what was gained, over a store that fails for a while: a full disk, a server that restarts. The provider gives it only once.
    async fn kept(&self, account: &AccountId, record: &Record) -> Result<(), AuthError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.core.save_sign_in(account, record.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if pause > LAST_PAUSE => return Err(error),
                Err(error) => {
                    tracing::warn!(provider = %account.provider, %error, "a sign-in could not be kept; it is tried again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
    }

    fn title(&self, provider: &str) -> String {
        let found = self.core.providers.find(provider);
        found.map_or_else(|_unknown| provider.to_owned(), |provider| provider.title.clone())
    }

    async fn ended(&self, pending: &Pending, outcome: Outcome) -> Completed {
        self.finish(pending.id, &outcome).await;
        Completed::Ended(outcome)
    }

    /// Ends one that is still pending.
    pub(super) async fn call_off(&self, id: FlowId, outcome: &Outcome) -> Result<(), AuthError> {
        if self.core.flows.take(id).await?.is_some() {
            self.finish(id, outcome).await;
        }
        self.board.end(id);
        Ok(())
    }

    /// Tells who waits.
    pub(super) async fn finish(&self, id: FlowId, outcome: &Outcome) {
        match self.core.flows.finish(id, outcome).await {
            Ok(()) | Err(AuthError::Store(StoreError::Conflict)) => self.board.end(id),
            Err(error) => {
                tracing::error!(%error, "how a sign-in ended could not be kept");
                self.board.end_untold(id, outcome);
            }
        }
    }
}

/// What the user says about an account that is another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Keep,
    Replace,
}

pub(super) fn failed(fault: Fault, reason: &str) -> Outcome {
    Outcome::Failed {
        fault,
        reason: shown_on_one_line(reason),
    }
}

fn outcome_of(error: FlowError) -> Outcome {
    match error {
        FlowError::Denied(_) => Outcome::Denied,
        FlowError::InvalidGrant(reason) => failed(Fault::Refused, &reason),
        FlowError::Configuration(reason) => failed(Fault::Configuration, &reason),
        FlowError::Unreachable { reason, retry_after: _ } => failed(Fault::Unreachable, &reason),
        FlowError::Protocol(reason) => failed(Fault::Protocol, &reason),
    }
}
