//! How a provider's API says that a token lacks a scope, where it does not say so as RFC 6750 has it.

use crate::provider::Pointer;

/// How a provider's API says that a token lacks a scope, where it does not say so as RFC 6750 section 3.1 has it: in a JSON reply of
/// whatever status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeError {
    /// Where the name of an error stands in the reply: `/error`.
    pub error: Pointer,
    /// The name of this one: `missing_scope`.
    pub name: String,
    /// Where the scope stands that is missing, or several with commas or spaces between.
    pub scopes: Pointer,
}

impl ScopeError {
    /// The scopes that a reply says are missing, where that is what it says.
    #[must_use]
    pub fn scopes_in<'a>(&self, reply: &'a serde_json::Value) -> Option<Vec<&'a str>> {
        let text = |pointer: &Pointer| pointer.find(reply).and_then(serde_json::Value::as_str);
        if text(&self.error) != Some(self.name.as_str()) {
            return None;
        }
        let scopes = text(&self.scopes).unwrap_or_default();
        Some(scopes.split([',', ' ']).filter(|scope| !scope.is_empty()).collect())
    }
}
