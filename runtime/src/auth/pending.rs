//! A sign-in that was begun and has not ended, sealed in the flow store.

mod device;
mod id;
mod outcome;
mod step;
mod typing;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

pub(super) use self::{
    device::Device,
    id::{FlowId, State},
    outcome::{Fault, Outcome},
    step::{Agree, Authorize, Step},
    typing::{Tried, Typing},
};
use crate::{
    auth::{AccountId, Client, wire},
    base::{clock::UnixTime, digest::Digest, name::Profile, secret::Secret},
    package::{AccountOwner, TokenKind},
    provider::Metadata,
};

/// A sign-in that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) id: FlowId,
    profile: String,
    provider: String,
    handler: String,
    kind: TokenKind,
    client_id: String,
    #[serde(default, skip_serializing_if = "AccountOwner::is_shared")]
    owner: AccountOwner,
    #[serde(serialize_with = "wire::some_secret")]
    client_secret: Option<Secret>,
    pub(super) scopes: Vec<String>,
    /// The tools it was begun for, which its page names.
    pub(super) tools: Vec<String>,
    /// The endpoints' origins, as the process that began it knows them.
    pub(super) origins: Vec<String>,
    /// What the issuer told, where the provider's file leaves endpoints to it.
    pub(super) told: Option<Metadata>,
    /// Where its pages are: `http://127.0.0.1:8976`; empty where it has none.
    pub(super) origin: String,
    /// Whether they need a session of its profile.
    #[serde(default)]
    pub(super) needs_session: bool,
    pub(super) expires_at: UnixTime,
    /// The digest of the cookie of the browser that it belongs to, once one has come.
    browser: Option<String>,
    /// What a form has to bring along.
    #[serde(serialize_with = "wire::secret")]
    pub(super) form: Secret,
    pub(super) step: Step,
}

/// What a new sign-in is made of.
pub(super) struct Begin<'a> {
    pub(super) id: FlowId,
    pub(super) account: &'a AccountId,
    pub(super) client: Option<&'a Client>,
    pub(super) scopes: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) told: Option<Metadata>,
    pub(super) origin: String,
    pub(super) needs_session: bool,
    pub(super) expires_at: UnixTime,
    pub(super) step: Step,
}

impl Pending {
    pub(super) fn new(begin: Begin<'_>) -> Self {
        let Begin {
            id,
            account,
            client,
            scopes,
            tools,
            origins,
            told,
            origin,
            needs_session,
            expires_at,
            step,
        } = begin;
        Self {
            id,
            profile: account.profile.as_str().to_owned(),
            provider: account.provider.clone(),
            handler: account.handler.clone(),
            kind: account.kind,
            client_id: account.client_id.clone(),
            owner: account.owner.clone(),
            client_secret: client.and_then(|client| client.client_secret.clone()),
            scopes,
            tools,
            origins,
            told,
            origin,
            needs_session,
            expires_at,
            browser: None,
            form: random_text(),
            step,
        }
    }

