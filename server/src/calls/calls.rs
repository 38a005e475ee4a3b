//! Begins calls, and keeps them for who began them.

use std::sync::{Arc, Mutex, PoisonError};

use pocket_runtime::{CallOptions, Clock as _, Digest, Input, Pocket, SystemClock};

use crate::{
    caller::Caller,
    calls::{
        Call, CallId, Ended,
        ended::How,
        kept::{Kept, Keyed},
    },
    keys::Revocations,
    seen::Seen,
};

/// The calls of all doors.
#[derive(Debug, Clone)]
pub(crate) struct Calls {
    kept: Arc<Mutex<Kept>>,
    seen: Arc<Seen>,
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

/// A call that runs. However its task ends, the call does: who waits for it must not wait for ever.
struct Running {
    calls: Calls,
    call: Arc<Call>,
    how: How,
}

impl Running {
    fn end(mut self, how: How) {
        self.how = how;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let how = std::mem::replace(&mut self.how, How::Lost);
        self.calls.has_ended(&self.call, how);
    }
}

impl Calls {
    /// What each came to is told to `seen`.
    pub(crate) fn new(seen: Arc<Seen>) -> Self {
        Self {
            kept: Arc::default(),
            seen,
        }
    }

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
        let running = Running {
            calls: self.clone(),
            call,
            how: How::Lost,
        };
        tokio::spawn(async move {
            let call = &running.call;
            let mut options = CallOptions::default();
            options.report = Some(Arc::<Call>::clone(call));
            let how = tokio::select! {
                called = pocket.call(&call.tool, input, options) => match called {
                    Ok(called) => How::Called(Box::new(called)),
                    Err(error) => How::Refused(error),
                },
                () = call.cancelled() => How::Cancelled,
            };
            running.end(how);
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

    /// Stops those whose key is revoked, for as long as this is waited for: whoever began one may wait for it no more.
    pub(crate) async fn end_with_keys(&self, mut revocations: Revocations) {
        loop {
            revocations.any().await;
            for call in self.lock().running() {
                if call.owner.has_key && revocations.has(&call.owner.key) {
                    call.cancel();
                }
            }
        }
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

    fn has_ended(&self, call: &Call, how: How) {
        let now = SystemClock.now();
        call.has_run();
        let ended = Ended::new(how, now);
        let size = ended.size() + call.story_size();
        self.seen.call(call, &ended);
        call.end(ended);
        self.lock().has_ended(&call.id, size, now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pocket_runtime::{Code, Profile, UnixTime};

    use super::*;

    #[tokio::test]
    async fn a_call_whose_task_is_gone_has_ended_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let calls = Calls::new(Arc::new(Seen::in_folder(folder.path())));
        let caller = Caller::without_key(Profile::default());
        let call = Arc::new(Call::new("echo".to_owned(), caller.owner(), UnixTime(0)));
        calls.lock().insert(&call);
        let running = Running {
            calls: calls.clone(),
            call: Arc::clone(&call),
            how: How::Lost,
        };
        let task = tokio::spawn(async move {
            let _running = running;
            panic!("a fault of ours");
        });
        assert!(task.await.is_err());
        let waited = tokio::time::timeout(Duration::from_secs(30), call.wait());
        assert!(waited.await.is_ok(), "who waits is told");
        let ended = calls.get(&caller, &call.id).and_then(|call| call.ended().cloned());
        assert_eq!(ended.map(|ended| ended.code), Some(Code::Internal));
    }
}
