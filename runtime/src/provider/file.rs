//! The provider file: its format, read and checked.

/// Why a provider, or a file that describes one, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// No provider has that name.
    #[error("no provider has this name: `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// The provider has no handler of that name.
    #[error("`{provider}` has no handler of this name: `{name}`")]
    UnknownHandler {
        /// The provider.
        provider: String,
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
}

impl ProviderError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> crate::Code {
        todo!()
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        todo!()
    }
}
