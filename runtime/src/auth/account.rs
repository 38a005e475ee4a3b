//! A provider's tokens for one profile and handler, and the state they are in.

use crate::{
    base::{clock::UnixTime, name::Profile},
    package::{AccountOwner, TokenKind},
};

/// Which account: its parts are kept apart everywhere and never joined into one text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct AccountId {
    /// Whose.
    pub profile: Profile,
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// Whose token.
    pub kind: TokenKind,
    /// The client it was made with; empty for typed tokens.
    pub client_id: String,
    /// Which tools share it.
    pub owner: AccountOwner,
}

/// The state of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It has a token to use.
    Ready,
    /// Its token is being renewed.
    Refreshing,
    /// A person has to sign in again.
    NeedsSignIn(NeedsSignIn),
}

/// Why a person has to sign in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedsSignIn {
    /// The token ended and there is nothing to renew it with.
    Expired,
    /// The provider refused to renew it.
    Refused,
    /// The provider refused the token itself.
    Rejected,
    /// A crash fell between the provider's answer and its being kept.
    LostInCrash,
    /// A tool needs a scope that it does not have.
    Scope,
}

/// An account, as it is shown: never a token.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AccountStatus {
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// Whose account: the profile's name.
    pub profile: String,
    /// Whose token.
    pub kind: TokenKind,
    /// The tool whose own account it is; `None` where all tools share it.
    pub tool: Option<String>,
    /// Where that tool has its name: the project's folder, or what the embedding program calls itself.
    pub tool_of: Option<String>,
    /// Its state.
    pub state: AccountState,
    /// The scopes it has.
    pub scopes: Vec<String>,
    /// Who it is with the provider (`alice @ Acme`), where the reply said.
    pub identity: Option<String>,
    /// When the token ends, if it does.
    pub expires_at: Option<UnixTime>,
    /// When it was last renewed.
    pub refreshed_at: Option<UnixTime>,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
}
