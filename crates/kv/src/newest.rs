//! How watches of engines in this process wait for commits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::entry::Changes;
use crate::error::KvError;
use crate::lock::lock;
use crate::revision::Revision;
use crate::watch::{Closer, Watch};

/// How many deletions an engine in this process remembers at least, so that watches can report them.
pub(crate) const DELETIONS: u16 = 1024;

/// The newest revision that can be read.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    /// Whether the engine was dropped.
    has_ended: bool,
}

impl Newest {
    pub(crate) fn starting_at(revision: Revision) -> Self {
        Self { state: Mutex::new(State { revision, has_ended: false }), moved: Condvar::new() }
    }

    /// Wakes watches that wait for `revision`.
    pub(crate) fn advance(&self, revision: Revision) {
        let mut state = lock(&self.state);
        state.revision = revision.max(state.revision);
        self.moved.notify_all();
    }

    /// Ends all watches.
    pub(crate) fn end(&self) {
        lock(&self.state).has_ended = true;
        self.moved.notify_all();
    }

    /// Waits until there is a revision after `after`; `false` if the watch or the engine ends before.
    fn wait(&self, after: Revision, is_closed: &AtomicBool) -> bool {
        let is_over = |state: &State| state.has_ended || is_closed.load(Ordering::Relaxed);
        let state = self
            .moved
            .wait_while(lock(&self.state), |state| !is_over(state) && state.revision <= after)
            .unwrap_or_else(PoisonError::into_inner);
        !is_over(&state)
    }

    /// A watch whose changes `read` reads: those after a revision that concern the prefixes. `read`
    /// returns `None` when the engine was dropped.
    pub(crate) fn watch(
        self: &Arc<Self>,
        prefixes: &[&str],
        after: Revision,
        read: impl Fn(Revision, &Prefixes) -> Option<Result<Changes, KvError>> + Send + 'static,
    ) -> Watch {
        let is_closed = Arc::new(AtomicBool::new(false));
        let closer = Closer::new({
            let (newest, is_closed) = (Arc::clone(self), Arc::clone(&is_closed));
            move || {
                // Under the lock, so that no watch is between its look and its wait.
                let _state = lock(&newest.state);
                is_closed.store(true, Ordering::Relaxed);
                newest.moved.notify_all();
            }
        });
        let newest = Arc::clone(self);
        let prefixes = Prefixes(prefixes.iter().copied().map(str::to_owned).collect());
        let mut reported = after;
        Watch::new(closer, move || {
            while newest.wait(reported, &is_closed) {
                match read(reported, &prefixes)? {
                    Ok(changes) => {
                        reported = changes.revision.max(reported);
                        if !changes.changed.is_empty() {
                            return Some(Ok(changes));
                        }
                    }
                    Err(error) => return Some(Err(error)),
                }
            }
            None
        })
    }
}

/// The prefixes that a watch follows.
pub(crate) struct Prefixes(Vec<String>);

impl Prefixes {
    pub(crate) fn contain(&self, key: &str) -> bool {
        self.0.iter().any(|prefix| key.starts_with(prefix))
    }
}
