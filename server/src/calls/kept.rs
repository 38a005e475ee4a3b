//! Which calls are kept, and how long.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use pocket_runtime::{Digest, UnixTime};

use crate::{
    caller::Owner,
    calls::{Call, CallId},
};

/// How many calls that have ended are kept.
const CALLS: usize = 1_000;
/// About how many bytes of what they gave.
const BYTES: usize = 64 << 20;
/// For how long, in seconds.
pub(crate) const KEPT_SECONDS: u64 = 24 * 3600;

/// The calls that run, and the last ones that have ended.
#[derive(Debug, Default)]
pub(super) struct Kept {
    calls: HashMap<CallId, Arc<Call>>,
    /// Those that have ended, oldest first, with their size.
    ended: VecDeque<(CallId, usize, UnixTime)>,
    bytes: usize,
    /// What idempotency keys stand for.
    keyed: HashMap<(Owner, String), (Digest, CallId)>,
    keys_of: HashMap<CallId, (Owner, String)>,
}

/// What an idempotency key stands for.
pub(super) enum Keyed {
    Nothing,
    /// The same was asked before.
    Same(Arc<Call>),
    /// Something else was.
    Other,
}

impl Kept {
    pub(super) fn insert(&mut self, call: &Arc<Call>) {
        self.calls.insert(call.id.clone(), Arc::clone(call));
    }

    pub(super) fn get(&self, id: &CallId) -> Option<Arc<Call>> {
        self.calls.get(id).cloned()
    }

    pub(super) fn of<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = &'a Arc<Call>> {
        self.calls.values().filter(move |call| call.owner == *owner)
    }

    pub(super) fn running(&self) -> Vec<Arc<Call>> {
        let running = self.calls.values().filter(|call| call.ended().is_none());
        running.cloned().collect()
    }

    pub(super) fn has_ended(&mut self, id: &CallId, size: usize, now: UnixTime) {
        self.ended.push_back((id.clone(), size, now));
        self.bytes += size;
        while let Some((oldest, size, at)) = self.ended.front() {
            let is_old = now.since(*at).as_secs() > KEPT_SECONDS;
            // The newest stays, so that who just made it can read it.
            let is_over = self.ended.len() > CALLS || (self.bytes > BYTES && self.ended.len() > 1);
            if !is_old && !is_over {
                break;
            }
            self.bytes -= size;
            self.calls.remove(oldest);
            if let Some(key) = self.keys_of.remove(oldest) {
                self.keyed.remove(&key);
            }
            self.ended.pop_front();
        }
    }

    pub(super) fn keyed(&self, owner: &Owner, key: &str, asked: &Digest) -> Keyed {
        match self.keyed.get(&(owner.clone(), key.to_owned())) {
            None => Keyed::Nothing,
            Some((before, _)) if before != asked => Keyed::Other,
            Some((_, id)) => self.get(id).map_or(Keyed::Nothing, Keyed::Same),
        }
    }

    pub(super) fn key(&mut self, owner: Owner, key: String, asked: Digest, call: &Call) {
        self.keys_of.insert(call.id.clone(), (owner.clone(), key.clone()));
        self.keyed.insert((owner, key), (asked, call.id.clone()));
    }
}
