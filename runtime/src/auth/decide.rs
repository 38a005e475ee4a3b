//! What is to be done with an account before a call: decided from its record and the time alone.

use std::time::Duration;

use crate::{
    auth::{AccountState, NeedsSignIn, record::Record, rejected, resolve::Renewal},
    base::{clock::UnixTime, text::shown_on_one_line},
    provider::ImpliedScopes,
};

/// How long a token must live beyond the call it is given to.
pub(super) const MARGIN: Duration = Duration::from_secs(60);

/// What a call wants of an account.
pub(super) struct Want<'a> {
    /// The scopes; `None` where the handler's tokens are what they are.
    pub(super) scopes: Option<&'a [String]>,
    /// Which of them come with others, where the provider's file says so.
    pub(super) implied: Option<&'a ImpliedScopes>,
    /// The origins of the provider's endpoints, as its file now says; `None` where they were compared before.
    pub(super) origins: Option<&'a [String]>,
    /// How long the call may take.
    pub(super) for_at_least: Duration,
    /// How a token that ends is followed by another.
    pub(super) renewal: Renewal,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Its token can be given.
    Ready,
    /// Its token has to be renewed first; where that fails for now, this one can still be given or not.
    Refresh(Meanwhile),
    /// A person has to sign in.
    SignIn(Why),
}

/// Whether a token that ought to be renewed still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meanwhile {
    Holds,
    Ended,
}

/// Why a person has to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    NoAccount,
    /// It was made with other endpoints than the provider's file says now.
    Endpoints,
    /// These scopes are not granted.
    Scopes(Vec<String>),
    State(NeedsSignIn),
}

impl Why {
    /// In words.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::NoAccount => "there is no account yet".to_owned(),
            Self::Endpoints => "the provider's endpoints or hosts are not those the account was made with".to_owned(),
            Self::Scopes(missing) => {
                let missing: Vec<String> = missing.iter().map(|s| format!("`{}`", shown_on_one_line(s))).collect();
                format!("the account does not have the scope {}", missing.join(", "))
            }
            Self::State(reason) => match reason {
                NeedsSignIn::Expired => "the token has ended and there is nothing to renew it with",
                NeedsSignIn::Refused => "the provider refused to renew the token",
                NeedsSignIn::Rejected => "the provider rejected the token",
                NeedsSignIn::LostInCrash => "a crash lost the provider's answer while the token was being renewed",
                NeedsSignIn::Scope => "a scope is missing",
            }
            .to_owned(),
        }
    }
}

/// Decides.
pub(super) fn decide(record: Option<&Record>, want: &Want<'_>, now: UnixTime) -> Decision {
    match (decided(record, want, now), want.renewal) {
        // No person is needed for another token, unless it would be the same one again.
        (Decision::SignIn(why), Renewal::Client) if !is_all_there_is(&why, record, now) => {
            Decision::Refresh(Meanwhile::Ended)
        }
        (decision, Renewal::Client | Renewal::RefreshToken) => decision,
    }
}

/// Whether the client would get nothing else by asking again: a scope that was asked for and not granted, or a token like the
/// one that was just refused.
fn is_all_there_is(why: &Why, record: Option<&Record>, now: UnixTime) -> bool {
    let Some(record) = record else { return false };
    match why {
        Why::Scopes(missing) => {
            let holds = record.expires_at.is_none_or(|at| at > now);
            holds && missing.iter().all(|scope| record.asked.contains(scope))
        }
        Why::State(NeedsSignIn::Rejected) => record
            .forced
            .as_ref()
            .is_some_and(|forced| rejected::is_lately(forced, now)),
        Why::State(_) | Why::NoAccount | Why::Endpoints => false,
    }
}

