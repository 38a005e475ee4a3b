//! Random texts that open something, and what is kept of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pocket_runtime::Secret;
use sha2::{Digest as _, Sha256};

/// What is kept of a token: it does not open what the token does. Two are found equal by a plain comparison, since nobody can choose
/// what a hash begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// 32 random bytes, as 43 letters that any URL and cookie takes.
pub(crate) fn made() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}
