//! Which calls may run now, which wait, and which are told to come back.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    base::name::Profile,
    sandbox::{Limits, memory::MemoryOfAllCalls},
};

/// Counts the calls of one process.
pub(super) struct Admission {
    calls: Semaphore,
    profiles: Mutex<HashMap<Profile, Arc<Semaphore>>>,
    per_profile: usize,
    waiting: AtomicU32,
    limits: Limits,
    memory: Arc<MemoryOfAllCalls>,
}

/// There is no room for a call, nor will there soon be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// A call's place, given back when dropped.
pub(super) struct Place<'a> {
    _call: SemaphorePermit<'a>,
    _tool: SemaphorePermit<'a>,
    _profile: OfProfile<'a>,
}

/// The places of a profile, and whether one of them is held.
struct OfProfile<'a> {
    admission: &'a Admission,
    profile: &'a Profile,
    places: Arc<Semaphore>,
    held: bool,
}

struct Waiting<'a>(&'a AtomicU32);

impl Admission {
    pub(super) fn new(limits: &Limits, memory: Arc<MemoryOfAllCalls>) -> Self {
        Self {
            calls: places(limits.calls),
            profiles: Mutex::default(),
            per_profile: as_places(limits.calls_per_profile),
            waiting: AtomicU32::new(0),
            limits: limits.clone(),
            memory,
        }
    }

    /// How many calls have a place, and how many wait for one.
    pub(super) fn occupied(&self) -> (u32, u32) {
        let free = self.calls.available_permits();
        let running = as_places(self.limits.calls).saturating_sub(free);
        (
            u32::try_from(running).unwrap_or(u32::MAX),
            self.waiting.load(Ordering::SeqCst),
        )
    }

    /// What a tool counts its own calls with.
    pub(super) fn places_of_tool(&self) -> Semaphore {
        places(self.limits.calls_per_tool)
    }

    /// A place for one call, waiting for it where there is none now.
    ///
    /// # Errors
    /// When too many wait already, when it takes too long, or when guests have all the memory they may have.
    pub(super) async fn place<'a>(&'a self, profile: &'a Profile, tool: &'a Semaphore) -> Result<Place<'a>, Busy> {
        if !self.memory.has_room() {
            return Err(Busy);
        }
        let mut own = self.places_of(profile);
        if let (Ok(of_tool), true, Ok(call)) = (tool.try_acquire(), own.try_hold(), self.calls.try_acquire()) {
            return Ok(Place {
                _call: call,
                _tool: of_tool,
                _profile: own,
            });
        }
        drop(own);
        let mut own = self.places_of(profile);
        self.wait(async {
            // Always in this order: what one call holds while it waits, the ones before it give back.
            let of_tool = tool.acquire().await.ok()?;
            own.hold().await?;
            let call = self.calls.acquire().await.ok()?;
            Some(Place {
                _call: call,
                _tool: of_tool,
                _profile: own,
            })
        })
        .await
    }

    async fn wait<T>(&self, place: impl Future<Output = Option<T>>) -> Result<T, Busy> {
        let before = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        if before >= self.limits.waiting {
            return Err(Busy);
        }
        match tokio::time::timeout(self.limits.waiting_time, place).await {
            Ok(Some(place)) => Ok(place),
            Ok(None) | Err(_) => Err(Busy),
        }
    }

    fn places_of<'a>(&'a self, profile: &'a Profile) -> OfProfile<'a> {
        let mut profiles = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        let places = match profiles.get(profile) {
            Some(places) => Arc::clone(places),
            None => {
                let places = Arc::new(Semaphore::new(self.per_profile));
                profiles.insert(profile.clone(), Arc::clone(&places));
                places
            }
        };
        OfProfile {
            admission: self,
            profile,
            places,
            held: false,
        }
    }
}

impl OfProfile<'_> {
    fn try_hold(&mut self) -> bool {
        if let Ok(place) = self.places.try_acquire() {
            place.forget();
            self.held = true;
        }
        self.held
    }

    async fn hold(&mut self) -> Option<()> {
        self.places.acquire().await.ok()?.forget();
        self.held = true;
        Some(())
    }
}

/// A profile is counted only while it has calls.
impl Drop for OfProfile<'_> {
    fn drop(&mut self) {
        if self.held {
            self.places.add_permits(1);
        }
        let mut profiles = self.admission.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        // One in the map and one here: nobody else uses it, and nobody can come to while the map is locked.
        if Arc::strong_count(&self.places) == 2 {
            profiles.remove(self.profile);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn places(count: u32) -> Semaphore {
    Semaphore::new(as_places(count))
}

fn as_places(count: u32) -> usize {
    usize::try_from(count)
        .unwrap_or(Semaphore::MAX_PERMITS)
        .min(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    fn admission(limits: Limits) -> Admission {
        let memory = MemoryOfAllCalls::new(limits.memory_of_all_calls);
        Admission::new(&limits, memory)
    }

    fn small() -> Limits {
        Limits {
            calls: 3,
            calls_per_profile: 2,
            calls_per_tool: 2,
            waiting: 1,
            waiting_time: Duration::from_millis(20),
            ..Limits::default()
        }
    }

    #[tokio::test]
    async fn a_profile_and_a_tool_have_their_share_only() {
        let admission = admission(small());
        let (one, other) = (admission.places_of_tool(), admission.places_of_tool());
        let (ada, bob) = (Profile::new("ada"), Profile::new("bob"));
        let first = admission.place(&ada, &one).await.unwrap();
        let second = admission.place(&ada, &other).await.unwrap();
        assert_eq!(admission.place(&ada, &other).await.err(), Some(Busy));
        let third = admission.place(&bob, &other).await.unwrap();
        assert_eq!(admission.place(&bob, &one).await.err(), Some(Busy));
        drop((first, second, third));
        assert!(admission.profiles.lock().unwrap().is_empty());
        assert_eq!(admission.calls.available_permits(), 3);
        assert_eq!((one.available_permits(), other.available_permits()), (2, 2));
    }

    #[tokio::test]
    async fn who_waits_gets_the_place_that_is_given_back() {
        let admission = admission(Limits {
            waiting_time: Duration::from_secs(60),
            ..small()
        });
        let tool = admission.places_of_tool();
        let ada = Profile::new("ada");
        let first = admission.place(&ada, &tool).await.unwrap();
        let _second = admission.place(&ada, &tool).await.unwrap();
        let waits = admission.place(&ada, &tool);
        tokio::pin!(waits);
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(
            admission.place(&ada, &tool).await.err(),
            Some(Busy),
            "one waits already"
        );
        drop(first);
        assert!(waits.await.is_ok());
    }

    #[tokio::test]
    async fn nobody_begins_where_guests_have_all_the_memory() {
        let admission = admission(Limits {
            memory_of_all_calls: 0,
            ..small()
        });
        let tool = admission.places_of_tool();
        assert_eq!(admission.place(&Profile::default(), &tool).await.err(), Some(Busy));
    }
}
