//! A revocation that is owed: what a provider is still to be told after a sign-out.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    auth::{AccountId, record::Record, wire},
    base::{clock::UnixTime, name::Profile, secret::Secret},
    package::{AccountOwner, TokenKind},
    provider::Metadata,
};

/// The format that is written. A record of a later one is not read.
const FORMAT: u32 = 1;
/// How long a provider is tried. A token that it has not heard of by then it will hardly end for hearing of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long it is told that one was given up.
const TOLD: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Nobody else tries one that was begun for as long.
const TRYING: Duration = Duration::from_secs(60);
/// How long after a try without an answer the next one comes, at first: it doubles.
const PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);
/// A provider may ask for more, but not for ever.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);

/// What is kept of a revocation that is owed, sealed in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owed {
    format: u32,
    profile: String,
    provider: String,
    handler: String,
    kind: TokenKind,
    client_id: String,
    #[serde(default, skip_serializing_if = "AccountOwner::is_shared")]
    owner: AccountOwner,
    /// The tokens; gone once it is given up.
    #[serde(serialize_with = "wire::some_secret")]
    pub(super) access: Option<Secret>,
    #[serde(serialize_with = "wire::some_secret")]
    pub(super) refresh: Option<Secret>,
    /// The origins of the endpoints that the account was made with: the tokens are sent to no others.
    pub(super) origins: Vec<String>,
    pub(super) told: Option<Metadata>,
    /// When the account was signed out.
    since: UnixTime,
    /// When it is tried next.
    due: UnixTime,
    /// How often it was tried without an answer.
    tries: u32,
    last_error: Option<String>,
    given_up_at: Option<UnixTime>,
}

/// A revocation that is owed, as it is shown: never a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OwedRevocation {
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// Whose account it was: the profile's name.
    pub profile: String,
    /// The tool whose own account it was; `None` where all tools shared it.
    pub tool: Option<String>,
    /// When the account was signed out.
    pub signed_out_at: UnixTime,
    /// When the provider is told next; `None` where that was given up: the token ends when the provider ends it.
    pub next_try_at: Option<UnixTime>,
    /// Until when it is tried.
    pub tried_until: UnixTime,
    /// How often it was tried without an answer.
    pub tries: u32,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
}

/// What is to be done with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    Try,
    GiveUp,
    Forget,
}

impl Owed {
    /// For an account that is being signed out. Who makes it tries it first. `None` where the record has no token.
    pub(super) fn of(account: &AccountId, record: &Record, now: UnixTime) -> Option<Self> {
        let access = record.access.clone()?;
        Some(Self {
            format: FORMAT,
            profile: account.profile.as_str().to_owned(),
            provider: account.provider.clone(),
            handler: account.handler.clone(),
            kind: account.kind,
            client_id: account.client_id.clone(),
            owner: account.owner.clone(),
            access: Some(access),
            refresh: record.refresh.clone(),
            origins: record.origins.clone(),
            told: record.told.clone(),
            since: now,
            due: now.after(TRYING),
            tries: 0,
            last_error: None,
            given_up_at: None,
        })
    }

    pub(super) fn account(&self) -> AccountId {
        AccountId {
            profile: Profile::new(self.profile.as_str()),
            provider: self.provider.clone(),
            handler: self.handler.clone(),
            kind: self.kind,
            client_id: self.client_id.clone(),
            owner: self.owner.clone(),
        }
    }

    pub(super) fn step(&self, now: UnixTime) -> Step {
        if let Some(at) = self.given_up_at {
            return if now.since(at) >= TOLD {
                Step::Forget
            } else {
                Step::Wait
            };
        }
        if now.since(self.since) >= PATIENCE {
            return Step::GiveUp;
        }
        // Further away than any pause: the clock went back meanwhile.
        if self.due <= now || self.due.since(now) > LONGEST_ASKED {
            return Step::Try;
        }
        Step::Wait
    }

    /// When it is tried next, if it is.
    pub(super) fn due(&self) -> Option<UnixTime> {
        self.given_up_at.is_none().then_some(self.due)
    }

    /// As whoever tries it now leaves it for the others.
    pub(super) fn trying(&self, now: UnixTime) -> Self {
        Self {
            due: now.after(TRYING),
            ..self.clone()
        }
    }

