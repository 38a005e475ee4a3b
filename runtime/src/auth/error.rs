//! Why no credential could be had.

use std::time::Duration;

use crate::{
    auth::{StoreError, TransferError, flow::FlowError},
    base::{code::Code, file_lock::LockHeld, text::shown_on_one_line},
    provider::ProviderError,
};

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
    /// Accounts could not be moved.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The operator has no client with the provider.
    #[error("no client is set for `{provider}`")]
    NoClient {
        /// The provider.
        provider: String,
        /// How people write it.
        title: String,
        /// The redirect URI that the client has to be registered with, where the handler uses one.
        redirect_uri: Option<String>,
        /// A handler of the provider in which a token is typed instead, where there is one.
        typed: Option<String>,
    },
    /// Another program has the port on which sign-ins come back.
    #[error("another program has the port on which sign-ins come back: {port}")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The port on which sign-ins come back cannot be opened.
    #[error("the port on which sign-ins come back cannot be opened: {port}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The certificate that the operator gave for the listener cannot be served.
    #[error("the certificate for sign-ins cannot be used: `{}`: {reason}", file.display())]
    OperatorsCertificate {
        /// The file.
        file: std::path::PathBuf,
        /// Why, in words.
        reason: String,
    },
    /// Sign-in pages cannot be served at a URL.
    #[error("sign-in pages need an address of https: `{url}`")]
    NoPagesAt {
        /// The URL.
        url: String,
    },
    /// The certificate of the listener cannot be read or made.
    #[error("the certificate for `https://localhost` cannot be made: {reason}")]
    Certificate {
        /// Why.
        reason: String,
    },
    /// Another process does not get done with the certificate of the listener.
    #[error(transparent)]
    Locked(LockHeld),
    /// The user said no at the provider.
    #[error("the sign-in with `{provider}` was denied")]
    Denied {
        /// The provider.
        provider: String,
    },
    /// The sign-in's URL ended before it was used.
    #[error("the sign-in with `{provider}` was not done in time")]
    SignInExpired {
        /// The provider.
        provider: String,
    },
    /// The sign-in came to nothing.
    #[error("the sign-in with `{provider}` failed: {reason}")]
    SignInFailed {
        /// The provider.
        provider: String,
        /// Why, in words.
        reason: String,
    },
    /// There is no such sign-in, or it has ended.
    #[error("there is no such sign-in, or it has ended")]
    NoSuchSignIn,
    /// An address is not the answer to this sign-in.
    #[error("this address is not the answer to this sign-in: {reason}")]
    NotThisSignIn {
        /// What is wrong with it.
        reason: String,
    },
    /// A sign-in would make the account another's: whoever waits for it asks the user, and says so with `agree`.
    #[error("the account with `{provider}` is another's: it is `{old}`, and this sign-in is of `{new}`")]
    OtherIdentity {
        /// The provider.
        provider: String,
        /// Whose the account is.
        old: String,
        /// Who signed in.
        new: String,
    },
    /// In this sign-in a secret is typed: the provider has no part in it.
    #[error("in this sign-in a token is typed, so there is no page of the provider")]
    Typed,
    /// In this sign-in the user enters a code: no address comes back.
    #[error("in this sign-in a code is entered on the provider's page, so there is no address to paste")]
    OnDevice,
    /// The provider has no page on which a code could be entered.
    #[error("`{provider}` has no page on which a code could be entered")]
    NoDeviceFlow {
        /// The provider.
        provider: String,
    },
    /// The token is the operator's own client's: no person has a part in it.
    #[error("there is nothing to sign in to at `{provider}`: its tokens are the client's own")]
    NoPerson {
        /// The provider.
        provider: String,
    },
    /// Several needs were given that are not of one account.
    #[error("a sign-in is for one account, and these needs are of several or none")]
    NotOneAccount,
    /// The provider refused a request for lack of a scope, which no consent that may be asked for would give.
    #[error("{}", scope_in_words(provider, scopes, *fault))]
    Scope {
        /// The provider.
        provider: String,
        /// The handler of the account.
        handler: String,
        /// The scopes that it named.
        scopes: Vec<String>,
        /// Why no consent would help.
        fault: ScopeFault,
    },
    /// The operator's client has no secret, and the provider takes none without.
    #[error("`{provider}` takes no client without a secret, and `client_secret` is not set under `[auth.{provider}]`")]
    NoClientSecret {
        /// The provider.
        provider: String,
        /// How people write it.
        title: String,
    },
    /// The account is being renewed or changed elsewhere.
    #[error("the account with `{provider}` is being renewed; try again in {seconds} s")]
    Busy {
        /// The provider.
        provider: String,
        /// In how many seconds to try again.
        seconds: u64,
    },
    /// The provider could not be reached, or failed for now. The account is as it was.
    #[error("`{provider}` could not be reached: {reason}")]
    Unreachable {
        /// The provider.
        provider: String,
        /// Why.
        reason: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider refused the operator's client: no user's sign-in would help.
    #[error("`{provider}` refused the client: {reason}")]
    Configuration {
        /// The provider.
        provider: String,
        /// What it said.
        reason: String,
    },
    /// The provider's answer is not one of a token endpoint.
    #[error("the answer of `{provider}` could not be read: {reason}")]
    Protocol {
        /// The provider.
        provider: String,
        /// What was wrong with it.
        reason: String,
    },
    /// An account's record cannot be read, or not be written.
    #[error("the account with `{provider}` cannot be read: {reason}")]
    Unreadable {
        /// The provider.
        provider: String,
        /// Why.
        reason: String,
    },
    /// What the provider gave could not be saved. It is held in memory and saved at the next try.
    #[error("the account with `{provider}` could not be saved: {reason}")]
    NotKept {
        /// The provider.
        provider: String,
        /// Why.
        reason: String,
    },
    /// A task of ours ended before its work was done.
    #[error("the renewal of the account with `{provider}` was cut off")]
    CutOff {
        /// The provider.
        provider: String,
    },
}

