//! Begins calls, and keeps them for who began them.

use std::sync::{Arc, Mutex, PoisonError};

use pocket_runtime::{CallOptions, Clock as _, Code, Digest, Error, Input, Pocket, SystemClock};

use crate::{
    caller::Caller,
    calls::{
        Call, CallId, Ended,
        kept::{Kept, Keyed},
    },
};

/// The calls of all doors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    kept: Arc<Mutex<Kept>>,
}

/// What becomes of a call that is asked for.
pub(crate) enum Begin {
    /// It runs.
    Begun(Arc<Call>),
    /// It was asked for before, with the same idempotency key.
    Before(Arc<Call>),
    /// The idempotency key stands for another call.
    OtherCall,
}

impl Calls {
    /// Begins a call, which goes on until it ends or is cancelled, whoever waits for it.
    pub(crate) fn begin(&self, pocket: &Pocket, caller: &Caller, tool: &str, input: Input) -> Arc<Call> {
        let call = Arc::new(Call::new(tool.to_owned(), caller.owner(), SystemClock.now()));
        self.lock().insert(&call);
        self.run(caller.pocket(pocket), Arc::clone(&call), input);
        call
    }

    /// The same, once for each idempotency key of a caller; `asked` is what was asked for.
    pub(crate) fn begin_once(
        &self,
        pocket: &Pocket,
        caller: &Caller,
        tool: &str,
        input: Input,
        (key, asked): (String, Digest),
    ) -> Begin {
        let owner = caller.owner();
        let mut kept = self.lock();
        match kept.keyed(&owner, &key, &asked) {
            Keyed::Same(call) => return Begin::Before(call),
            Keyed::Other => return Begin::OtherCall,
            Keyed::Nothing => {}
        }
        let call = Arc::new(Call::new(tool.to_owned(), owner.clone(), SystemClock.now()));
        kept.insert(&call);
        kept.key(owner, key, asked, &call);
        drop(kept);
        self.run(caller.pocket(pocket), Arc::clone(&call), input);
        Begin::Begun(call)
    }

    fn run(&self, pocket: Pocket, call: Arc<Call>, input: Input) {
        let calls = self.clone();
        tokio::spawn(async move {
            let mut options = CallOptions::default();
            options.report = Some(Arc::<Call>::clone(&call));
            let called = tokio::select! {
                called = pocket.call(&call.tool, input, options) => Some(called),
                () = call.cancelled() => None,
            };
            let now = SystemClock.now();
            let ended = match called {
                Some(Ok(called)) => {
                    let code = called.ended.as_ref().err().map_or(Code::Ok, Error::code);
                    Ended::called(called, code, now)
                }
                Some(Err(error)) => Ended::refused(error, now),
                None => Ended::cancelled(now),
            };
            let size = ended.size();
            call.end(ended);
            calls.lock().has_ended(&call.id, size, now);
        });
    }

    /// A call of this caller; another's does not exist for it.
    pub(crate) fn get(&self, caller: &Caller, id: &CallId) -> Option<Arc<Call>> {
        let owner = caller.owner();
        self.lock().get(id).filter(|call| call.owner == owner)
    }

    /// Those of this caller, the newest first.
    pub(crate) fn of(&self, caller: &Caller) -> Vec<Arc<Call>> {
        let owner = caller.owner();
        let mut calls: Vec<_> = self.lock().of(&owner).cloned().collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.began_at.0));
        calls
    }

    /// Stops all that run.
    pub(crate) fn cancel_all(&self) {
        for call in self.lock().running() {
            call.cancel();
        }
    }

    /// Waits until none runs.
    pub(crate) async fn wait_all(&self) {
        loop {
            let Some(call) = self.lock().running().pop() else {
                return;
            };
            call.wait().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
