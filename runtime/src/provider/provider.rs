//! Who issues tokens.

use std::sync::Arc;

use crate::{
    base::nearest::nearest,
    provider::{Handler, Placement, ProviderError, ScopeError},
};

/// Who issues tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provider {
    /// Its name in manifests and settings, in lower case: `slack`.
    pub name: String,
    /// How people write it: `Slack`.
    pub title: String,
    /// The hosts that its credential may go to: exact names, https, port 443 unless one is written (`host:port`).
    pub hosts: Vec<String>,
    /// Those of them that the operator added to what is built in: an account belongs to them as it does to its endpoints.
    pub operator_hosts: Vec<String>,
    /// The handlers, the default one first.
    pub handlers: Vec<Handler>,
    /// The one place of a request in which its token goes, where that is known.
    pub placement: Option<Placement>,
    /// How its API says that a token lacks a scope, where that is not as RFC 6750 has it.
    pub scope_error: Option<Arc<ScopeError>>,
    /// What its tokens begin with (`xoxb-`), which tells nothing of them.
    pub token_prefixes: Vec<String>,
    /// How well its endpoints are known.
    pub sure: Sure,
    /// The day on which that was looked up: `2026-11-23`.
    pub checked: Option<String>,
    /// The keys of its file whose values are not known for certain.
    pub unsure: Vec<String>,
    /// What a user or author may want to know.
    pub notes: Vec<String>,
}

/// How well a provider's endpoints are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sure {
    /// The provider's own documents say so.
    Vendor,
    /// Several independent clients agree.
    Clients,
    /// Remembered, and not looked up.
    Unchecked,
    /// The operator's own words.
    Operator,
    /// What is built in, with the operator's own words laid over it.
    Changed,
}

impl Provider {
    /// The handler of that name, or the default one.
    ///
    /// # Errors
    /// [`ProviderError::UnknownHandler`], with the nearest name there is.
    pub fn handler(&self, name: Option<&str>) -> Result<&Handler, ProviderError> {
        let found = match name {
            Some(name) => self.handlers.iter().find(|handler| handler.name == name),
            None => self.handlers.first(),
        };
        found.ok_or_else(|| {
            let name = name.unwrap_or_default();
            ProviderError::UnknownHandler {
                provider: self.name.clone(),
                name: crate::base::text::shown_on_one_line(name),
                nearest: nearest(name, self.handlers.iter().map(|handler| handler.name.as_str())).map(str::to_owned),
                known: self.handlers.iter().map(|handler| handler.name.clone()).collect(),
            }
        })
    }
}
