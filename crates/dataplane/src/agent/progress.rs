//! How far the agent has come, for whoever waits for it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use imds_account::Revision;

/// The revision up to which everything is in force. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<(Mutex<Revision>, Condvar)>);

impl Progress {
    /// Everything up to this revision is in force.
    pub fn revision(&self) -> Revision {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until more than up to `seen` is in force, or `time` has passed, or somebody
    /// [wakes](Self::wake) all who wait.
    pub fn wait_beyond(&self, seen: Revision, time: Duration) -> Revision {
        let (revision, moved) = &*self.0;
        let revision = revision.lock().unwrap_or_else(PoisonError::into_inner);
        if *revision > seen {
            return *revision;
        }
        *moved.wait_timeout(revision, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until everything up to `revision` is in force, or `time` has passed; whether it is.
    pub fn wait_for(&self, revision: Revision, time: Duration) -> bool {
        let (reached, moved) = &*self.0;
        let reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |reached: &mut Revision| *reached < revision;
        let waited = moved.wait_timeout_while(reached, time, is_missing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Ends each wait, though nothing has changed.
    pub fn wake(&self) {
        let _revision = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.1.notify_all();
    }

    pub(crate) fn advance(&self, to: Revision) {
        let (revision, moved) = &*self.0;
        let mut revision = revision.lock().unwrap_or_else(PoisonError::into_inner);
        // A restored backup has smaller ones.
        *revision = to;
        moved.notify_all();
    }
}
