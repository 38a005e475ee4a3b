//! A tool that is compiled and linked, ready to be called.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::{
    auth::{Auth, Credential},
    base::name::{Profile, ToolName},
    package::ComponentKind,
    sandbox::{
        End, Policy, Report, bindings::TypedToolPre, code::Compiled, engine::Shared, invoke, outbound::Outbound,
        state::CallState,
    },
};

/// A tool that is compiled and linked, ready to be called.
pub(crate) struct Tool {
    pub(super) name: ToolName,
    pub(super) engine: Arc<Shared>,
    pub(super) entry: Entry,
    pub(super) policy: Policy,
    pub(super) outbound: Outbound,
    /// How many calls of it may run.
    pub(super) places: Semaphore,
    /// Keeps the code from being loaded anew for another tool of the same component.
    pub(super) _compiled: Arc<Compiled>,
}

/// How a component is called, looked up once.
pub(super) enum Entry {
    Command(CommandPre<CallState>),
    Typed(TypedToolPre<CallState>),
}

/// What one call is made with.
pub(crate) struct Invocation<'a> {
    /// JSON text, checked.
    pub(crate) input: &'a str,
    /// Connections are never shared between profiles.
    pub(crate) profile: &'a Profile,
    pub(crate) credential: Option<&'a Credential>,
    /// By which a token that is refused is renewed while the guest waits, where it has only a placeholder.
    pub(crate) auth: Option<&'a Arc<Auth>>,
    pub(crate) report: Option<Arc<dyn Report>>,
}

impl Tool {
    /// Calls it once, in a store of its own. Dropping the future ends the guest.
    pub(crate) async fn invoke(&self, invocation: Invocation<'_>) -> End {
        invoke::invoke(self, invocation).await
    }
}

impl Entry {
    pub(super) const fn kind(&self) -> ComponentKind {
        match self {
            Self::Command(_) => ComponentKind::Command,
            Self::Typed(_) => ComponentKind::Typed,
        }
    }
}
