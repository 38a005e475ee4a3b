//! Why a provider, or a file that describes one, cannot be used.

use crate::{base::code::Code, provider::check};

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
        /// How many providers there are.
        known: usize,
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
        /// Those it has, the default one first.
        known: Vec<String>,
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
            Self::Unknown { name, nearest, known } => {
                let mut hints: Vec<String> = meant(nearest.as_deref()).into_iter().collect();
                hints.push(format!("`pocket auth providers` lists all {known}"));
                // Another name could be no key of such a table.
                if nearest.is_none() && check::name("", &name.to_lowercase()).is_ok() {
                    hints.push(format!(
                        "a provider of your own is added under `[providers.{name}]` in `pocket.toml`"
                    ));
                }
                hints
            }
            Self::UnknownHandler { nearest, known, .. } => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                let mut hints: Vec<String> = meant(nearest.as_deref()).into_iter().collect();
                hints.push(format!(
                    "its handlers: {}; where none is named, the first is used",
                    known.join(", ")
                ));
                hints
            }
            Self::NotValid { hint, .. } => hint.iter().cloned().collect(),
        }
    }
}

fn meant(nearest: Option<&str>) -> Option<String> {
    nearest.map(|near| format!("did you mean `{near}`?"))
}
