//! How far the agent has come, for whoever waits for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use imds_account::Revision;

/// The revision up to which everything is in force. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<(Mutex<Reached>, Condvar)>);

#[derive(Debug, Default)]
struct Reached {
    revision: Revision,
    /// The newest change of an instance that was seen; zero before the first.
    changed: Revision,
}

impl Progress {
    /// Everything up to this revision is in force.
    pub fn revision(&self) -> Revision {
        self.lock().revision
    }

    /// The newest change of an instance since the start: what other hosts have to bring into force as well.
    pub fn changed(&self) -> Revision {
        self.lock().changed
    }

    /// Waits until more than up to `seen` is in force, or `time` has passed, or somebody
    /// [wakes](Self::wake) all who wait.
    pub fn wait_beyond(&self, seen: Revision, time: Duration) -> Revision {
        let reached = self.lock();
        if reached.revision > seen {
            return reached.revision;
        }
        self.0.1.wait_timeout(reached, time).unwrap_or_else(PoisonError::into_inner).0.revision
    }

    /// Waits until everything up to `revision` is in force, or `time` has passed; whether it is.
    pub fn wait_for(&self, revision: Revision, time: Duration) -> bool {
        let is_missing = |reached: &mut Reached| reached.revision < revision;
        let waited = self.0.1.wait_timeout_while(self.lock(), time, is_missing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Ends each wait, though nothing has changed.
    pub fn wake(&self) {
        let _reached = self.lock();
        self.0.1.notify_all();
    }

    /// Everything up to `to` is in force; `is_change` says whether something of an instance changed by it.
    pub(crate) fn advance(&self, to: Revision, is_change: bool) {
        let mut reached = self.lock();
        // A restored backup has smaller ones.
        reached.revision = to;
        reached.changed = if is_change { to } else { reached.changed.min(to) };
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