    /// After a try that had no answer.
    pub(super) fn put_off(&self, why: &str, retry_after: Option<Duration>, now: UnixTime) -> Self {
        let doubled = PAUSE.saturating_mul(1 << self.tries.min(16)).min(LONGEST_PAUSE);
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        Self {
            due: now.after(doubled.max(asked)),
            tries: self.tries.saturating_add(1),
            last_error: Some(why.to_owned()),
            ..self.clone()
        }
    }

    /// Without its tokens: nobody tries it any more.
    pub(super) fn given_up(&self, why: Option<&str>, now: UnixTime) -> Self {
        Self {
            access: None,
            refresh: None,
            given_up_at: Some(now),
            last_error: why.map(ToOwned::to_owned).or_else(|| self.last_error.clone()),
            ..self.clone()
        }
    }

    /// Until when it is tried.
    pub(super) fn until(&self) -> UnixTime {
        self.since.after(PATIENCE)
    }

    /// As it is shown.
    pub(super) fn status(&self) -> OwedRevocation {
        OwedRevocation {
            provider: self.provider.clone(),
            handler: self.handler.clone(),
            profile: self.profile.clone(),
            tool: self.owner.tool().map(ToString::to_string),
            signed_out_at: self.since,
            next_try_at: self.due(),
            tried_until: self.until(),
            tries: self.tries,
            last_error: self.last_error.clone(),
        }
    }

    /// As the bytes that are sealed.
    pub(super) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        wire::to_bytes(self)
    }

    /// From those bytes; `None` for what another version wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // The crate's own words quote values.
        let owed: Self = serde_json::from_slice(bytes).ok()?;
        (owed.format == FORMAT).then_some(owed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::auth::record::tests::record;

    fn owed() -> Owed {
        let account = AccountId {
            profile: Profile::new("a"),
            provider: "acme".to_owned(),
            handler: "acme-oauth2".to_owned(),
            kind: TokenKind::Bot,
            client_id: "c".to_owned(),
            owner: AccountOwner::in_program("p", "tool".parse().unwrap()),
        };
        Owed::of(&account, &record(Some("planted-refresh"), 0, None), UnixTime(1_000)).unwrap()
    }

    #[test]
    fn one_is_read_as_it_was_written_and_shows_no_token() {
        let owed = owed();
        assert_eq!(Owed::from_bytes(&owed.to_bytes().unwrap()).unwrap(), owed);
        assert_eq!(owed.account().owner.tool().unwrap().as_str(), "tool");
        assert!(!format!("{owed:?} {:?}", owed.status()).contains("planted"));
        let shown = serde_json::to_string(&owed.status()).unwrap();
        assert!(!shown.contains("planted"), "{shown}");
        let given_up = owed.given_up(None, UnixTime(2_000)).to_bytes().unwrap();
        assert!(!String::from_utf8_lossy(&given_up).contains("planted"));
    }

    #[test]
    fn it_is_tried_later_and_later_for_a_week_and_told_for_a_month() {
        let day = 24 * 60 * 60;
        let mut owed = owed();
        assert_eq!(owed.step(UnixTime(1_000)), Step::Wait, "whoever made it tries it first");
        assert_eq!(owed.step(UnixTime(1_060)), Step::Try, "and others, should it have died");
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let now = owed.due;
            owed = owed.put_off("HTTP 503", None, now);
            pauses.push(owed.due.since(now).as_secs());
        }
        assert_eq!(pauses[..4], [60, 120, 240, 480]);
        assert_eq!(pauses[11], 6 * 60 * 60);
        let asked = owed.put_off("HTTP 503", Some(Duration::from_secs(36_000)), UnixTime(0));
        assert_eq!(asked.due, UnixTime(36_000));
        let for_ever = owed.put_off("HTTP 503", Some(Duration::MAX), UnixTime(0));
        assert_eq!(for_ever.due, UnixTime(day));
        assert_eq!(owed.step(UnixTime(-30 * day)), Step::Try, "the clock went back");
        assert_eq!(owed.step(UnixTime(1_000 + 7 * day)), Step::GiveUp);
        let given_up = owed.given_up(None, UnixTime(1_000 + 7 * day));
        assert_eq!(given_up.status().next_try_at, None);
        assert_eq!(given_up.step(UnixTime(1_000 + 8 * day)), Step::Wait);
        assert_eq!(given_up.step(UnixTime(1_000 + 37 * day)), Step::Forget);
    }
}
