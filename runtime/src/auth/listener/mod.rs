//! The sockets on which sign-ins come back: open on this machine alone, and only while one is pending.

mod answer;
mod claim;
mod cookie;
mod door;
mod form;
mod guard;
mod last_page;
mod router;
mod serve;
mod typing;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use claim::{Claim, claim, free_port};
pub(in crate::auth) use door::Door;
use router::router;
pub(in crate::auth) use router::{router_at, router_with_sessions};
use serve::Serving;
use tokio::task::JoinHandle;

use crate::{
    auth::{
        AuthError,
        board::Board,
        core::Core,
        flows::Standing,
        pending::FlowId,
        tls::{Certificate, Tls},
    },
    provider::Redirect,
};

/// How often it is looked whether the port is still needed, or can be taken over.
const TICK: Duration = Duration::from_millis(250);
/// How long the port stays open after the last sign-in ended: browsers are still fetching its last page.
const LINGER: Duration = Duration::from_secs(3);
/// How long it stays open for a sign-in that is only just being begun.
const BEGINNING: Duration = Duration::from_secs(10);
/// How many ticks lie between two questions to the store about sign-ins that another process may have completed.
const TICKS_A_QUESTION: u32 = 4;

/// The sockets on which sign-ins come back.
pub(in crate::auth) struct Listener {
    inner: Arc<Inner>,
    watcher: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    core: Arc<Core>,
    board: Arc<Board>,
    door: Arc<Door>,
    tls: Arc<Tls>,
    sockets: tokio::sync::Mutex<Sockets>,
}

#[derive(Default)]
struct Sockets {
    /// The port of the settings, where it is ours.
    fixed: Option<Serving>,
    /// Another one, for providers that take any.
    free: Option<Serving>,
    keep_until: Option<Instant>,
    watched: bool,
}

impl Listener {
    pub(in crate::auth) fn new(core: Arc<Core>, board: Arc<Board>, door: Arc<Door>) -> Self {
        let tls = Arc::new(Tls::new(
            &core.home,
            core.settings.certificate_file.clone(),
            Arc::clone(&core.clock),
        ));
        Self {
            inner: Arc::new(Inner {
                core,
                board,
                door,
                tls,
                sockets: tokio::sync::Mutex::default(),
            }),
            watcher: Mutex::default(),
        }
    }

    /// The certificate with which https is served.
    pub(in crate::auth) async fn certificate(&self) -> Result<Arc<Certificate>, AuthError> {
        certificate(&self.inner.tls).await
    }

    /// Sees to it that sign-ins can come back, here or in another process of the same store; gives the port.
    pub(in crate::auth) async fn open(&self, redirect: Redirect) -> Result<u16, AuthError> {
        let mut sockets = self.inner.sockets.lock().await;
        let port = self.inner.open(&mut sockets, redirect).await?;
        sockets.keep_until = Some(Instant::now() + BEGINNING);
        if !sockets.watched {
            sockets.watched = true;
            let watcher = tokio::spawn(watch(Arc::clone(&self.inner)));
            self.watcher
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .replace(watcher);
        }
        Ok(port)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take() {
            watcher.abort();
        }
    }
}

async fn certificate(tls: &Arc<Tls>) -> Result<Arc<Certificate>, AuthError> {
    let tls = Arc::clone(tls);
    let made = tokio::task::spawn_blocking(move || tls.certificate()).await;
    made.unwrap_or_else(|cut_off| {
        Err(AuthError::Certificate {
            reason: cut_off.to_string(),
        })
    })
}

impl Inner {
    async fn open(&self, sockets: &mut Sockets, redirect: Redirect) -> Result<u16, AuthError> {
        let fixed = self.core.settings.callback_port;
        if sockets.fixed.as_ref().is_some_and(Serving::is_alive) {
            return Ok(fixed);
        }
        let any = redirect == Redirect::LoopbackAnyPort || fixed == 0;
        if fixed != 0 {
            match claim(&self.core, fixed, claim::Patience::Some).await? {
                Claim::Ours(claimed) => {
                    sockets.fixed = Some(self.serve(claimed));
                    self.board.blocked(false);
                    return Ok(fixed);
                }
                Claim::AnotherPocket => return Ok(fixed),
                Claim::Foreign(_) if any => {}
                Claim::Foreign(error) => return Err(error),
            }
        }
        if let Some(free) = sockets.free.as_ref().filter(|free| free.is_alive()) {
            return Ok(free.port());
        }
        let serving = self.serve(free_port(&self.core).await?);
        let port = serving.port();
        sockets.free = Some(serving);
        Ok(port)
    }

    fn serve(&self, claimed: claim::Claimed) -> Serving {
        Serving::start(claimed, router(Arc::clone(&self.door)), Arc::clone(&self.tls))
    }

    /// Tries to have the port for the sign-ins of this process, when the process that had it ended.
    async fn take_over(&self, sockets: &mut Sockets, ask_store: bool) -> Result<(), AuthError> {
        let port = self.core.settings.callback_port;
        if port == 0 || sockets.fixed.as_ref().is_some_and(Serving::is_alive) {
            return Ok(());
        }
        let waiting = self.board.on_port(port);
        if waiting.is_empty() {
            self.board.blocked(false);
            return Ok(());
        }
        match claim(&self.core, port, claim::Patience::None).await? {
            Claim::Ours(claimed) => {
                sockets.fixed = Some(self.serve(claimed));
                self.board.blocked(false);
            }
            Claim::AnotherPocket => self.board.blocked(false),
            Claim::Foreign(_) => self.board.blocked(true),
        }
        if ask_store {
            self.forget_ended(waiting).await?;
        }
        Ok(())
    }

    /// Lets go of those that another process completed.
    async fn forget_ended(&self, waiting: Vec<FlowId>) -> Result<(), AuthError> {
        for id in waiting {
            match self.core.flows.standing(id).await? {
                Standing::Ended(_) | Standing::Unknown => self.board.end(id),
                Standing::Pending(..) | Standing::Taken => {}
            }
        }
        Ok(())
    }
}

/// Keeps the sockets open while they are needed, then closes them and ends.
async fn watch(inner: Arc<Inner>) {
    let mut ticks: u32 = 0;
    loop {
        tokio::time::sleep(TICK).await;
        ticks = ticks.wrapping_add(1);
        let mut sockets = inner.sockets.lock().await;
        let now = Instant::now();
        if inner.board.any_pending(inner.core.now()) {
            let kept = sockets.keep_until.unwrap_or(now);
            sockets.keep_until = Some(kept.max(now + LINGER));
            let ask_store = ticks.is_multiple_of(TICKS_A_QUESTION);
            if let Err(error) = inner.take_over(&mut sockets, ask_store).await {
                tracing::warn!(%error, "the port on which sign-ins come back could not be taken over");
            }
        } else if sockets.keep_until.is_none_or(|until| until <= now) {
            let closing = [sockets.fixed.take(), sockets.free.take()];
            for serving in closing.into_iter().flatten() {
                if let Some(mark) = serving.mark()
                    && let Err(error) = inner.core.flows.unmark(mark).await
                {
                    tracing::debug!(%error, "the mark of the port's owner was not removed; its time ends");
                }
            }
            sockets.watched = false;
            return;
        }
    }
}
