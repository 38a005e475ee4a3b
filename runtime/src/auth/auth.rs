//! Joins store, flows and listener: an account's state, one sign-in and one refresh at a time.

use std::{sync::Arc, time::Duration};

use crate::{
    auth::{AccountId, AccountStatus, AuthError, Credential, FlowStore, Settings, SignIn, TokenStore},
    base::{clock::Clock, home::Home, name::Profile, net::Net},
    package::AuthRequirement,
    provider::Providers,
};

/// Signs users in, keeps their tokens fresh, and gives credentials.
pub struct Auth {
    inner: (),
}

/// What came of a sign-out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SignedOut {
    /// The accounts that were deleted here.
    pub accounts: usize,
    /// For each that the provider could not be told of: why. Its tokens are deleted here all the same.
    pub not_revoked: Vec<String>,
}

/// What [`Auth`] is made from.
pub(crate) struct AuthParts {
    pub(crate) settings: Settings,
    pub(crate) providers: Providers,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) flows: Arc<dyn FlowStore>,
    /// The sealing key, read or made.
    pub(crate) key: crate::base::key::StoreKey,
    pub(crate) net: Net,
    pub(crate) clock: Arc<dyn Clock>,
    /// For the listener's certificate (`data/tls/`) and its lock.
    pub(crate) home: Home,
}

impl Auth {
    pub(crate) fn new(parts: AuthParts) -> Result<Arc<Self>, AuthError> {
        let _ = parts;
        todo!()
    }

    /// The account that a tool's need is met from.
    ///
    /// # Errors
    /// When there is no such provider or handler, or the provider has no client in the settings.
    pub fn account_of(&self, profile: &Profile, need: &AuthRequirement) -> Result<AccountId, AuthError> {
        let _ = (profile, need, &self.inner);
        todo!()
    }

    /// Whether a call of each of these needs could be made now, without a sign-in.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_ready(&self, profile: &Profile, needs: &[AuthRequirement]) -> Result<bool, AuthError> {
        let _ = (profile, needs);
        todo!()
    }

    /// A credential that lives at least `for_at_least` and 60 s more; renewed first where it would not.
    ///
    /// # Errors
    /// [`AuthError::SignInRequired`], or why the provider or the store could not be reached.
    pub async fn credential(
        self: &Arc<Self>,
        profile: &Profile,
        need: &AuthRequirement,
        for_at_least: Duration,
    ) -> Result<Credential, AuthError> {
        let _ = (profile, need, for_at_least);
        todo!()
    }

    /// Tells that a provider's host answered 401 to a request that carried this very token. Gives the credential to use
    /// instead where there is a newer one, or one could be had by renewing; `None` where a person has to sign in.
    ///
    /// # Errors
    /// When the provider or the store could not be reached.
    pub async fn rejected(self: &Arc<Self>, credential: &Credential) -> Result<Option<Credential>, AuthError> {
        let _ = credential;
        todo!()
    }

    /// Begins a sign-in for one account, with the scopes of all these needs together (all of one account); opens the listener.
    /// `tools` are named on the page.
    ///
    /// # Errors
    /// When the provider has no client in the settings, or the port is taken.
    pub async fn begin(
        self: &Arc<Self>,
        profile: &Profile,
        needs: &[AuthRequirement],
        tools: &[String],
    ) -> Result<SignIn, AuthError> {
        let _ = (profile, needs, tools);
        todo!()
    }

    /// Waits until a sign-in is done, in this process or another of the same store.
    ///
    /// # Errors
    /// When the user denied it, it failed, or its URL ended unused.
    pub async fn wait(self: &Arc<Self>, sign_in: &SignIn) -> Result<(), AuthError> {
        let _ = sign_in;
        todo!()
    }

    /// The provider's own URL of a sign-in, for [`Auth::paste`].
    ///
    /// # Errors
    /// When the sign-in has ended, or is one in which a secret is typed.
    pub async fn provider_url(self: &Arc<Self>, sign_in: &SignIn) -> Result<String, AuthError> {
        let _ = sign_in;
        todo!()
    }

    /// Completes a sign-in with the address that the provider sent the user's browser to.
    ///
    /// # Errors
    /// When the address is not the answer to this sign-in, or the provider refuses it.
    pub async fn paste(self: &Arc<Self>, sign_in: &SignIn, address: &str) -> Result<(), AuthError> {
        let _ = (sign_in, address);
        todo!()
    }

    /// The accounts, of one profile or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn accounts(&self, profile: Option<&Profile>) -> Result<Vec<AccountStatus>, AuthError> {
        let _ = profile;
        todo!()
    }

    /// Signs out: tokens are deleted here whether or not the provider can be told.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn sign_out(
        self: &Arc<Self>,
        profile: &Profile,
        provider: &str,
        handler: Option<&str>,
    ) -> Result<SignedOut, AuthError> {
        let _ = (profile, provider, handler);
        todo!()
    }
}
