//! Waiting for a revision.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Revision;

/// The newest revision that can be read.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    revision: Mutex<Revision>,
    moved: Condvar,
}

impl Newest {
    pub(crate) fn starting_at(revision: Revision) -> Self {
        Self { revision: Mutex::new(revision), moved: Condvar::new() }
    }

    /// Wakes whoever waits for `revision`.
    pub(crate) fn advance(&self, revision: Revision) {
        let mut newest = lock(&self.revision);
        *newest = revision.max(*newest);
        self.moved.notify_all();
    }

    /// Waits until there is something newer than `after`, or until `patience` is over.
    pub(crate) fn wait(&self, after: Revision, patience: Duration) {
        let newest = lock(&self.revision);
        // Whoever waits reads the store next, which knows better than what comes out of this.
        let _ = self.moved.wait_timeout_while(newest, patience, |newest| *newest <= after);
    }
}

/// Locks. What is behind our locks is right after each statement, so a panic elsewhere is no reason
/// to refuse.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
