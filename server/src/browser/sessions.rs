//! The browsers that were let in.

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

/// How many there are at once: the one that ends first does so for one more.
const MOST: usize = 4_096;

/// The browsers that were let in, each as one caller; kept in memory only, as hashes of their cookies.
#[derive(Debug)]
pub(crate) struct Sessions {
    last: Duration,
    open: Mutex<HashMap<Hash, Session>>,
}

/// A browser that was let in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(super) caller: Caller,
    /// What each form of its pages has in it.
    pub(super) form: Secret,
    ends: Instant,
}

impl Sessions {
    /// Each lasts so long.
    pub(crate) fn lasting(last: Duration) -> Self {
        Self {
            last,
            open: Mutex::default(),
        }
    }

    /// How long one lasts.
    pub(crate) const fn last(&self) -> Duration {
        self.last
    }

    /// Begins one, and gives what its cookie says.
    pub(crate) fn begin(&self, caller: Caller) -> Secret {
        self.begin_at(caller, Instant::now())
    }

    fn begin_at(&self, caller: Caller, now: Instant) -> Secret {
        let cookie = token::made();
        let session = Session {
            caller,
            form: token::made(),
            ends: now + self.last,
        };
        let mut open = self.lock();
        open.retain(|_hash, session| session.ends > now);
        if open.len() >= MOST
            && let Some(first) = open.iter().min_by_key(|(_, one)| one.ends).map(|(hash, _)| *hash)
        {
            open.remove(&first);
        }
        open.insert(Hash::of(cookie.expose()), session);
        cookie
    }

    /// Whose cookie this is, while the session lasts.
    pub(super) fn find(&self, cookie: &str) -> Option<Session> {
        self.find_at(cookie, Instant::now())
    }

    fn find_at(&self, cookie: &str, now: Instant) -> Option<Session> {
        let open = self.lock();
        open.get(&Hash::of(cookie))
            .filter(|session| session.ends > now)
            .cloned()
    }

    /// Ends one.
    pub(crate) fn end(&self, cookie: &str) {
        self.lock().remove(&Hash::of(cookie));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Hash, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use pocket_runtime::Profile;

    use super::*;

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_ends() {
        let (sessions, now) = (Sessions::lasting(Duration::from_secs(60)), Instant::now());
        let begin = || sessions.begin_at(Caller::without_key(Profile::default()), now);
        let (cookie, other) = (begin(), begin());
        assert!(sessions.find_at("", now).is_none());
        let found = |cookie: &Secret, after| sessions.find_at(cookie.expose(), now + Duration::from_secs(after));
        let form = |cookie: &Secret| found(cookie, 59).map(|session| session.form.expose().to_owned());
        assert!(form(&cookie).is_some());
        assert_ne!(form(&cookie), form(&other), "no form of one is good in another");
        assert!(found(&cookie, 60).is_none(), "it is too late");
        sessions.end(cookie.expose());
        assert!(found(&cookie, 0).is_none() && found(&other, 0).is_some());
        let kept = format!("{sessions:?}");
        assert!(!kept.contains(cookie.expose()) && !kept.contains(other.expose()));
    }
}
