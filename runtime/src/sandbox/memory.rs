//! How much memory guests have, one call and all calls together.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use wasmtime::ResourceLimiter;

use crate::sandbox::Limits;

/// What all calls together have.
#[derive(Debug)]
pub(super) struct MemoryOfAllCalls {
    used: AtomicU64,
    limit: u64,
}

/// What one call has: the sum of its linear memories, and of its tables. Given back when it is dropped.
pub(super) struct CallMemory {
    all: Arc<MemoryOfAllCalls>,
    used: u64,
    limit: u64,
    table_elements: usize,
    table_limit: usize,
    core_instances: usize,
    memories: usize,
    tables: usize,
    refused: Refused,
}

/// What a call wanted more of than it may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) memory: bool,
    /// It was within its own limit, and all calls together had no more.
    pub(super) memory_of_all_calls: bool,
    pub(super) table_elements: bool,
}

impl MemoryOfAllCalls {
    pub(super) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(0),
            limit,
        })
    }

    /// Whether a new call may begin.
    pub(super) fn has_room(&self) -> bool {
        self.used.load(Ordering::Relaxed) < self.limit
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, more: u64) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(more).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    fn give_back(&self, amount: u64) {
        self.used.fetch_sub(amount, Ordering::Relaxed);
    }
}

impl CallMemory {
    pub(super) fn new(all: &Arc<MemoryOfAllCalls>, limit: u64, limits: &Limits) -> Self {
        Self {
            all: Arc::clone(all),
            used: 0,
            limit,
            table_elements: 0,
            table_limit: limits.table_elements,
            core_instances: as_usize(limits.core_instances),
            memories: as_usize(limits.memories),
            tables: as_usize(limits.tables),
            refused: Refused::default(),
        }
    }

    /// The most it had: linear memories do not shrink.
    pub(super) const fn peak(&self) -> u64 {
        self.used
    }

    /// Elements of all its tables: tables do not shrink either.
    pub(super) const fn table_elements(&self) -> usize {
        self.table_elements
    }

    /// What it was ever refused.
    pub(super) const fn refused(&self) -> Refused {
        self.refused
    }
}

impl Drop for CallMemory {
    fn drop(&mut self) {
        self.all.give_back(self.used);
    }
}

/// Nothing is taken back when a growth that was allowed then fails: wasmtime tells of such failures also where it did not
/// ask before, so a guest could have itself refunded what it never paid.
impl ResourceLimiter for CallMemory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        if self.used.checked_add(more).is_none_or(|sum| sum > self.limit) {
            self.refused.memory = true;
            return Ok(false);
        }
        if !self.all.take(more) {
            self.refused.memory_of_all_calls = true;
            return Ok(false);
        }
        self.used += more;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        let sum = self.table_elements.saturating_add(desired.saturating_sub(current));
        if sum > self.table_limit {
            self.refused.table_elements = true;
            return Ok(false);
        }
        self.table_elements = sum;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.core_instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

fn as_usize(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memories_of_a_call_are_summed_and_given_back_once() {
        let all = MemoryOfAllCalls::new(1_000);
        let mut call = CallMemory::new(&all, 300, &Limits::default());
        assert!(call.memory_growing(0, 100, None).unwrap());
        assert!(call.memory_growing(0, 100, None).unwrap());
        assert!(call.memory_growing(100, 200, None).unwrap());
        assert_eq!(call.refused(), Refused::default());
        assert!(!call.memory_growing(200, 201, None).unwrap());
        assert!(call.refused().memory && !call.refused().table_elements);
        assert_eq!((call.peak(), all.used()), (300, 300));
        call.memory_grow_failed(wasmtime::Error::msg("no")).unwrap();
        assert_eq!(call.peak(), 300);
        drop(call);
        assert_eq!(all.used(), 0);
    }

    #[test]
    fn a_growth_past_the_memorys_own_maximum_costs_nothing() {
        let all = MemoryOfAllCalls::new(1_000);
        let mut call = CallMemory::new(&all, 300, &Limits::default());
        assert!(!call.memory_growing(0, 200, Some(100)).unwrap());
        assert_eq!(call.refused(), Refused::default());
        assert_eq!(call.peak(), 0);
    }

    #[test]
    fn a_table_that_may_not_grow_is_told_from_memory() {
        let limits = Limits {
            table_elements: 10,
            ..Limits::default()
        };
        let mut call = CallMemory::new(&MemoryOfAllCalls::new(0), 0, &limits);
        assert!(call.table_growing(0, 6, None).unwrap());
        assert!(!call.table_growing(0, 5, None).unwrap());
        assert!(call.refused().table_elements && !call.refused().memory);
        assert!(call.table_growing(6, 10, None).unwrap());
        assert_eq!(call.table_elements(), 10);
    }

    #[test]
    fn all_calls_together_have_a_limit_too() {
        let all = MemoryOfAllCalls::new(150);
        let mut first = CallMemory::new(&all, 100, &Limits::default());
        let mut second = CallMemory::new(&all, 100, &Limits::default());
        assert!(first.memory_growing(0, 100, None).unwrap());
        assert!(all.has_room());
        assert!(!second.memory_growing(0, 100, None).unwrap());
        assert!(second.refused().memory_of_all_calls && !second.refused().memory);
        assert!(second.memory_growing(0, 50, None).unwrap());
        assert!(!all.has_room());
        drop(first);
        assert!(all.has_room());
    }

    proptest! {
        #[test]
        fn no_row_of_growths_passes_a_limit(steps in prop::collection::vec((any::<usize>(), any::<usize>()), 0..50)) {
            let all = MemoryOfAllCalls::new(1 << 30);
            let mut call = CallMemory::new(&all, 1 << 20, &Limits::default());
            for (current, desired) in steps {
                let _ = call.memory_growing(current, desired, None).unwrap();
                let _ = call.table_growing(current, desired, None).unwrap();
                prop_assert!(call.peak() <= 1 << 20);
                prop_assert!(call.table_elements <= 100_000);
                prop_assert_eq!(all.used(), call.peak());
            }
        }
    }
}