fn decided(record: Option<&Record>, want: &Want<'_>, now: UnixTime) -> Decision {
    let Some(record) = record.filter(|record| !record.signing_out) else {
        return Decision::SignIn(Why::NoAccount);
    };
    if want.origins.is_some_and(|origins| record.origins != origins) {
        return Decision::SignIn(Why::Endpoints);
    }
    let needs_sign_in = match record.state {
        AccountState::NeedsSignIn(reason) => Some(reason),
        AccountState::Ready | AccountState::Refreshing => None,
    };
    if record.access.is_none() || needs_sign_in == Some(NeedsSignIn::Rejected) {
        return Decision::SignIn(Why::State(needs_sign_in.unwrap_or(NeedsSignIn::Expired)));
    }
    let missing = missing(record, want);
    if !missing.is_empty() {
        return Decision::SignIn(Why::Scopes(missing));
    }
    let can_renew = match want.renewal {
        Renewal::RefreshToken => needs_sign_in.is_none() && record.refresh.is_some(),
        Renewal::Client => true,
    };
    match (life(record, want.for_at_least, now), can_renew) {
        (Life::Enough, _) | (Life::Short, false) => Decision::Ready,
        (Life::Short, true) => Decision::Refresh(Meanwhile::Holds),
        (Life::Over, true) => Decision::Refresh(Meanwhile::Ended),
        (Life::Over, false) => Decision::SignIn(Why::State(needs_sign_in.unwrap_or(NeedsSignIn::Expired))),
    }
}

/// The scopes that are wanted and not granted.
fn missing(record: &Record, want: &Want<'_>) -> Vec<String> {
    let alone = ImpliedScopes::default();
    let implied = want.implied.unwrap_or(&alone);
    implied.missing(&record.scopes, want.scopes.unwrap_or_default())
}

enum Life {
    Enough,
    Short,
    Over,
}

/// How what is left of the token's life compares with what a call wants. A token that never lives that long counts as enough
/// for the first half of its life: renewing it sooner would give no better one, and each call would renew it again.
fn life(record: &Record, for_at_least: Duration, now: UnixTime) -> Life {
    let Some(expires_at) = record.expires_at else {
        return Life::Enough;
    };
    let wanted = for_at_least.saturating_add(MARGIN);
    let left = expires_at.since(now);
    let whole = expires_at.since(record.received_at);
    if left.is_zero() {
        Life::Over
    } else if left >= wanted || (whole <= wanted && left >= whole / 2) {
        Life::Enough
    } else {
        Life::Short
    }
}

