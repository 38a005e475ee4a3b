//! Which sign-in: its id, and the `state` that leads back to it.

use std::{fmt, str::FromStr};

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::secret::Secret;

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which sign-in: 128 random bits, 32 hex digits in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::auth) struct FlowId(pub(in crate::auth) [u8; 16]);

impl FlowId {
    pub(in crate::auth) fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// The text is not 32 hex digits.
#[derive(Debug)]
pub(in crate::auth) struct NotAFlowId;

impl FromStr for FlowId {
    type Err = NotAFlowId;

    fn from_str(text: &str) -> Result<Self, NotAFlowId> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).map_err(|_not_hex| NotAFlowId)?;
        Ok(Self(id))
    }
}

/// The `state` of an authorization request: which sign-in it is, and 128 bits that nobody can guess.
pub(in crate::auth) struct State {
    pub(in crate::auth) id: FlowId,
    pub(super) proof: [u8; 16],
}

impl State {
    pub(in crate::auth) fn of(id: FlowId, proof: [u8; 16]) -> Self {
        Self { id, proof }
    }

    /// As it is sent.
    pub(in crate::auth) fn secret(&self) -> Secret {
        let mut both = Zeroizing::new([0; 32]);
        let (id, proof) = both.split_at_mut(16);
        id.copy_from_slice(&self.id.0);
        proof.copy_from_slice(&self.proof);
        Secret::new(BASE64.encode(both.as_slice()))
    }

    /// As it came back.
    pub(in crate::auth) fn parse(text: &str) -> Option<Self> {
        let both = Zeroizing::new(BASE64.decode(text).ok()?);
        let (id, proof) = both.split_first_chunk::<16>()?;
        Some(Self {
            id: FlowId(*id),
            proof: proof.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

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
}
