//! What is applied on every host that shares the state.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use imds_account::{Applied, Revision, Store, hosts};
use imds_core::InstanceId;
use imds_core::options::MetadataOptions;
use imds_dataplane::{AppliedTable, Progress};

/// For how long a change that is not everywhere yet is said to be so without looking again: many instances of
/// one call need one look.
const PAUSE: Duration = Duration::from_millis(5);

/// The table here, and the watermarks of all hosts.
pub(super) struct AppliedEverywhere {
    here: AppliedTable,
    store: Store,
    /// How far this host has come.
    progress: Progress,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What was committed up to here is in force everywhere, and stays so.
    everywhere: Revision,
    /// When that was looked up.
    at: Option<Instant>,
}

impl AppliedEverywhere {
    pub(super) fn new(here: AppliedTable, store: Store, progress: Progress) -> Self {
        Self { here, store, progress, known: Mutex::default() }
    }
}

impl Applied for AppliedEverywhere {
    fn wait_for(&self, instance: &InstanceId) {
        self.here.wait_for(instance);
    }

    fn options(&self, instance: &InstanceId) -> Option<MetadataOptions> {
        self.here.options(instance)
    }

    fn is_everywhere(&self, revision: Revision) -> bool {
        let here = self.progress.revision();
        if here < revision {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // In a backup that was restored the same revisions are other commits.
        if known.everywhere > here {
            *known = Known::default();
        }
        if revision <= known.everywhere {
            return true;
        }
        if known.at.is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        match hosts::reached_by_all(&self.store) {
            Ok(reached) => {
                known.everywhere = reached.unwrap_or_default().min(here).max(known.everywhere);
            }
            Err(error) => tracing::warn!(%error, "cannot tell how far other hosts have come"),
        }
        // Also after an error: a call about many instances does not wait for the state for each.
        known.at = Some(Instant::now());
        revision <= known.everywhere
    }

    fn newest_change(&self) -> Revision {
        self.progress.changed()
    }

    fn has_role(&self, instance: &InstanceId, role: &str, now: u64) -> Option<bool> {
        self.here.has_role(instance, role, now)
    }
}