/// The state as it is shown: what only the clock has ended, or is too narrow for a tool, is told too.
pub(super) fn shown_state(record: &Record, now: UnixTime) -> AccountState {
    let ended = record.expires_at.is_some_and(|at| at <= now);
    if record.state == AccountState::Ready && ended && record.refresh.is_none() {
        AccountState::NeedsSignIn(NeedsSignIn::Expired)
    } else if record.state == AccountState::Ready && record.lacks_a_scope() {
        // Its token stays in use, and is renewed, for whom it is wide enough.
        AccountState::NeedsSignIn(NeedsSignIn::Scope)
    } else {
        record.state
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::{
        auth::record::tests::record,
        base::clock::{Clock as _, ManualClock},
    };

    fn decided(record: &Record, clock: &ManualClock) -> Decision {
        decided_for(record, clock, Duration::from_secs(30))
    }

    fn decided_for(record: &Record, clock: &ManualClock, for_at_least: Duration) -> Decision {
        let want = Want {
            scopes: Some(&["read".to_owned()]),
            implied: None,
            origins: Some(&["https://example.com".to_owned()]),
            for_at_least,
            renewal: Renewal::RefreshToken,
        };
        decide(Some(record), &want, clock.now())
    }

    #[test]
    fn no_account_and_one_that_is_signing_out_need_a_sign_in() {
        let want = Want {
            scopes: None,
            implied: None,
            origins: Some(&["https://example.com".to_owned()]),
            for_at_least: Duration::ZERO,
            renewal: Renewal::RefreshToken,
        };
        assert_eq!(decide(None, &want, UnixTime(0)), Decision::SignIn(Why::NoAccount));
        let mut leaving = record(None, 0, None);
        leaving.signing_out = true;
        assert_eq!(
            decide(Some(&leaving), &want, UnixTime(0)),
            Decision::SignIn(Why::NoAccount)
        );
    }

    #[test]
    fn a_token_is_renewed_before_it_would_end_within_the_call_and_a_minute() {
        let clock = ManualClock::at(UnixTime(1_000));
        let record = record(Some("r"), 1_000, Some(4_600));
        assert_eq!(decided(&record, &clock), Decision::Ready);
        clock.set(UnixTime(4_600 - 90));
        assert_eq!(decided(&record, &clock), Decision::Ready);
        clock.advance(Duration::from_secs(1));
        assert_eq!(decided(&record, &clock), Decision::Refresh(Meanwhile::Holds));
        clock.set(UnixTime(4_600));
        assert_eq!(decided(&record, &clock), Decision::Refresh(Meanwhile::Ended));
        clock.set(UnixTime(1_000));
        assert_eq!(
            decided_for(&record, &clock, Duration::from_secs(3_600)),
            Decision::Ready,
            "a token shorter than the call is not renewed at once"
        );
        assert_eq!(
            decided_for(&record, &clock, Duration::MAX),
            Decision::Ready,
            "nor does an endless call overflow"
        );
    }

    #[test]
    fn a_token_shorter_than_a_call_is_renewed_once_in_half_its_life_and_not_at_each_call() {
        let clock = ManualClock::at(UnixTime(1_000));
        let record = record(Some("r"), 1_000, Some(1_020));
        assert_eq!(decided(&record, &clock), Decision::Ready);
        clock.set(UnixTime(1_010));
        assert_eq!(decided(&record, &clock), Decision::Ready);
        clock.set(UnixTime(1_011));
        assert_eq!(decided(&record, &clock), Decision::Refresh(Meanwhile::Holds));
        clock.set(UnixTime(1_020));
        assert_eq!(decided(&record, &clock), Decision::Refresh(Meanwhile::Ended));
    }

    #[test]
    fn a_token_that_cannot_be_renewed_is_served_until_it_ends() {
        let clock = ManualClock::at(UnixTime(4_599));
        let record = record(None, 1_000, Some(4_600));
        assert_eq!(decided(&record, &clock), Decision::Ready);
        clock.set(UnixTime(4_600));
        assert_eq!(
            decided(&record, &clock),
            Decision::SignIn(Why::State(NeedsSignIn::Expired))
        );
        assert_eq!(
            shown_state(&record, clock.now()),
            AccountState::NeedsSignIn(NeedsSignIn::Expired)
        );
    }

    #[test]
    fn a_token_without_an_end_is_never_renewed_by_the_clock() {
        let clock = ManualClock::at(UnixTime(i64::MAX));
        assert_eq!(decided(&record(Some("r"), 1_000, None), &clock), Decision::Ready);
    }

    #[test]
    fn a_clock_set_back_or_forth_brings_about_one_renewal_at_most() {
        let clock = ManualClock::at(UnixTime(100_000));
        let before = record(Some("r"), 100_000, Some(103_600));
        clock.set(UnixTime(100_000 - 3_600));
        assert_eq!(decided(&before, &clock), Decision::Ready);
        clock.set(UnixTime(103_600));
        assert_eq!(decided(&before, &clock), Decision::Refresh(Meanwhile::Ended));
        let reply = crate::auth::record::tests::tokens("a2", None, Some(107_200));
        let after = before.refreshed(reply, clock.now());
        assert_eq!(decided(&after, &clock), Decision::Ready);
        clock.set(UnixTime(100_000));
        assert_eq!(decided(&after, &clock), Decision::Ready);
    }

    #[test]
    fn each_reason_to_sign_in_lets_a_token_be_served_to_its_end_but_a_rejected_one() {
        let clock = ManualClock::at(UnixTime(4_550));
        for reason in [
            NeedsSignIn::Refused,
            NeedsSignIn::LostInCrash,
            NeedsSignIn::Scope,
            NeedsSignIn::Expired,
        ] {
            let record = record(Some("r"), 1_000, Some(4_600)).needs_sign_in(reason, "why");
            clock.set(UnixTime(4_550));
            assert_eq!(decided(&record, &clock), Decision::Ready, "{reason:?}");
            clock.set(UnixTime(4_600));
            assert_eq!(decided(&record, &clock), Decision::SignIn(Why::State(reason)));
        }
        clock.set(UnixTime(1_000));
        let rejected = record(Some("r"), 1_000, Some(4_600)).needs_sign_in(NeedsSignIn::Rejected, "401");
        assert_eq!(
            decided(&rejected, &clock),
            Decision::SignIn(Why::State(NeedsSignIn::Rejected))
        );
    }

    #[test]
    fn a_missing_scope_is_named_and_a_typed_token_satisfies_any() {
        let record = record(None, 0, None);
        let wanted = ["read".to_owned(), "admin\u{202e}".to_owned()];
        let mut want = Want {
            scopes: Some(&wanted),
            implied: None,
            origins: Some(&["https://example.com".to_owned()]),
            for_at_least: Duration::ZERO,
            renewal: Renewal::RefreshToken,
        };
        let Decision::SignIn(why) = decide(Some(&record), &want, UnixTime(0)) else {
            unreachable!("a scope is missing")
        };
        assert_eq!(why.in_words(), "the account does not have the scope `admin\\u{202e}`");
        want.scopes = None;
        assert_eq!(decide(Some(&record), &want, UnixTime(0)), Decision::Ready);
    }

    #[test]
    fn a_scope_that_comes_with_a_granted_one_is_not_missing() {
        let providers = crate::provider::Providers::builtin().unwrap();
        let github = providers.find("github").unwrap();
        let crate::provider::Flow::OAuth2(oauth) = &github.handler(None).unwrap().flow else {
            unreachable!("the default handler of github is oauth2")
        };
        let mut record = record(None, 0, None);
        record.scopes = vec!["repo".to_owned()];
        let wanted = ["public_repo".to_owned()];
        let mut want = Want {
            scopes: Some(&wanted),
            implied: Some(&oauth.implied_scopes),
            origins: None,
            for_at_least: Duration::ZERO,
            renewal: Renewal::RefreshToken,
        };
        assert_eq!(decide(Some(&record), &want, UnixTime(0)), Decision::Ready);
        let wider = ["public_repo".to_owned(), "user".to_owned()];
        want.scopes = Some(&wider);
        assert_eq!(
            decide(Some(&record), &want, UnixTime(0)),
            Decision::SignIn(Why::Scopes(vec!["user".to_owned()]))
        );
    }

    #[test]
    fn a_credential_is_not_used_when_the_providers_endpoints_are_others_now() {
        let want = Want {
            scopes: None,
            implied: None,
            origins: Some(&["https://evil.example".to_owned()]),
            for_at_least: Duration::ZERO,
            renewal: Renewal::RefreshToken,
        };
        assert_eq!(
            decide(Some(&record(None, 0, None)), &want, UnixTime(0)),
            Decision::SignIn(Why::Endpoints)
        );
    }

    #[test]
    fn a_crash_while_renewing_leaves_the_token_in_use() {
        let clock = ManualClock::at(UnixTime(1_000));
        let crashed = record(Some("r"), 1_000, Some(4_600)).refreshing(UnixTime(1_000), false);
        assert_eq!(decided(&crashed, &clock), Decision::Ready);
        clock.set(UnixTime(4_600));
        assert_eq!(decided(&crashed, &clock), Decision::Refresh(Meanwhile::Ended));
    }
}
