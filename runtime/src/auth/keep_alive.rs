//! Renews accounts that nobody uses, before the provider ends them for that.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};

use crate::{
    auth::{
        AccountId, AccountState, AuthError, Lease,
        core::Core,
        record::Record,
        refresh::{Cause, Patience, Refresher},
        resolve,
    },
    base::{clock::UnixTime, digest::Digest, name::Profile, text::shown_on_one_line},
    package::{AccountOwner, TokenKind},
    provider,
};

const DAY: u64 = 24 * 60 * 60;
/// How often it is looked for accounts to renew; half of a provider's shortest time is half a day.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// The longest time to the first look, so that processes that start together do not look together.
const FIRST: Duration = Duration::from_secs(60);
/// How long the lease on the whole work lasts, and how often it is held longer.
const LEASE: Duration = Duration::from_secs(60);
const RENEW: Duration = Duration::from_secs(15);
/// How many accounts are renewed at once, of all providers.
const AT_ONCE: usize = 8;

/// An account that was renewed because nobody had used it for long.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct KeptAlive {
    /// Whose: the profile's name.
    pub profile: String,
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// The tool whose own it is; nothing for one that all tools share.
    pub tool: Option<String>,
    /// Why it was not renewed, in words, where it was not.
    pub error: Option<String>,
}

/// Renews accounts that nobody uses.
pub(super) struct Keeper {
    core: Arc<Core>,
    refresher: Arc<Refresher>,
}

impl Keeper {
    pub(super) fn new(core: Arc<Core>, refresher: Arc<Refresher>) -> Self {
        Self { core, refresher }
    }

    /// Looks every hour, while no other process of the store does.
    pub(super) async fn keep(&self) -> Infallible {
        tokio::time::sleep(FIRST.mul_f64(rand::random_range(0.0..=1.0))).await;
        loop {
            match self.round_as_leader().await {
                Ok(kept) if kept.is_empty() => {}
                Ok(kept) => {
                    let failed = kept.iter().filter(|kept| kept.error.is_some()).count();
                    tracing::info!(accounts = kept.len(), failed, "accounts that nobody uses were renewed");
                }
                Err(error) => tracing::warn!(%error, "it could not be looked for accounts that nobody uses"),
            }
            tokio::time::sleep(EVERY.mul_f64(rand::random_range(0.9..=1.1))).await;
        }
    }

    /// One process of a store does it: the others would only find nothing left to do.
    async fn round_as_leader(&self) -> Result<Vec<KeptAlive>, AuthError> {
        let store = self.core.records.store();
        let Some(lease) = store.lease(&leader(), LEASE).await? else {
            return Ok(Vec::new());
        };
        let kept = tokio::select! {
            kept = self.round() => kept,
            never = self.hold(&lease) => match never {},
        };
        if let Err(error) = store.release(&leader(), &lease).await {
            tracing::debug!(%error, "a lease was not given back; it ends by itself");
        }
        kept
    }

    async fn hold(&self, lease: &Lease) -> Infallible {
        loop {
            tokio::time::sleep(RENEW).await;
            // One that was lost costs nothing: two who look renew each account once.
            if let Err(error) = self.core.records.store().renew(&leader(), lease, LEASE).await {
                tracing::debug!(%error, "a lease could not be renewed");
            }
        }
    }

    /// Renews, once, what nobody used for half of the time that its provider allows.
    pub(super) async fn round(&self) -> Result<Vec<KeptAlive>, AuthError> {
        let all = self.core.records.store().list().await?;
        let due = all.iter().filter_map(|(account, stored)| {
            let loaded = self.core.records.open(account, stored).ok()?;
            let is_due = self.is_due(account, &loaded.record)?;
            is_due.then(|| (account.clone(), loaded.record.token_version))
        });
        let due: Vec<(AccountId, u64)> = due.collect();
        let kept = stream::iter(due).map(|(account, seen)| self.renewed(account, seen));
        Ok(kept.buffer_unordered(AT_ONCE).collect().await)
    }

