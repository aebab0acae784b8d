//! Following changes, whichever engine makes them.

use std::fmt;
use std::sync::Arc;

use crate::entry::Changes;
use crate::error::KvError;

/// Changes below some prefixes, one commit or several at a time: [`next`](Iterator::next) blocks
/// until there are any. From [`Kv::watch`](crate::Kv::watch).
///
/// It yields `None` when a [`Closer`] closed it or the engine was dropped. After
/// [`KvError::Compacted`], list the prefixes and start another watch; after another error, `next`
/// tries again from the same place. A remote engine that is followed again after
/// [`KvError::Unavailable`] says so by changes that have none, at the revision that was seen last.
pub struct Watch {
    next: Box<dyn FnMut() -> Option<Result<Changes, KvError>> + Send>,
    closer: Closer,
}

impl Watch {
    /// A watch that takes its changes from `next`, which `closer` ends.
    pub(crate) fn new(
        closer: Closer,
        next: impl FnMut() -> Option<Result<Changes, KvError>> + Send + 'static,
    ) -> Self {
        Self { next: Box::new(next), closer }
    }

    /// What ends this watch, from any thread.
    pub fn closer(&self) -> Closer {
        self.closer.clone()
    }
}

impl Iterator for Watch {
    type Item = Result<Changes, KvError>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.next)()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// Ends a [`Watch`]. Cheap to clone.
#[derive(Clone)]
pub struct Closer(Arc<dyn Fn() + Send + Sync>);

impl Closer {
    pub(crate) fn new(close: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(close))
    }

    /// Ends the watch: a blocked [`next`](Iterator::next), and each later one, yields `None`.
    pub fn close(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Closer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Closer").finish_non_exhaustive()
    }
}
