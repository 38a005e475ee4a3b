//! A sign-in that was begun and has not ended, as it is shown.

use crate::{
    auth::pending::{Pending, Step},
    base::clock::UnixTime,
    package::TokenKind,
};

/// A sign-in that was begun and has not ended: never with its URL, its codes or what came back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct PendingSignIn {
    /// The provider's name.
    pub provider: String,
    /// The handler's name.
    pub handler: String,
    /// Whose account it will be: the profile's name.
    pub profile: String,
    /// The tool whose own the account will be; nothing for one that all tools share.
    pub tool: Option<String>,
    /// Whose token it will give.
    pub kind: TokenKind,
    /// What the user has to do.
    pub awaits: SignInStep,
    /// Every scope that it asks for.
    pub scopes: Vec<String>,
    /// The tools it was begun for.
    pub tools: Vec<String>,
    /// When it ends unused.
    pub expires_at: UnixTime,
}

/// What the user has to do in a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignInStep {
    /// Open our page and agree on the provider's.
    Page,
    /// Type a secret on our page.
    Typing,
    /// Enter a code on the provider's page, on any device.
    Code,
    /// Say whether the account may become another's.
    Agreement,
}

impl PendingSignIn {
    pub(super) fn of(pending: &Pending) -> Self {
        let account = pending.account();
        Self {
            tool: account.owner.tool().map(ToString::to_string),
            provider: account.provider,
            handler: account.handler,
            profile: account.profile.as_str().to_owned(),
            kind: account.kind,
            awaits: match &pending.step {
                Step::Authorize(_) => SignInStep::Page,
                Step::Type(_) => SignInStep::Typing,
                Step::Device(_) => SignInStep::Code,
                Step::Agree(_) => SignInStep::Agreement,
            },
            scopes: pending.scopes.clone(),
            tools: pending.tools.clone(),
            expires_at: pending.expires_at,
        }
    }
}
