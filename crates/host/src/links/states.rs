//! What the thread that makes links shows of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use imds_dataplane::{LinkCounts, LinkId};

use super::spec::LinkSpec;

/// All links.
#[derive(Default)]
pub(super) struct LinkStates {
    /// By number.
    shown: Mutex<BTreeMap<u32, Shown>>,
    /// Those that ended by themselves since they were taken last.
    ended: Mutex<Vec<u32>>,
}

/// A link as it is at the moment.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) spec: LinkSpec,
    pub(super) progress: Progress,
    /// Counted while it was up before.
    pub(super) earlier: LinkCounts,
}

#[derive(Clone, Debug)]
pub(super) enum Progress {
    /// It is up: the workload's device, and the listeners.
    Attached { device: String, listeners: Vec<LinkId> },
    /// It is not, for this reason.
    Waiting { reason: String },
}

impl LinkStates {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link has ended by itself.
    pub(super) fn end(&self, number: u32) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(number);
    }

    /// The links that have ended by themselves since this was asked last.
    pub(super) fn take_ended(&self) -> Vec<u32> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