    async fn renewed(&self, account: AccountId, seen: u64) -> KeptAlive {
        let ended = match self.core.of_account(&account) {
            Ok(resolved) => {
                let why = (Cause::Time, Patience::ToItsEnd);
                let ended = self.refresher.renew(&resolved, &[], seen, why).await;
                ended.map_err(|error| error.told(&account.provider))
            }
            Err(error) => Err(error.into()),
        };
        KeptAlive {
            tool: account.owner.tool().map(ToString::to_string),
            profile: account.profile.as_str().to_owned(),
            provider: account.provider,
            handler: account.handler,
            error: ended.err().map(|error| shown_on_one_line(&error.to_string())),
        }
    }

    /// Whether the refresh token of an account would end unused, where it can be renewed by these settings.
    fn is_due(&self, account: &AccountId, record: &Record) -> Option<bool> {
        let resolved = self.core.of_account(account).ok()?.with(record.told.as_ref());
        let refresh = &resolved.oauth()?.refresh;
        let is_by_token =
            refresh.means == provider::Renewal::RefreshToken && resolved.renewal() == resolve::Renewal::RefreshToken;
        let can_renew = match record.state {
            AccountState::Ready | AccountState::Refreshing => record.refresh.is_some() && !record.signing_out,
            AccountState::NeedsSignIn(_) => false,
        };
        let is_ours = resolved.client.is_some() && record.origins == resolved.origins();
        let is_due = is_due(account, record, refresh.idle_days?, self.core.now());
        Some(is_by_token && can_renew && is_ours && is_due)
    }
}

/// Whether half of the time is over for which a refresh token may lie unused. Each account has up to a tenth of that time less, so
/// that those made on one day are not renewed in one hour.
fn is_due(account: &AccountId, record: &Record, idle_days: u16, now: UnixTime) -> bool {
    let idle = Duration::from_secs(u64::from(idle_days) * DAY);
    let last = record
        .refreshed_at
        .unwrap_or(record.received_at)
        .max(record.received_at);
    now.since(last)
        .saturating_add((idle / 10).mul_f64(share(account, record)))
        >= idle / 2
}

/// From 0 to 1, another for each account and each of its tokens.
fn share(account: &AccountId, record: &Record) -> f64 {
    let digest = Digest::of_parts([
        account.profile.as_str().as_bytes(),
        account.provider.as_bytes(),
        account.handler.as_bytes(),
        &record.token_version.to_le_bytes(),
    ]);
    let first = digest.hex().get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    f64::from(first.unwrap_or_default()) / f64::from(u16::MAX)
}

/// What the lease on the whole work is on: no account, since no provider has an empty name.
fn leader() -> AccountId {
    AccountId {
        profile: Profile::new(""),
        provider: String::new(),
        handler: "keep alive".to_owned(),
        kind: TokenKind::Bot,
        client_id: String::new(),
        owner: AccountOwner::SHARED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::record::tests::record;

    fn account(profile: &str) -> AccountId {
        AccountId {
            profile: Profile::new(profile),
            ..leader()
        }
    }

    #[test]
    fn an_account_is_due_at_about_half_of_the_time_that_it_may_lie_unused() {
        let at = |day: f64| UnixTime(0).after(Duration::from_secs(DAY).mul_f64(day));
        let mut dues = Vec::new();
        for number in 0..200 {
            let account = account(&format!("user-{number}"));
            let unused = record(Some("r"), 0, None);
            let first = (0..=160).map(|tenth| f64::from(tenth) / 10.0);
            let due = first.into_iter().find(|&day| is_due(&account, &unused, 30, at(day)));
            dues.push(due.unwrap_or(f64::MAX));
        }
        let (least, most) = (
            dues.iter().copied().fold(f64::MAX, f64::min),
            dues.iter().copied().fold(0.0, f64::max),
        );
        assert!(
            (12.0..13.0).contains(&least) && (14.0..=15.0).contains(&most),
            "{least} {most}"
        );
    }

    #[test]
    fn what_was_used_lately_is_not_due_and_a_clock_set_back_makes_nothing_due() {
        let mut used = record(Some("r"), 0, None);
        let day = |day: i64| UnixTime(day * 86_400);
        used.refreshed_at = Some(day(14));
        assert!(!is_due(&account("a"), &used, 30, day(20)));
        assert!(is_due(&account("a"), &used, 30, day(29)));
        assert!(!is_due(&account("a"), &used, 30, day(-100)));
        assert!(is_due(&account("a"), &used, 1, day(15)));
    }
}
