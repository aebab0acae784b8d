//! What is applied on every host that shares the state.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use imds_account::hosts::Reach;
use imds_account::records::Follows;
use imds_account::{Applied, Revision, Store, StoreError};
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
    follows: Follows,
    /// How far this host has come.
    progress: Progress,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// How far this host had come when it was asked last.
    here: Revision,
    /// What was committed up to here is in force everywhere, and stays so.
    everywhere: Revision,
    /// Later changes of instances that are in force on all hosts that may serve them, and stay so.
    instances: BTreeMap<InstanceId, Revision>,
    /// How far all hosts had come when it was looked up, and when that was. Nobody knows after an error, for a
    /// pause: a call about many instances does not wait for the state for each.
    reach: Reach,
    at: Option<Instant>,
}

impl AppliedEverywhere {
    pub(super) fn new(
        here: AppliedTable,
        store: Store,
        follows: Follows,
        progress: Progress,
    ) -> Self {
        Self { here, store, follows, progress, known: Mutex::default() }
    }
}

impl Applied for AppliedEverywhere {
    fn wait_for(&self, instance: &InstanceId) {
        // Where it follows linked instances alone, nobody is taken for a default instance's.
        if self.follows_all() {
            self.here.wait_for(instance);
        }
    }

    fn options(&self, instance: &InstanceId) -> Option<MetadataOptions> {
        self.here.options(instance)
    }

    fn follows_all(&self) -> bool {
        self.follows == Follows::All
    }

    fn is_everywhere(&self, instance: &InstanceId, revision: Revision) -> bool {
        let here = self.progress.revision();
        if self.follows_all() && here < revision {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // In a backup that was restored the same revisions are other commits.
        if here < known.here {
            *known = Known::default();
        }
        known.here = here;
        known.is_in_force(&self.store, instance, revision).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot tell how far other hosts have come");
            false
        })
    }

    fn newest_change(&self) -> Revision {
        self.progress.changed()
    }

    fn has_role(&self, instance: &InstanceId, role: &str, now: u64) -> Option<bool> {
        if self.follows_all() { self.here.has_role(instance, role, now) } else { None }
    }
}

impl Known {
    fn is_in_force(
        &mut self,
        store: &Store,
        instance: &InstanceId,
        revision: Revision,
    ) -> Result<bool, StoreError> {
        let known = self.instances.get(instance).copied().unwrap_or_default();
        if revision <= self.everywhere.max(known) {
            return Ok(true);
        }
        let is_fresh = self.at.is_some_and(|at| at.elapsed() < PAUSE);
        if !(is_fresh && revision <= self.reach.read_at) {
            let reach = Reach::read(store);
            self.at = Some(Instant::now());
            self.reach = Reach::unknown();
            self.reach = reach?;
            self.everywhere = self.everywhere.max(self.reach.everywhere);
            self.instances.retain(|_, revision| *revision > self.everywhere);
        }
        let is_in_force = self.reach.has(store, instance, revision);
        if is_in_force.is_err() {
            self.at = Some(Instant::now());
            self.reach = Reach::unknown();
        }
        if is_in_force? {
            self.instances.insert(instance.clone(), revision);
            return Ok(true);
        }
        Ok(false)
    }
}
