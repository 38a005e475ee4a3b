//! Tells providers of tokens that are no longer used: at the sign-out, else later, until a week is over.
//!
//! What is owed is in the store before the account is gone from it, so a kill loses neither. It is tried by whichever process has
//! the store open, in a task of its own that no call waits for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use tokio::sync::Notify;

use crate::{
    auth::{
        AccountId, AuthError, Client,
        core::Core,
        flow::FlowError,
        owed::{Owed, OwedRevocation, Step},
        owings::Kept,
        record::Record,
        resolve::Resolved,
    },
    base::{clock::UnixTime, text::shown_on_one_line},
};

/// How long the provider may take.
const REVOCATION: Duration = Duration::from_secs(15);
/// So many are told at once.
const AT_ONCE: usize = 8;
/// The task looks again after as long, whatever is due then: another process may have put something off, or the clock been set.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);

/// What came of telling a provider.
pub(super) enum Told {
    /// It was told, or there was nothing to tell.
    Done,
    /// It could not be told, and no later try would mend that: why.
    Never(String),
    /// It could not be told for now: why. It is tried again until then.
    Owed { why: String, until: UnixTime },
}

/// What a provider said to a revocation.
enum Answer {
    Done,
    Refused(String),
    NotNow(String, Option<Duration>),
}

/// The task that tells providers, of which a process has one at most.
#[derive(Default)]
pub(super) struct Revoking {
    state: Mutex<State>,
    wake: Arc<Notify>,
    /// Who comes second waits for the answers to the first.
    telling: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Runs,
    /// It runs, and has to look once more before it ends.
    RunsAndLooksAgain,
}

impl Revoking {
    /// Whether a task is to be begun; one that runs looks again.
    fn begins(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = *state == State::Idle;
        *state = if begins { State::Runs } else { State::RunsAndLooksAgain };
        drop(state);
        if !begins {
            self.wake.notify_one();
        }
        begins
    }

    /// Whether the task may end.
    fn ends(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = *state != State::RunsAndLooksAgain;
        *state = if ends { State::Idle } else { State::Runs };
        ends
    }
}

/// Sees to it that what is owed is tried, in a task that ends when nothing is.
pub(super) fn begin(core: &Arc<Core>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    if !core.revoking.begins() {
        return;
    }
    let (weak, wake) = (Arc::downgrade(core), Arc::clone(&core.revoking.wake));
    runtime.spawn(async move {
        while let Some(core) = weak.upgrade() {
            let next = tell_all_due(&core).await.unwrap_or_else(|error| {
                tracing::debug!(%error, "owed revocations could not be looked at");
                None
            });
            let Some(due) = next else {
                if core.revoking.ends() {
                    return;
                }
                continue;
            };
            let pause = due.since(core.now()).clamp(Duration::from_secs(1), LOOK_AGAIN);
            drop(core);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = wake.notified() => {}
            }
        }
    });
}

/// Tells the provider that an account's tokens are no longer used. What it could not be told is in the store when this ends, or when
/// it is cut off. `before_told` is done once that is so.
pub(super) async fn tell<F: Future<Output = Result<(), AuthError>>>(
    core: &Arc<Core>,
    account: &AccountId,
    record: &Record,
    before_told: F,
) -> Result<Told, AuthError> {
    let kept = match (
        is_revocable(core, account, record),
        Owed::of(account, record, core.now()),
    ) {
        (Ok(()), Some(owed)) => core.owings.add(owed).await?,
        (Ok(()), None) => {
            before_told.await?;
            return Ok(Told::Done);
        }
        (Err(why), _) => {
            before_told.await?;
            return Ok(Told::Never(why));
        }
    };
    before_told.await?;
    let told = match ask(core, &kept.owed).await {
        Answer::Done => {
            core.owings.settle(&kept).await?;
            Told::Done
        }
        // Whoever signs out is told it at once, so nothing is kept of it.
        Answer::Refused(why) => {
            core.owings.settle(&kept).await?;
            Told::Never(why)
        }
        Answer::NotNow(why, retry_after) => {
            let why = shown_on_one_line(&why);
            let until = kept.owed.until();
            let later = kept.owed.put_off(&why, retry_after, core.now());
            // Should another have tried it meanwhile, it is his to put off.
            core.owings.replace(&kept, later).await?;
            begin(core);
            Told::Owed { why, until }
        }
    };
    Ok(told)
}

/// Why an account's tokens cannot be revoked with what the settings say now, where they cannot.
fn is_revocable(core: &Core, account: &AccountId, record: &Record) -> Result<(), String> {
    let resolved = core.of_account(account).map_err(|error| error.to_string())?;
    let resolved = resolved.with(record.told.as_ref());
    let Some(oauth) = resolved.oauth() else {
        return Err("a typed token is revoked on the provider's own pages".to_owned());
    };
    if oauth.revoke.is_none() {
        return Err("the provider has no way to be told".to_owned());
    }
    if resolved.origins() != record.origins {
        return Err("the provider's endpoints or hosts are not those the account was made with".to_owned());
    }
    Ok(())
}

