//! What follows when a provider refused a token: at most one renewal for each token, and one a minute.

use std::{sync::Arc, time::Duration};

use crate::{
    auth::{
        AccountId, AccountState, AuthError, Credential, NeedsSignIn,
        core::Core,
        record::{Forced, Record},
        refresh::{Cause, NotRenewed, Patience, Refresher},
        resolve::{Renewal, Resolved},
    },
    base::clock::UnixTime,
    package::AuthRequirement,
};

/// How long after a renewal that a refusal brought about no other such renewal is made.
const PAUSE: Duration = Duration::from_secs(60);

/// What to do about a refused token.
#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    /// The account has a newer one already.
    Newer,
    Renew,
    /// It was just tried without an answer: this many seconds.
    Wait(u64),
    /// No renewal mends it.
    SignIn,
}

fn remedy(record: &Record, refused: u64, renewal: Renewal, now: UnixTime) -> Remedy {
    if matches!(record.state, AccountState::NeedsSignIn(NeedsSignIn::Rejected)) {
        return Remedy::SignIn;
    }
    if record.token_version > refused {
        return Remedy::Newer;
    }
    let can_renew = match renewal {
        Renewal::RefreshToken => record.refresh.is_some() && !matches!(record.state, AccountState::NeedsSignIn(_)),
        Renewal::Client => true,
    };
    let lately = record.forced.filter(|forced| is_lately(forced, now));
    match lately {
        _ if !can_renew => Remedy::SignIn,
        // The token that this renewal brought is refused as well.
        Some(forced) if forced.version < refused => Remedy::SignIn,
        // It is being tried: who asks now waits for that, in whichever process it is.
        Some(_) if record.intent.is_some() => Remedy::Renew,
        Some(forced) => Remedy::Wait(PAUSE.saturating_sub(now.since(forced.at)).as_secs().max(1)),
        None => Remedy::Renew,
    }
}

pub(super) fn is_lately(forced: &Forced, now: UnixTime) -> bool {
    now.since(forced.at) < PAUSE && forced.at <= now
}

/// Whether a renewal that the refusal of this token brought about just ended without an answer.
pub(super) fn was_just_tried(record: &Record, refused: u64, now: UnixTime) -> bool {
    let tried = |forced: &Forced| forced.version == refused && is_lately(forced, now);
    record.intent.is_none() && record.forced.as_ref().is_some_and(tried)
}

pub(super) async fn instead_of(
    core: &Arc<Core>,
    refresher: &Refresher,
    refused: &Credential,
) -> Result<Option<Credential>, AuthError> {
    let mut need = AuthRequirement::new(&*refused.provider);
    need.handler = Some(refused.handler.to_string());
    need.token = refused.kind;
    need.owner = refused.owner.clone();
    let (resolved, _none_for_a_named_handler) = core.resolve(&refused.profile, &need)?;
    let account = &resolved.account;
    let Some(loaded) = core.records.load(account).await?.filter(|l| !l.record.signing_out) else {
        return Ok(None);
    };
    match remedy(&loaded.record, refused.version, resolved.renewal(), core.now()) {
        Remedy::Newer => Ok(given(&resolved, &loaded.record)),
        Remedy::Wait(seconds) => Err(AuthError::busy(&account.provider, seconds)),
        Remedy::SignIn => ended(core, account, refused.version).await,
        Remedy::Renew => match refresher
            .renew(&resolved, &[], refused.version, (Cause::Rejected, Patience::ToItsEnd))
            .await
        {
            Ok(()) => {
                let now = core.records.load(account).await?;
                Ok(now.and_then(|now| given(&resolved, &now.record)))
            }
            Err(NotRenewed::SignIn(_)) => ended(core, account, refused.version).await,
            Err(other) => Err(other.told(&account.provider)),
        },
    }
}

fn given(resolved: &Resolved<'_>, record: &Record) -> Option<Credential> {
    let usable = record.access.is_some() && record.origins == resolved.origins();
    usable.then(|| Credential::of(resolved, record))
}

/// A refused token that nothing mends is not given any more.
async fn ended(core: &Core, account: &AccountId, refused: u64) -> Result<Option<Credential>, AuthError> {
    let marked = core.change(account, |record| {
        let current = record.token_version == refused && !record.signing_out;
        let known = record.state == AccountState::NeedsSignIn(NeedsSignIn::Rejected);
        (current && !known).then(|| record.needs_sign_in(NeedsSignIn::Rejected, "the provider answered 401"))
    });
    marked.await?;
    tracing::info!(provider = %account.provider, "the provider rejected the token of an account");
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::record::tests::record;

    #[test]
    fn a_refused_token_is_renewed_once_and_at_most_once_a_minute() {
        let mut current = record(Some("r"), 0, None);
        current.token_version = 3;
        let now = UnixTime(1_000);
        assert_eq!(remedy(&current, 2, Renewal::RefreshToken, now), Remedy::Newer);
        assert_eq!(remedy(&current, 3, Renewal::RefreshToken, now), Remedy::Renew);

        current.forced = Some(Forced {
            at: UnixTime(990),
            version: 3,
        });
        assert_eq!(
            remedy(&current, 3, Renewal::RefreshToken, now),
            Remedy::Wait(50),
            "tried, and without an answer"
        );
        assert_eq!(
            remedy(&current, 3, Renewal::RefreshToken, UnixTime(1_050)),
            Remedy::Renew
        );

        current.forced = Some(Forced {
            at: UnixTime(990),
            version: 2,
        });
        assert_eq!(
            remedy(&current, 3, Renewal::RefreshToken, now),
            Remedy::SignIn,
            "the renewed one is refused too"
        );
        assert_eq!(
            remedy(&current, 3, Renewal::RefreshToken, UnixTime(1_050)),
            Remedy::Renew
        );
        assert_eq!(
            remedy(&current, 3, Renewal::RefreshToken, UnixTime(0)),
            Remedy::Renew,
            "a clock set back locks nothing"
        );
    }

    #[test]
    fn a_renewal_that_is_under_way_is_joined() {
        let now = UnixTime(1_000);
        let mut current = record(Some("r"), 0, None);
        current.token_version = 3;
        let under_way = current.refreshing(UnixTime(999), true);
        assert_eq!(remedy(&under_way, 3, Renewal::RefreshToken, now), Remedy::Renew);
        assert!(!was_just_tried(&under_way, 3, now));
        let without_answer = under_way.not_refreshed("down");
        assert_eq!(remedy(&without_answer, 3, Renewal::RefreshToken, now), Remedy::Wait(59));
        assert!(was_just_tried(&without_answer, 3, now));
        assert!(!was_just_tried(&without_answer, 3, UnixTime(1_059)));
    }

    #[test]
    fn a_refused_token_that_cannot_be_renewed_needs_a_sign_in() {
        let now = UnixTime(1_000);
        assert_eq!(
            remedy(&record(None, 0, None), 0, Renewal::RefreshToken, now),
            Remedy::SignIn
        );
        assert_eq!(
            remedy(&record(None, 0, None), 0, Renewal::Client, now),
            Remedy::Renew,
            "a client asks for another"
        );
        let refused = record(Some("r"), 0, None).needs_sign_in(NeedsSignIn::Refused, "why");
        assert_eq!(remedy(&refused, 0, Renewal::RefreshToken, now), Remedy::SignIn);
        let rejected = record(Some("r"), 0, None).needs_sign_in(NeedsSignIn::Rejected, "why");
        assert_eq!(remedy(&rejected, 0, Renewal::RefreshToken, now), Remedy::SignIn);
    }
}
