//! Why no credential could be had.

use crate::{auth::StoreError, base::code::Code, provider::ProviderError};

/// Why no credential could be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A person has to sign in: there is no account, it ended, or it lacks a scope.
    #[error("a sign-in with `{provider}` is needed: {reason}")]
    SignInRequired {
        /// The provider.
        provider: String,
        /// Why, in words: no account yet, expired, refused, a missing scope by name.
        reason: String,
    },
    /// There is no such provider or handler.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The token store could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        todo!()
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        todo!()
    }
}
