//! How a sign-in ended.

use serde::{Deserialize, Serialize};

use crate::auth::{AuthError, pending::FlowId};

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::auth) enum Outcome {
    /// The account is ready. `missing`: scopes that were asked for and not granted.
    Done {
        /// Whose the account is.
        #[serde(default)]
        profile: String,
        title: String,
        identity: Option<String>,
        missing: Vec<String>,
    },
    Denied,
    /// The provider says that the user's code has ended.
    Expired,
    Failed {
        fault: Fault,
        reason: String,
    },
    /// Its user is asked by another one whether the account may become another's.
    Continued {
        by: FlowId,
    },
    /// A wider one took its place.
    Superseded {
        by: FlowId,
    },
}

/// What made a sign-in fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::auth) enum Fault {
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

impl Outcome {
    /// As the one who waits for it is told.
    pub(in crate::auth) fn told(self, provider: &str) -> Result<(), AuthError> {
        let provider = provider.to_owned();
        match self {
            Self::Done { .. } => Ok(()),
            Self::Denied => Err(AuthError::Denied { provider }),
            Self::Expired | Self::Superseded { by: _ } | Self::Continued { by: _ } => {
                Err(AuthError::SignInExpired { provider })
            }
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
