//! What is kept of an account: sealed in the store, wiped from memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    auth::{AccountId, AccountState, AccountStatus, NeedsSignIn, decide, flow::Tokens, wire},
    base::{clock::UnixTime, digest::Digest, secret::Secret},
    provider::Metadata,
};

/// The format that is written. A record of a later one is not read.
const FORMAT: u32 = 1;

/// What is kept of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    format: u32,
    pub(super) state: AccountState,
    #[serde(serialize_with = "wire::some_secret")]
    pub(super) access: Option<Secret>,
    #[serde(serialize_with = "wire::some_secret")]
    pub(super) refresh: Option<Secret>,
    /// The scopes that the provider granted.
    pub(super) scopes: Vec<String>,
    /// The scopes that were asked for, by the names under which they can be asked for again: providers grant some under others.
    pub(super) asked: Vec<String>,
    /// Who it is with the provider.
    pub(super) identity: Option<String>,
    /// Other values that the provider gave.
    #[serde(serialize_with = "wire::secrets")]
    pub(super) fields: BTreeMap<String, Secret>,
    pub(super) expires_at: Option<UnixTime>,
    pub(super) received_at: UnixTime,
    pub(super) refreshed_at: Option<UnixTime>,
    pub(super) last_error: Option<String>,
    /// The origins of the endpoints it was made with: it is not used with others.
    pub(super) origins: Vec<String>,
    /// The store's version at which the tokens last changed, so it counts up across sign-outs too.
    pub(super) token_version: u64,
    /// A refresh was begun and its end not yet saved.
    pub(super) intent: Option<Intent>,
    /// The last refresh that a refused token brought about.
    pub(super) forced: Option<Forced>,
    /// A sign-out was begun: nothing may be given from it, nor saved over it but a new sign-in.
    pub(super) signing_out: bool,
    /// What the issuer told when the account was made: its tokens go to no other endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Metadata>,
    /// The scopes for lack of which the provider refused a token whose consent had given them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) step_ups: BTreeMap<String, StepUp>,
}

/// The mark of a refresh that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) at: UnixTime,
    /// Which refresh token was sent: its digest.
    pub(super) sent: String,
}

/// The mark of a refresh that a refused token brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Forced {
    pub(super) at: UnixTime,
    /// The token version that was refused.
    pub(super) version: u64,
}

/// The mark of a scope for lack of which the provider refused a token whose consent had given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StepUp {
    pub(super) at: UnixTime,
    /// How often in a row.
    pub(super) count: u8,
    /// The token version that was refused last.
    pub(super) version: u64,
}

/// What a completed sign-in brings to a record.
pub(super) struct Gained {
    pub(super) tokens: Tokens,
    pub(super) asked: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) told: Option<Metadata>,
    pub(super) now: UnixTime,
}

impl Record {
    /// Of a sign-in that was just completed. Its token version is set when it is saved.
    pub(super) fn of_sign_in(gained: Gained) -> Self {
        let Gained {
            tokens,
            asked,
            origins,
            told,
            now,
        } = gained;
        let Tokens {
            access,
            refresh,
            expires_at,
            scopes,
            identity,
            fields,
        } = tokens;
        Self {
            format: FORMAT,
            state: AccountState::Ready,
            access: Some(access),
            refresh,
            scopes: scopes.unwrap_or_else(|| asked.clone()),
            asked,
            identity,
            fields,
            expires_at,
            received_at: now,
            refreshed_at: None,
            last_error: None,
            origins,
            token_version: 0,
            intent: None,
            forced: None,
            signing_out: false,
            told,
            step_ups: BTreeMap::new(),
        }
    }

    /// After a refresh. What the reply leaves out stays (RFC 6749 sections 5.1 and 6).
    pub(super) fn refreshed(&self, tokens: Tokens, now: UnixTime) -> Self {
        let Tokens {
            access,
            refresh,
            expires_at,
            scopes,
            identity,
            fields,
        } = tokens;
        let mut all = self.fields.clone();
        all.extend(fields);
        Self {
            format: FORMAT,
            state: AccountState::Ready,
            access: Some(access),
            refresh: refresh.or_else(|| self.refresh.clone()),
            scopes: scopes.unwrap_or_else(|| self.scopes.clone()),
            asked: self.asked.clone(),
            identity: identity.or_else(|| self.identity.clone()),
            fields: all,
            expires_at,
            received_at: now,
            refreshed_at: Some(now),
            last_error: None,
            origins: self.origins.clone(),
            token_version: self.token_version,
            intent: None,
            forced: self.forced,
            signing_out: false,
            told: self.told.clone(),
            step_ups: self.step_ups.clone(),
        }
    }

    /// With the mark of a refresh that begins now.
    pub(super) fn refreshing(&self, now: UnixTime, forced: bool) -> Self {
        let mut marked = self.clone();
        marked.state = AccountState::Refreshing;
        marked.intent = self.refresh.as_ref().map(|refresh| Intent {
            at: now,
            sent: fingerprint(refresh),
        });
        if forced {
            marked.forced = Some(Forced {
                at: now,
                version: self.token_version,
            });
        }
        marked
    }

    /// Without that mark: the refresh ended without an answer, and nothing was lost.
    pub(super) fn not_refreshed(&self, why: &str) -> Self {
        let mut as_before = self.clone();
        as_before.state = AccountState::Ready;
        as_before.intent = None;
        as_before.last_error = Some(why.to_owned());
        as_before
    }

    /// A person has to sign in again. Scopes and identity stay for the next consent, the access token until it ends.
    pub(super) fn needs_sign_in(&self, reason: NeedsSignIn, why: &str) -> Self {
        let mut ended = self.clone();
        ended.state = AccountState::NeedsSignIn(reason);
        ended.intent = None;
        ended.last_error = Some(why.to_owned());
        ended
    }

