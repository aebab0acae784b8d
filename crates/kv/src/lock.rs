//! Locks of the engines in this process.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. What our locks protect is consistent after each statement, so a panic in another thread is
/// no reason to refuse.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
