//! The leases of an engine in this process.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::KvError;
use crate::lease::Lease;
use crate::lock::lock;

/// How long to wait before keys are deleted again after that failed, such as on a full disk.
const RETRY: Duration = Duration::from_secs(1);

/// Which leases there are, and until when. Which keys they have is the engine's to know.
#[derive(Debug)]
pub(crate) struct LeaseTable {
    state: Mutex<State>,
    changed: Condvar,
    /// Deadlines count from here.
    origin: Instant,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    granted: BTreeMap<Lease, Grant>,
    /// By how much a test has moved the clock.
    ahead: Duration,
    is_closed: bool,
}

#[derive(Debug)]
struct Grant {
    ttl: Duration,
    deadline: Duration,
    /// Whether it has ended, and its keys are about to be deleted.
    has_ended: bool,
}

impl Default for LeaseTable {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), origin: Instant::now() }
    }
}

impl LeaseTable {
    pub(crate) fn grant(&self, ttl: Duration) -> Lease {
        let mut state = lock(&self.state);
        state.last += 1;
        let lease = Lease::new(state.last);
        let deadline = self.now(&state).saturating_add(ttl);
        state.granted.insert(lease, Grant { ttl, deadline, has_ended: false });
        self.changed.notify_all();
        lease
    }

    pub(crate) fn keep_alive(&self, lease: Lease) -> Result<(), KvError> {
        let mut state = lock(&self.state);
        let now = self.now(&state);
        let grant = state.alive(lease, now)?;
        grant.deadline = now.saturating_add(grant.ttl);
        Ok(())
    }

    /// Fails with [`KvError::LeaseEnded`] unless keys can be attached to the lease.
    pub(crate) fn check(&self, lease: Lease) -> Result<(), KvError> {
        let mut state = lock(&self.state);
        let now = self.now(&state);
        state.alive(lease, now).map(drop)
    }

    /// Ends a lease. From then on no key can be attached to it; the caller deletes those that are.
    pub(crate) fn end(&self, lease: Lease) -> Result<(), KvError> {
        let mut state = lock(&self.state);
        let now = self.now(&state);
        state.alive(lease, now)?.has_ended = true;
        Ok(())
    }

    /// Forgets a lease whose keys are deleted.
    pub(crate) fn forget(&self, lease: Lease) {
        lock(&self.state).granted.remove(&lease);
    }

    /// Waits until a lease has ended whose keys are still there; `None` once the table is closed.
    pub(crate) fn wait_for_ended(&self) -> Option<Lease> {
        let mut state = lock(&self.state);
        while !state.is_closed {
            let now = self.now(&state);
            let due = state.granted.iter_mut().find(|(_, grant)| grant.is_over(now));
            if let Some((lease, grant)) = due {
                grant.has_ended = true;
                return Some(*lease);
            }
            let next = state.granted.values().map(|grant| grant.deadline).min();
            let time = next.map_or(Duration::MAX, |deadline| deadline.saturating_sub(now));
            state = self.wait(state, time);
        }
        None
    }

    /// Waits until deleting a lease's keys may be tried again, or the table is closed.
    pub(crate) fn wait_for_retry(&self) {
        let over = lock(&self.state);
        let waited = self.changed.wait_timeout_while(over, RETRY, |state| !state.is_closed);
        drop(waited);
    }

    /// Ends [`wait_for_ended`](Self::wait_for_ended).
    pub(crate) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    /// Makes all leases older.
    #[cfg(feature = "conformance")]
    pub(crate) fn advance_clock(&self, by: Duration) {
        let mut state = lock(&self.state);
        state.ahead = state.ahead.saturating_add(by);
        self.changed.notify_all();
    }

    fn now(&self, state: &State) -> Duration {
        self.origin.elapsed().saturating_add(state.ahead)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    fn alive(&mut self, lease: Lease, now: Duration) -> Result<&mut Grant, KvError> {
        let grant = self.granted.get_mut(&lease).filter(|grant| !grant.is_over(now));
        grant.ok_or(KvError::LeaseEnded { lease })
    }
}

impl Grant {
    fn is_over(&self, now: Duration) -> bool {
        self.has_ended || self.deadline <= now
    }
}
