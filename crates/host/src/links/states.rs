//! What the thread that makes links shows of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use imds_dataplane::{LinkCounts, LinkId};

use super::spec::LinkSpec;

/// All links, by number.
#[derive(Default)]
pub(super) struct LinkStates(Mutex<BTreeMap<u32, Shown>>);

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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
