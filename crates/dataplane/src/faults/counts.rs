//! Requests that faults hit, by what was done.

use imds_core::fault::{FaultKind, FaultKinds};

use crate::count::Count;

/// Requests that faults hit, by what was done. One with faults of several kinds counts for each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FaultCounts([u64; FaultKind::ALL.len()]);

impl FaultCounts {
    /// Those of one kind.
    pub fn of(&self, kind: FaultKind) -> u64 {
        self.0[kind as usize]
    }
}

/// One thread's counts.
#[derive(Debug, Default)]
pub(crate) struct FaultCounters([Count; FaultKind::ALL.len()]);

impl FaultCounters {
    pub(crate) fn count(&self, kinds: FaultKinds) {
        kinds.iter().for_each(|kind| self.0[kind as usize].add(1));
    }

    pub(crate) fn add_to(&self, sums: &mut FaultCounts) {
        for (sum, count) in sums.0.iter_mut().zip(&self.0) {
            *sum += count.get();
        }
    }
}
