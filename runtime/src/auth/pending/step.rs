//! What has to happen next in a sign-in.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    auth::{
        pending::{Device, FlowId, State, Typing},
        wire,
    },
    base::secret::Secret,
};

/// What has to happen next.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::auth) enum Step {
    /// The user says yes at the provider.
    Authorize(Authorize),
    /// The user types a secret, or several values.
    Type(Typing),
    /// The user enters a code on a page of the provider.
    Device(Box<Device>),
    /// The user agrees that the account becomes another's.
    Agree(Box<Agree>),
}

/// What completes an authorization request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::auth) struct Authorize {
    /// The provider's page, with our request.
    #[serde(serialize_with = "wire::secret")]
    pub(in crate::auth) url: Secret,
    pub(in crate::auth) redirect: Url,
    #[serde(serialize_with = "wire::some_secret")]
    pub(in crate::auth) verifier: Option<Secret>,
    /// The second half of the `state`.
    #[serde(serialize_with = "wire::secret")]
    proof: Secret,
}

/// What was gained, and waits for the user's word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::auth) struct Agree {
    /// The sign-in that brought it.
    pub(in crate::auth) of: FlowId,
    pub(in crate::auth) old: String,
    pub(in crate::auth) new: Option<String>,
    /// The record that would be saved.
    #[serde(serialize_with = "wire::secret")]
    pub(in crate::auth) record: Secret,
}

impl Authorize {
    pub(in crate::auth) fn new(url: &Url, redirect: Url, verifier: Option<Secret>, state: &State) -> Self {
        Self {
            url: Secret::new(url.as_str()),
            redirect,
            verifier,
            proof: Secret::new(hex::encode(state.proof)),
        }
    }

    /// Asks with another state from here on.
    pub(super) fn renew_state(&mut self, id: FlowId) {
        let state = State::of(id, rand::random());
        let Ok(mut url) = Url::parse(self.url.expose()) else {
            return;
        };
        let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let renewed = state.secret();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &asked {
            let value = if name == "state" { renewed.expose() } else { value };
            query.append_pair(name, value);
        }
        drop(query);
        self.url = Secret::new(url.as_str());
        self.proof = Secret::new(hex::encode(state.proof));
    }

    /// Whether a state that came back is the one that was sent.
    pub(in crate::auth) fn is_state(&self, state: &State) -> bool {
        self.proof == Secret::new(hex::encode(state.proof))
    }
}
