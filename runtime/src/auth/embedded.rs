//! Where an embedding program serves the sign-in pages.

use url::Url;

use crate::{
    auth::{AuthError, resolve},
    provider::Redirect,
};

/// Where an embedding program serves the sign-in pages, as browsers and providers address them.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    at: Url,
    /// Others than the operator of this machine reach them.
    is_public: bool,
}

impl Embedded {
    /// At a URL of this machine.
    pub(super) const fn here(at: Url) -> Self {
        Self { at, is_public: false }
    }

    /// At any URL whose pages nobody on the way can read: https, or one of this machine.
    pub(super) fn public(at: Url) -> Result<Self, AuthError> {
        let is_here = at.scheme() == "http" && matches!(at.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let is_page = at.host_str().is_some() && at.query().is_none() && at.fragment().is_none();
        if !is_page || !(at.scheme() == "https" || is_here) {
            return Err(AuthError::NoPagesAt { url: at.into() });
        }
        Ok(Self { at, is_public: true })
    }

    /// How its pages are addressed, without a slash at its end, where a provider sends browsers back there. A provider takes any https
    /// URL that is registered with it.
    pub(super) fn for_provider(&self, redirect: Redirect) -> Option<String> {
        let is_taken = resolve::is_taken(redirect, &self.at) || (self.is_public && self.at.scheme() == "https");
        is_taken.then(|| self.at.as_str().trim_end_matches('/').to_owned())
    }

    pub(super) const fn is_public(&self) -> bool {
        self.is_public
    }
}
