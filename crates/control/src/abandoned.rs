//! Whether anybody still waits for a response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells work on a thread that its client is gone, or that the service ends. Work that reads many records
/// asks before each.
#[derive(Clone, Debug, Default)]
pub struct Abandoned(Arc<AtomicBool>);

/// Sets an [`Abandoned`] when it is dropped.
pub(crate) struct AbandonOnDrop(Abandoned);

impl Abandoned {
    /// Whether nobody waits any more.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What is to live as long as somebody waits.
    pub(crate) fn on_drop(&self) -> AbandonOnDrop {
        AbandonOnDrop(self.clone())
    }
}

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}
