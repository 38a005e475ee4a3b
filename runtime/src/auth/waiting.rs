//! Waits for sign-ins, in whichever process of a store they are completed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::auth::{
    AuthError, SignIn,
    agreeing::{asked, is_anothers},
    board::Board,
    core::Core,
    devices::Devices,
    flows::Standing,
    pending::{FlowId, Outcome},
};

/// How often the store is asked how a sign-in goes that another process may complete.
const POLL: Duration = Duration::from_millis(250);
/// How long a browser may take to fetch the last page before the process that served it may end.
const LAST_PAGE: Duration = Duration::from_secs(3);
/// How long the port may be somebody else's before a waiter is told.
const BLOCKED: Duration = Duration::from_secs(3);
/// How long one that was taken may be at work: the requests, and a store that fails for a while.
const COMPLETION: Duration = Duration::from_secs(90);

/// Waits for sign-ins.
pub(super) struct Waiting {
    core: Arc<Core>,
    board: Arc<Board>,
    devices: Arc<Devices>,
}

impl Waiting {
    pub(super) fn new(core: Arc<Core>, board: Arc<Board>, devices: Arc<Devices>) -> Self {
        Self { core, board, devices }
    }

    /// Waits until one is done, in this process or another of the same store.
    pub(super) async fn wait(&self, sign_in: &SignIn) -> Result<(), AuthError> {
        let mut id = sign_in.id();
        let mut expires_at = sign_in.expires_at;
        let mut taken_at = None;
        let expired = || AuthError::SignInExpired {
            provider: sign_in.provider.clone(),
        };
        loop {
            let turned = self.board.turned();
            tokio::pin!(turned);
            turned.as_mut().enable();
            if let Some(outcome) = self.board.untold(id) {
                return outcome.told(&sign_in.provider);
            }
            match self.core.flows.standing(id).await? {
                Standing::Ended(Outcome::Superseded { by } | Outcome::Continued { by }) => {
                    id = by;
                    expires_at = expires_at.max(self.core.now().after(self.core.settings.sign_in_ttl));
                    continue;
                }
                Standing::Ended(outcome) => {
                    self.last_page(id).await;
                    return outcome.told(&sign_in.provider);
                }
                Standing::Pending(pending, _sealed) if pending.is_over(self.core.now()) => return Err(expired()),
                Standing::Pending(ref pending, _) if let Some(agree) = asked(pending) => {
                    return Err(is_anothers(&sign_in.provider, agree));
                }
                Standing::Taken if is_stuck(&mut taken_at) => return Err(cut_off(&sign_in.provider)),
                Standing::Pending(pending, sealed) => self.devices.ask_if_due(&pending, sealed).await?,
                Standing::Taken => {}
                Standing::Unknown if self.core.now() >= expires_at => return Err(expired()),
                Standing::Unknown => return Err(AuthError::NoSuchSignIn),
            }
            if self.board.is_blocked_for(BLOCKED) && self.board.is_local(id) {
                return Err(AuthError::PortTaken {
                    port: self.core.settings.callback_port,
                });
            }
            let _elapsed = tokio::time::timeout(POLL, turned).await;
        }
    }

    /// The browser is on its way to the page that says how it went: a process that ends now would leave it without.
    async fn last_page(&self, id: FlowId) {
        let shown = async {
            loop {
                let turned = self.board.turned();
                tokio::pin!(turned);
                turned.as_mut().enable();
                if !self.board.has_page_due(id) {
                    return;
                }
                turned.await;
            }
        };
        let _elapsed = tokio::time::timeout(LAST_PAGE, shown).await;
    }
}

/// Whether one that was taken to be completed never will be: whoever took it was killed meanwhile.
fn is_stuck(taken_at: &mut Option<Instant>) -> bool {
    taken_at.get_or_insert_with(Instant::now).elapsed() > COMPLETION
}

fn cut_off(provider: &str) -> AuthError {
    AuthError::SignInFailed {
        provider: provider.to_owned(),
        reason: "the process that was completing it has ended".to_owned(),
    }
}
