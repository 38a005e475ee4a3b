//! A sign-in that was begun and has not ended, and how one ended: both sealed in the flow store.

use std::{fmt, str::FromStr};

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    auth::{AccountId, AuthError, Client, wire},
    base::{clock::UnixTime, digest::Digest, name::Profile, secret::Secret},
    package::TokenKind,
};

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which sign-in: 128 random bits, 32 hex digits in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct FlowId(pub(super) [u8; 16]);

impl FlowId {
    pub(super) fn random() -> Self {
        Self(rand::random())
    }

    /// The last part of a sign-in's URL.
    pub(super) fn of_url(url: &str) -> Option<Self> {
        Url::parse(url).ok()?.path_segments()?.next_back()?.parse().ok()
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The text is not 32 hex digits.
#[derive(Debug)]
pub(super) struct NotAFlowId;

impl FromStr for FlowId {
    type Err = NotAFlowId;

    fn from_str(text: &str) -> Result<Self, NotAFlowId> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).map_err(|_not_hex| NotAFlowId)?;
        Ok(Self(id))
    }
}

/// The `state` of an authorization request: which sign-in it is, and 128 bits that nobody can guess.
pub(super) struct State {
    pub(super) id: FlowId,
    proof: [u8; 16],
}

impl State {
    pub(super) fn of(id: FlowId, proof: [u8; 16]) -> Self {
        Self { id, proof }
    }

    /// As it is sent.
    pub(super) fn secret(&self) -> Secret {
        let mut both = Zeroizing::new([0; 32]);
        let (id, proof) = both.split_at_mut(16);
        id.copy_from_slice(&self.id.0);
        proof.copy_from_slice(&self.proof);
        Secret::new(BASE64.encode(both.as_slice()))
    }

    /// As it came back.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let both = Zeroizing::new(BASE64.decode(text).ok()?);
        let (id, proof) = both.split_first_chunk::<16>()?;
        Some(Self {
            id: FlowId(*id),
            proof: proof.try_into().ok()?,
        })
    }
}

/// A sign-in that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) id: FlowId,
    profile: String,
    provider: String,
    handler: String,
    kind: TokenKind,
    client_id: String,
    #[serde(serialize_with = "wire::some_secret")]
    client_secret: Option<Secret>,
    pub(super) scopes: Vec<String>,
    /// The tools it was begun for, which its page names.
    pub(super) tools: Vec<String>,
    /// The endpoints' origins, as the process that began it knows them.
    pub(super) origins: Vec<String>,
    /// Where its pages are: `http://127.0.0.1:8976`.
    pub(super) origin: String,
    pub(super) expires_at: UnixTime,
    /// The digest of the cookie of the browser that it belongs to, once one has come.
    browser: Option<String>,
    /// What a form has to bring along.
    #[serde(serialize_with = "wire::secret")]
    pub(super) form: Secret,
    pub(super) step: Step,
}

/// What has to happen next.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// The user says yes at the provider.
    Authorize(Authorize),
    /// The user types a secret.
    Type,
    /// The user agrees that the account becomes another's.
    Agree(Box<Agree>),
}

/// What completes an authorization request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Authorize {
    /// The provider's page, with our request.
    #[serde(serialize_with = "wire::secret")]
    pub(super) url: Secret,
    pub(super) redirect: Url,
    #[serde(serialize_with = "wire::some_secret")]
    pub(super) verifier: Option<Secret>,
    /// The second half of the `state`.
    #[serde(serialize_with = "wire::secret")]
    proof: Secret,
}

/// What was gained, and waits for the user's word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Agree {
    /// The sign-in that brought it.
    pub(super) of: FlowId,
    pub(super) old: String,
    pub(super) new: Option<String>,
    /// The record that would be saved.
    #[serde(serialize_with = "wire::secret")]
    pub(super) record: Secret,
}

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// The account is ready. `missing`: scopes that were asked for and not granted.
    Done {
        title: String,
        identity: Option<String>,
        missing: Vec<String>,
    },
    Denied,
    Failed {
        fault: Fault,
        reason: String,
    },
    /// A wider one took its place.
    Superseded {
        by: FlowId,
    },
}

