//! Why a provider, or a file that describes one, cannot be used.

use crate::base::code::Code;

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
    /// A provider is described in a way that cannot be used.
    #[error("the provider `{provider}` is not described as it has to be: {message}")]
    NotValid {
        /// The provider.
        provider: String,
        /// What is wrong, beginning with the key.
        message: String,
        /// What would mend it.
        hint: Option<String>,
    },
}

impl ProviderError {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } | Self::UnknownHandler { .. } => Code::NotFound,
            Self::NotValid { .. } => Code::NotValid,
        }
    }

    /// What would mend it, each in a sentence.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Unknown {
                nearest: Some(near), ..
            }
            | Self::UnknownHandler {
                nearest: Some(near), ..
            } => vec![format!("did you mean `{near}`?")],
            Self::Unknown { name, nearest: None } => vec![format!(
                "a provider of your own is added under `[providers.{name}]` in `pocket.toml`"
            )],
            Self::UnknownHandler {
                provider,
                nearest: None,
                ..
            } => vec![format!("leave the handler out, and `{provider}`'s default one is used")],
            Self::NotValid { hint, .. } => hint.iter().cloned().collect(),
        }
    }
}