    /// The one in which the user agrees that `this` account becomes another's, in the same browser.
    pub(super) fn agreeing(&self, agree: Agree) -> Self {
        let mut next = self.clone();
        next.id = FlowId::random();
        next.form = random_text();
        next.step = Step::Agree(Box::new(agree));
        next
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

    /// The client it was begun with, which may be set only in the process that began it.
    pub(super) fn client(&self) -> Client {
        Client::new(self.client_id.as_str(), self.client_secret.clone())
    }

    /// Its page.
    pub(super) fn url(&self) -> String {
        format!("{}/sign-in/{}", self.origin, self.id)
    }

    /// The page that tells how it ended.
    pub(super) fn done_url(&self) -> String {
        format!("{}/done/{}", self.origin, self.id)
    }

    pub(super) fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    pub(super) fn is_over(&self, now: UnixTime) -> bool {
        now >= self.expires_at
    }

    /// The name of the cookie by which its browser is known.
    pub(super) fn cookie_name(&self) -> String {
        match &self.step {
            Step::Authorize(_) | Step::Type(_) | Step::Device(_) => format!("pocket-{}", self.id),
            Step::Agree(agree) => format!("pocket-{}", agree.of),
        }
    }

    /// Makes it belong to a browser: gives the cookie's value. An answer that the browser before it fetched at the provider is
    /// none from here on, so that nobody can have another bring his own.
    pub(super) fn give_to_browser(&mut self) -> Secret {
        if let (Some(_another), Step::Authorize(authorize)) = (&self.browser, &mut self.step) {
            authorize.renew_state(self.id);
        }
        let value = random_text();
        self.browser = Some(cookie_digest(&value));
        value
    }

    /// Whether a browser has part in it.
    pub(super) const fn has_browser(&self) -> bool {
        self.browser.is_some()
    }

    /// The same for the terminal that holds it.
    pub(super) fn without_browser(self) -> Self {
        Self { browser: None, ..self }
    }

    /// Whether this is the browser that it belongs to.
    pub(super) fn is_browser(&self, cookie: &Secret) -> bool {
        let Some(expected) = &self.browser else { return false };
        cookie_digest(cookie).as_bytes().ct_eq(expected.as_bytes()).into()
    }
}

fn cookie_digest(value: &Secret) -> String {
    Digest::of_parts([b"sign-in cookie".as_slice(), value.expose().as_bytes()]).hex()
}

/// 128 random bits as text.
fn random_text() -> Secret {
    Secret::new(hex::encode(rand::random::<[u8; 16]>()))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use url::Url;

    use super::*;

    pub(in crate::auth) fn pending() -> Pending {
        let id = FlowId::random();
        let state = State::of(id, [7; 16]);
        let url = Url::parse("https://provider.example/authorize?state=planted-state").unwrap();
        let redirect = Url::parse("http://127.0.0.1:8976/auth/slack/callback").unwrap();
        Pending::new(Begin {
            id,
            account: &AccountId {
                profile: Profile::new("<script>"),
                provider: "slack".to_owned(),
                handler: "slack-oauth2".to_owned(),
                kind: TokenKind::Bot,
                client_id: "1.2".to_owned(),
                owner: AccountOwner::SHARED,
            },
            client: Some(&Client::new("1.2", Some(Secret::new("planted-client-secret")))),
            scopes: vec!["channels:history".to_owned()],
            tools: vec!["slack_get_messages".to_owned()],
            origins: vec!["https://provider.example".to_owned()],
            told: None,
            origin: "http://127.0.0.1:8976".to_owned(),
            needs_session: false,
            expires_at: UnixTime(1_000),
            step: Step::Authorize(Authorize::new(
                &url,
                redirect,
                Some(Secret::new("planted-verifier")),
                &state,
            )),
        })
    }

    #[test]
    fn only_the_state_that_was_sent_is_taken() {
        let pending = pending();
        let Step::Authorize(authorize) = &pending.step else {
            unreachable!()
        };
        assert!(authorize.is_state(&State::of(pending.id, [7; 16])));
        assert!(!authorize.is_state(&State::of(pending.id, [8; 16])));
    }

    #[test]
    fn no_secret_of_a_pending_sign_in_is_shown() {
        let mut pending = pending();
        let cookie = pending.give_to_browser();
        let shown = format!("{pending:?}");
        assert!(!shown.contains("planted"), "{shown}");
        assert!(!shown.contains(cookie.expose()), "{shown}");
    }

    #[test]
    fn a_pending_sign_in_is_read_as_it_was_written() {
        let mut pending = pending();
        let cookie = pending.give_to_browser();
        let back: Pending = serde_json::from_slice(&wire::to_bytes(&pending).unwrap()).unwrap();
        assert_eq!(
            (back.id, back.account(), back.url()),
            (pending.id, pending.account(), pending.url())
        );
        assert_eq!(back.client(), pending.client());
        assert!(back.is_browser(&cookie));
        assert!(!back.is_browser(&Secret::new("another")));
    }
}
