//! Completes sign-ins with the address that a provider sent a browser to, where that cannot reach this machine.

use std::sync::Arc;

use url::Url;

use crate::auth::{
    AuthError, SignIn,
    agreeing::is_anothers,
    board::Board,
    complete::{Completed, Completion},
    core::Core,
    flow::callback,
    flows::Standing,
    pending::{Pending, State, Step},
};

/// No address that a provider sends a browser to is longer.
const LONGEST_ADDRESS: usize = 16 * 1024;

/// Completes sign-ins with addresses that users paste.
pub(super) struct Pasting {
    core: Arc<Core>,
    board: Arc<Board>,
    completion: Arc<Completion>,
}

impl Pasting {
    pub(super) fn new(core: Arc<Core>, board: Arc<Board>, completion: Arc<Completion>) -> Self {
        Self {
            core,
            board,
            completion,
        }
    }

    pub(super) async fn provider_url(&self, sign_in: &SignIn) -> Result<String, AuthError> {
        let id = sign_in.id();
        let Standing::Pending(pending, _sealed) = self.core.flows.standing(id).await? else {
            return Err(AuthError::NoSuchSignIn);
        };
        if pending.is_over(self.core.now()) {
            return Err(AuthError::SignInExpired {
                provider: sign_in.provider.clone(),
            });
        }
        match &pending.step {
            Step::Authorize(authorize) => Ok(authorize.url.expose().to_owned()),
            Step::Type(_) => Err(AuthError::Typed),
            Step::Device(_) => Err(AuthError::OnDevice),
            Step::Agree(_) => Err(AuthError::NoSuchSignIn),
        }
    }

    /// With the address that the provider sent the browser to. No cookie is needed: the terminal that holds the sign-in is the
    /// proof that it is the same user.
    pub(super) async fn paste(&self, sign_in: &SignIn, address: &str) -> Result<(), AuthError> {
        let id = sign_in.id();
        if !self.board.is_local(id) {
            return Err(AuthError::NoSuchSignIn);
        }
        let Standing::Pending(pending, _sealed) = self.core.flows.standing(id).await? else {
            return Err(AuthError::NoSuchSignIn);
        };
        if pending.is_over(self.core.now()) {
            return Err(AuthError::SignInExpired {
                provider: sign_in.provider.clone(),
            });
        }
        let callback = pasted(&pending, address)?;
        let resolved = self.core.of_account(&pending.account())?.with(pending.told.as_ref());
        let oauth = resolved.oauth().ok_or(AuthError::Typed)?;
        let taken = self.core.flows.take(id).await?.ok_or(AuthError::NoSuchSignIn)?;
        // From here on it is the terminal's, should a browser have opened the page too.
        let taken = taken.without_browser();
        match self.completion.by_code(&taken, callback.code(oauth)).await {
            Completed::Ended(outcome) => outcome.told(&sign_in.provider),
            Completed::Asks(asking) => match &asking.step {
                Step::Agree(agree) => Err(is_anothers(&sign_in.provider, agree)),
                Step::Authorize(_) | Step::Type(_) | Step::Device(_) => Err(AuthError::NoSuchSignIn),
            },
        }
    }
}

/// The callback in an address that a user pasted, once it was found to belong to this sign-in.
fn pasted(pending: &Pending, address: &str) -> Result<callback::Callback, AuthError> {
    let not_this = |reason: &str| AuthError::NotThisSignIn {
        reason: reason.to_owned(),
    };
    let authorize = match &pending.step {
        Step::Authorize(authorize) => authorize,
        Step::Type(_) => return Err(AuthError::Typed),
        Step::Device(_) => return Err(AuthError::OnDevice),
        Step::Agree(_) => return Err(AuthError::NoSuchSignIn),
    };
    let address = address.trim();
    if address.len() > LONGEST_ADDRESS {
        return Err(not_this("it is longer than any that a provider sends"));
    }
    let url = Url::parse(address).map_err(|_not_one| not_this("it is not an address"))?;
    if url.origin() != authorize.redirect.origin() || url.path() != authorize.redirect.path() {
        return Err(not_this(&format!("it has to begin with `{}`", authorize.redirect)));
    }
    let callback = callback::parse(url.query().unwrap_or_default()).map_err(|error| not_this(&error.to_string()))?;
    let state = State::parse(callback.state.expose());
    let ours = state.is_some_and(|state| state.id == pending.id && authorize.is_state(&state));
    if ours {
        Ok(callback)
    } else {
        Err(not_this("it belongs to another sign-in"))
    }
}