/// What made a sign-in fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// The provider did not take the code, or said that it failed.
    Refused,
    Configuration,
    Unreachable,
    Protocol,
    /// The account belongs to somebody else, and the user kept it.
    OtherIdentity,
    /// The user signed out meanwhile.
    SignedOut,
    /// This machine could not keep the tokens.
    Store,
}

/// What a new sign-in is made of.
pub(super) struct Begin<'a> {
    pub(super) id: FlowId,
    pub(super) account: &'a AccountId,
    pub(super) client: Option<&'a Client>,
    pub(super) scopes: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) origin: String,
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
            origin,
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
            client_secret: client.and_then(|client| client.client_secret.clone()),
            scopes,
            tools,
            origins,
            origin,
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
            Step::Authorize(_) | Step::Type => format!("pocket-{}", self.id),
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

    /// Whether this is the browser that it belongs to.
    pub(super) fn is_browser(&self, cookie: &Secret) -> bool {
        let Some(expected) = &self.browser else { return false };
        cookie_digest(cookie).as_bytes().ct_eq(expected.as_bytes()).into()
    }
}

impl Authorize {
    pub(super) fn new(url: &Url, redirect: Url, verifier: Option<Secret>, state: &State) -> Self {
        Self {
            url: Secret::new(url.as_str()),
            redirect,
            verifier,
            proof: Secret::new(hex::encode(state.proof)),
        }
    }

    /// Asks with another state from here on.
    fn renew_state(&mut self, id: FlowId) {
        let state = State::of(id, rand::random());
        let Ok(mut url) = Url::parse(self.url.expose()) else {
            return;
        };
        let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &asked {
            let value = if name == "state" {
                state.secret().expose().to_owned()
            } else {
                value.clone()
            };
            query.append_pair(name, &value);
        }
        drop(query);
        self.url = Secret::new(url.as_str());
        self.proof = Secret::new(hex::encode(state.proof));
    }

    /// Whether a state that came back is the one that was sent.
    pub(super) fn is_state(&self, state: &State) -> bool {
        self.proof == Secret::new(hex::encode(state.proof))
    }
}

impl Outcome {
    /// As the one who waits for it is told.
    pub(super) fn told(self, provider: &str) -> Result<(), AuthError> {
        let provider = provider.to_owned();
        match self {
            Self::Done { .. } => Ok(()),
            Self::Denied => Err(AuthError::Denied { provider }),
            Self::Superseded { by: _ } => Err(AuthError::SignInExpired { provider }),
            Self::Failed { fault, reason } => Err(match fault {
                Fault::Configuration => AuthError::Configuration { provider, reason },
                Fault::Unreachable => AuthError::Unreachable {
                    provider,
                    reason,
                    retry_after: None,
                },
                Fault::Protocol => AuthError::Protocol { provider, reason },
                Fault::Refused | Fault::OtherIdentity | Fault::SignedOut | Fault::Store => {
                    AuthError::SignInFailed { provider, reason }
                }
            }),
        }
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
            },
            client: Some(&Client::new("1.2", Some(Secret::new("planted-client-secret")))),
            scopes: vec!["channels:history".to_owned()],
            tools: vec!["slack_get_messages".to_owned()],
            origins: vec!["https://provider.example".to_owned()],
            origin: "http://127.0.0.1:8976".to_owned(),
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
    fn a_state_is_256_bits_that_lead_back_to_the_sign_in() {
        let id = FlowId::random();
        let state = State::of(id, rand::random());
        let text = state.secret();
        assert_eq!(text.expose().len(), 43);
        let back = State::parse(text.expose()).unwrap();
        assert_eq!((back.id, back.proof), (id, state.proof));
        for bad in ["", "a", "====", &text.expose()[1..], &format!("{}AA", text.expose())] {
            assert!(State::parse(bad).is_none(), "{bad}");
        }
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

    #[test]
    fn the_id_is_found_in_the_url() {
        let pending = pending();
        assert_eq!(FlowId::of_url(&pending.url()), Some(pending.id));
        assert_eq!(FlowId::of_url("http://127.0.0.1:8976/sign-in/"), None);
        assert_eq!(FlowId::of_url("/sign-in/00"), None);
    }
}