/// Tells providers what is due. Gives when something is due next that this process can tell.
pub(super) async fn tell_all_due(core: &Arc<Core>) -> Result<Option<UnixTime>, AuthError> {
    let _one_at_a_time = core.revoking.telling.lock().await;
    let mut next = None;
    let all = core.owings.all().await?.into_iter();
    let mut told = stream::iter(all.map(|kept| one(core, kept))).buffer_unordered(AT_ONCE);
    let mut failed = None;
    while let Some(one) = told.next().await {
        match one {
            Ok(due) => next = [next, due].into_iter().flatten().min(),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(next), Err)
}

/// Gives when it is due next, where this process can tell it.
async fn one(core: &Arc<Core>, kept: Kept) -> Result<Option<UnixTime>, AuthError> {
    let now = core.now();
    match kept.owed.step(now) {
        Step::Forget => {
            core.owings.settle(&kept).await?;
            return Ok(None);
        }
        Step::GiveUp => {
            give_up(core, &kept, None).await?;
            return Ok(None);
        }
        Step::Wait => return Ok(kept.owed.due().filter(|_due| is_ours(core, &kept.owed))),
        Step::Try => {}
    }
    if !is_ours(core, &kept.owed) {
        return Ok(None);
    }
    let Some(kept) = core.owings.replace(&kept, kept.owed.trying(now)).await? else {
        // Another tries it just now.
        return Ok(kept.owed.trying(now).due());
    };
    match ask(core, &kept.owed).await {
        Answer::Done => {
            tracing::info!(provider = %kept.owed.account().provider, "a token that was signed out is revoked now");
            core.owings.settle(&kept).await?;
            Ok(None)
        }
        Answer::Refused(why) => {
            give_up(core, &kept, Some(&shown_on_one_line(&why))).await?;
            Ok(None)
        }
        Answer::NotNow(why, retry_after) => {
            let later = kept.owed.put_off(&shown_on_one_line(&why), retry_after, core.now());
            let due = later.due();
            core.owings.replace(&kept, later).await?;
            Ok(due)
        }
    }
}

async fn give_up(core: &Core, kept: &Kept, why: Option<&str>) -> Result<(), AuthError> {
    let given_up = kept.owed.given_up(why, core.now());
    let provider = kept.owed.account().provider;
    tracing::warn!(%provider, "a provider could not be told of a sign-out, which is given up: revoke the token on its own pages");
    core.owings.replace(kept, given_up).await?;
    Ok(())
}

/// Whether this process can tell it: it knows the very endpoints and the client. Another project's settings may lack either, and
/// neither may a token go elsewhere nor a refusal for want of a client count.
fn is_ours(core: &Core, owed: &Owed) -> bool {
    let account = owed.account();
    let Ok(resolved) = core.of_account(&account) else {
        return false;
    };
    let resolved = resolved.with(owed.told.as_ref());
    let has_client = account.client_id.is_empty() || resolved.client.is_some();
    has_client && resolved.oauth().is_some() && resolved.origins() == owed.origins
}

async fn ask(core: &Core, owed: &Owed) -> Answer {
    let account = owed.account();
    match core.of_account(&account) {
        Ok(resolved) => revoke(core, &resolved.with(owed.told.as_ref()), owed).await,
        Err(error) => Answer::Refused(error.to_string()),
    }
}

async fn revoke(core: &Core, resolved: &Resolved<'_>, owed: &Owed) -> Answer {
    let (Some(oauth), Some(access)) = (resolved.oauth(), &owed.access) else {
        return Answer::Done;
    };
    let without_secret = Client::new(resolved.account.client_id.as_str(), None);
    let client = resolved.client.unwrap_or(&without_secret);
    let revoking = core.exchange.revoke(oauth, client, access, owed.refresh.as_ref());
    match tokio::time::timeout(REVOCATION, revoking).await {
        Ok(Ok(true)) => Answer::Done,
        Ok(Ok(false)) => Answer::Refused("the provider has no way to be told".to_owned()),
        Ok(Err(FlowError::Unreachable { reason, retry_after })) => Answer::NotNow(reason, retry_after),
        Ok(Err(error)) => Answer::Refused(error.to_string()),
        Err(_elapsed) => Answer::NotNow("the provider did not answer in time".to_owned(), None),
    }
}

/// What is owed, as it is shown.
pub(super) async fn shown(core: &Core, meant: impl Fn(&AccountId) -> bool) -> Result<Vec<OwedRevocation>, AuthError> {
    let all = core.owings.all().await?;
    let mut shown: Vec<_> = all
        .iter()
        .filter(|kept| meant(&kept.owed.account()))
        .map(|kept| kept.owed.status())
        .collect();
    shown.sort_by(|a, b| (&a.provider, &a.profile, a.signed_out_at).cmp(&(&b.provider, &b.profile, b.signed_out_at)));
    Ok(shown)
}
