//! A tool that is compiled and linked, ready to be called.

use std::sync::Arc;

use crate::{
    auth::Credential,
    base::name::Profile,
    sandbox::{End, Report},
};

/// A tool that is compiled and linked, ready to be called.
pub(crate) struct Tool {}

/// What one call is made with.
pub(crate) struct Invocation<'a> {
    /// JSON text, checked.
    pub(crate) input: &'a str,
    /// Connections are never shared between profiles.
    pub(crate) profile: &'a Profile,
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) report: Option<Arc<dyn Report>>,
}

impl Tool {
    /// Whether it is a typed tool, whose output must be JSON.
    pub(crate) fn is_typed(&self) -> bool {
        todo!()
    }

    /// Calls it once, in a store of its own. Dropping the future ends the guest.
    pub(crate) async fn invoke(&self, invocation: Invocation<'_>) -> End {
        let _ = invocation;
        todo!()
    }
}