/// Why no consent gives a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeFault {
    /// The provider did not say which.
    NotNamed,
    /// The tool does not declare it, so its user is not asked for it.
    NotDeclared,
    /// A consent gave it, the provider said, and refused it all the same, twice in a row.
    NotGiven,
    /// Nobody is asked for scopes: the token was typed, or is the client's own.
    NotAsked,
}

fn scope_in_words(provider: &str, scopes: &[String], fault: ScopeFault) -> String {
    let scopes: Vec<String> = scopes.iter().map(|s| format!("`{}`", shown_on_one_line(s))).collect();
    let scopes = scopes.join(", ");
    match fault {
        ScopeFault::NotNamed => {
            format!("`{provider}` refused a request for lack of a scope, and did not say of which")
        }
        ScopeFault::NotDeclared => {
            format!("`{provider}` wants a scope for this that the tool does not declare: {scopes}")
        }
        ScopeFault::NotGiven => {
            format!("`{provider}` wants a scope for this that its own consent does not give: {scopes}")
        }
        ScopeFault::NotAsked => format!("the token of `{provider}` lacks a scope for this: {scopes}"),
    }
}

impl AuthError {
    pub(super) fn busy(provider: &str, seconds: u64) -> Self {
        Self::Busy {
            provider: provider.to_owned(),
            seconds,
        }
    }

    /// Why the token endpoint of a provider gave nothing.
    pub(super) fn of_flow(provider: &str, error: FlowError) -> Self {
        let provider = provider.to_owned();
        match error {
            FlowError::Denied(_) => Self::Denied { provider },
            FlowError::InvalidGrant(reason) => Self::SignInFailed {
                provider,
                reason: shown_on_one_line(&reason),
            },
            FlowError::Configuration(reason) => Self::Configuration {
                provider,
                reason: shown_on_one_line(&reason),
            },
            FlowError::Unreachable { reason, retry_after } => Self::Unreachable {
                provider,
                reason: shown_on_one_line(&reason),
                retry_after,
            },
            FlowError::Protocol(reason) => Self::Protocol {
                provider,
                reason: shown_on_one_line(&reason),
            },
        }
    }

    /// Whether another saved first.
    pub(super) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(StoreError::Conflict))
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::SignInRequired { .. } | Self::SignInExpired { .. } | Self::SignInFailed { .. } => {
                Code::SignInRequired
            }
            Self::Provider(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Transfer(error) => error.code(),
            Self::NoClient { .. }
            | Self::NoClientSecret { .. }
            | Self::Configuration { .. }
            | Self::NoPagesAt { .. }
            | Self::OperatorsCertificate { .. } => Code::NotValid,
            Self::PortTaken { .. } | Self::Locked(_) | Self::Busy { .. } => Code::Busy,
            Self::Denied { .. } | Self::OtherIdentity { .. } | Self::Scope { .. } => Code::Denied,
            Self::NoSuchSignIn => Code::NotFound,
            Self::NotThisSignIn { .. }
            | Self::Typed
            | Self::OnDevice
            | Self::NoDeviceFlow { .. }
            | Self::NoPerson { .. }
            | Self::NotOneAccount => Code::InvalidInput,
            Self::Unreachable { .. } | Self::Protocol { .. } => Code::Unreachable,
            Self::Listen { .. }
            | Self::Certificate { .. }
            | Self::Unreadable { .. }
            | Self::NotKept { .. }
            | Self::CutOff { .. } => Code::Internal,
        }
    }
}