    /// Whether the refresh token that it has was sent before and no answer to that was kept.
    pub(super) fn was_sent_before(&self) -> bool {
        match (&self.intent, &self.refresh) {
            (Some(intent), Some(refresh)) => intent.sent == fingerprint(refresh),
            (Some(_), None) | (None, _) => false,
        }
    }

    /// Whether the provider refused a token for lack of a scope that was not given again since.
    pub(super) fn lacks_a_scope(&self) -> bool {
        self.step_ups.keys().any(|scope| !self.scopes.contains(scope))
    }

    /// Whether it is of a format that is known.
    pub(super) const fn is_known(&self) -> bool {
        self.format == FORMAT
    }

    /// Whether it has the very tokens of another.
    pub(super) fn has_tokens_of(&self, other: &Self) -> bool {
        (&self.access, &self.refresh, &self.fields) == (&other.access, &other.refresh, &other.fields)
    }

    /// As the bytes that are sealed.
    pub(super) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        wire::to_bytes(self)
    }

    /// From those bytes; says what is wrong without showing any of it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let unreadable = |error: serde_json::Error| format!("its content cannot be read (column {})", error.column());
        let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
        if head.format != FORMAT {
            return Err(format!(
                "it was written by a later version of Pocket (format {})",
                head.format
            ));
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }

    /// As it is shown.
    pub(super) fn status(&self, account: &AccountId, now: UnixTime) -> AccountStatus {
        let leaving = self
            .signing_out
            .then(|| "a sign-out was begun and cut off: sign out again".to_owned());
        AccountStatus {
            provider: account.provider.clone(),
            handler: account.handler.clone(),
            profile: account.profile.as_str().to_owned(),
            kind: account.kind,
            tool: account.owner.tool().map(ToString::to_string),
            tool_of: account.owner.place().map(ToOwned::to_owned),
            state: decide::shown_state(self, now),
            scopes: self.scopes.clone(),
            identity: self.identity.clone(),
            expires_at: self.expires_at,
            refreshed_at: self.refreshed_at,
            last_error: leaving.or_else(|| self.last_error.clone()),
        }
    }
}

fn fingerprint(secret: &Secret) -> String {
    Digest::of_parts([b"refresh token".as_slice(), secret.expose().as_bytes()]).hex()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    pub(in crate::auth) fn tokens(access: &str, refresh: Option<&str>, expires_at: Option<i64>) -> Tokens {
        Tokens {
            access: Secret::new(access),
            refresh: refresh.map(Secret::new),
            expires_at: expires_at.map(UnixTime),
            scopes: None,
            identity: Some("alice @ Acme".to_owned()),
            fields: BTreeMap::new(),
        }
    }

    pub(in crate::auth) fn record(refresh: Option<&str>, received: i64, expires: Option<i64>) -> Record {
        Record::of_sign_in(Gained {
            tokens: tokens("planted-access", refresh, expires),
            asked: vec!["read".to_owned(), "write".to_owned()],
            origins: vec!["https://example.com".to_owned()],
            told: None,
            now: UnixTime(received),
        })
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut record = record(Some("planted-refresh"), 1_000, Some(4_600)).refreshing(UnixTime(2_000), true);
        record.fields.insert("team".to_owned(), Secret::new("planted-field"));
        let bytes = record.to_bytes().unwrap();
        assert_eq!(Record::from_bytes(&bytes).unwrap(), record);
    }

    #[test]
    fn no_secret_of_a_record_is_shown() {
        let mut record = record(Some("planted-refresh"), 1_000, Some(4_600)).refreshing(UnixTime(2_000), true);
        record.fields.insert("team".to_owned(), Secret::new("planted-field"));
        assert!(!format!("{record:?}").contains("planted"));
        let mut bytes = record.to_bytes().unwrap().to_vec();
        bytes.truncate(bytes.len() / 2);
        assert!(!Record::from_bytes(&bytes).unwrap_err().contains("planted"));
        let wrong = String::from_utf8(record.to_bytes().unwrap().to_vec()).unwrap();
        let wrong = wrong.replace("\"received_at\":1000", "\"received_at\":\"planted\"");
        assert!(!Record::from_bytes(wrong.as_bytes()).unwrap_err().contains("planted"));
    }

    #[test]
    fn a_record_of_a_later_format_is_not_read() {
        let error = Record::from_bytes(b"{\"format\":2,\"new\":true}").unwrap_err();
        assert!(error.contains("later version"), "{error}");
    }

    #[test]
    fn a_refresh_that_leaves_things_out_keeps_them() {
        let before = record(Some("r1"), 1_000, Some(4_600));
        let mut reply = tokens("a2", None, Some(9_000));
        reply.identity = None;
        let after = before
            .refreshing(UnixTime(4_000), false)
            .refreshed(reply, UnixTime(4_001));
        assert_eq!(after.refresh, Some(Secret::new("r1")));
        assert_eq!(after.scopes, ["read", "write"]);
        assert_eq!(after.identity.as_deref(), Some("alice @ Acme"));
        assert_eq!((after.state, after.intent), (AccountState::Ready, None));
    }

    #[test]
    fn a_refresh_token_that_was_sent_is_known_again_until_it_changes() {
        let before = record(Some("r1"), 1_000, Some(4_600));
        assert!(!before.was_sent_before());
        let mut sent = before.refreshing(UnixTime(4_000), false);
        assert!(sent.was_sent_before());
        sent.refresh = Some(Secret::new("r2"));
        assert!(!sent.was_sent_before());
    }
}
