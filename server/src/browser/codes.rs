//! Codes that let a browser in, once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use pocket_runtime::Secret;

use crate::{
    browser::token::{self, Hash},
    caller::Caller,
};

/// How long a code may be used.
const LIVES: Duration = Duration::from_secs(10 * 60);
/// How many may be outstanding: the oldest ends for one more.
const MOST: usize = 64;

/// The codes that nobody used yet, kept as hashes.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    open: Mutex<HashMap<Hash, Open>>,
}

/// Whom a code lets in, and until when.
#[derive(Debug)]
struct Open {
    caller: Caller,
    ends: Instant,
}

impl Codes {
    /// A code that lets a browser in as this caller.
    pub(crate) fn make(&self, caller: Caller) -> Secret {
        self.make_at(caller, Instant::now())
    }

    fn make_at(&self, caller: Caller, now: Instant) -> Secret {
        let code = token::made();
        let mut open = self.lock();
        open.retain(|_hash, open| open.ends > now);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, open)| open.ends).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        let ends = now + LIVES;
        open.insert(Hash::of(code.expose()), Open { caller, ends });
        code
    }

    /// Whom a code lets in. It is used up by that.
    pub(crate) fn take(&self, code: &str) -> Option<Caller> {
        self.take_at(code, Instant::now())
    }

    fn take_at(&self, code: &str, now: Instant) -> Option<Caller> {
        let open = self.lock().remove(&Hash::of(code))?;
        (open.ends > now).then_some(open.caller)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Hash, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use pocket_runtime::Profile;

    use super::*;

    fn caller() -> Caller {
        Caller::without_key(Profile::default())
    }

    #[test]
    fn a_code_lets_in_once_and_not_after_its_time() {
        let (codes, now) = (Codes::default(), Instant::now());
        let (code, other) = (codes.make_at(caller(), now), codes.make_at(caller(), now));
        assert!(codes.take_at("", now).is_none());
        assert!(codes.take_at(code.expose(), now).is_some());
        assert!(codes.take_at(code.expose(), now).is_none(), "it is used up");
        assert!(codes.take_at(other.expose(), now + LIVES).is_none(), "it is too late");
        assert!(!format!("{codes:?}{code:?}").contains(code.expose()));
    }

    #[test]
    fn only_so_many_are_outstanding() {
        let (codes, now) = (Codes::default(), Instant::now());
        let first = codes.make_at(caller(), now);
        for at in 1..=MOST {
            codes.make_at(caller(), now + Duration::from_millis(at as u64));
        }
        assert_eq!(codes.lock().len(), MOST);
        assert!(codes.take_at(first.expose(), now).is_none(), "the oldest ended");
    }
}
