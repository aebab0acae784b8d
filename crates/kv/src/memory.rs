//! State that is lost with the process; also what the other engines are compared with.

mod state;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::engine::Kv;
use crate::entry::{Listing, Snapshot};
use crate::error::KvError;
use crate::lease::Lease;
use crate::lease_table::LeaseTable;
use crate::limits::Limits;
use crate::lock::lock;
use crate::newest::Newest;
use crate::reaper::Reaper;
use crate::revision::Revision;
use crate::transaction::Transaction;
use crate::watch::Watch;
use state::State;

/// An engine in memory.
#[derive(Debug)]
pub struct Memory {
    /// Dropped first: it uses the rest.
    reaper: Reaper,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    newest: Arc<Newest>,
    leases: Arc<LeaseTable>,
    limits: Limits,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_limits(Limits::LOCAL)
    }
}

impl Memory {
    /// An empty engine.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty engine that refuses larger transactions than `limits` allows.
    pub fn with_limits(limits: Limits) -> Self {
        let leases = Arc::new(LeaseTable::default());
        let (state, newest) = (Mutex::default(), Arc::default());
        let shared = Shared { state, newest, leases: Arc::clone(&leases), limits };
        Self { reaper: Reaper::new(leases), shared: Arc::new(shared) }
    }

    /// Makes all leases older, as if that much time had passed.
    #[cfg(feature = "conformance")]
    pub fn advance_clock(&self, by: Duration) {
        self.shared.leases.advance_clock(by);
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.shared.newest.end();
    }
}

impl Shared {
    /// Deletes the keys of a lease that has ended.
    fn delete_leased(&self, lease: Lease) {
        let revision = lock(&self.state).delete_leased(lease);
        self.newest.advance(revision);
        self.leases.forget(lease);
    }
}

impl Kv for Memory {
    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        let state = lock(&self.shared.state);
        let entries = keys.iter().map(|key| Ok(state.get(key))).collect();
        Ok(Snapshot { revision: state.revision(), entries })
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        Ok(lock(&self.shared.state).page(prefix, after, limit))
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        transaction.check(self.shared.limits)?;
        let mut state = lock(&self.shared.state);
        // Under the lock: a lease that ends now deletes its keys after this.
        transaction.leases().try_for_each(|lease| self.shared.leases.check(lease))?;
        let revision = state.commit(transaction)?;
        drop(state);
        self.shared.newest.advance(revision);
        Ok(revision)
    }

    fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, KvError> {
        let shared = Arc::downgrade(&self.shared);
        Ok(self.shared.newest.watch(prefixes, after, move |after, prefixes| {
            let shared = shared.upgrade()?;
            let changes = lock(&shared.state).changes(after, |key| prefixes.contain(key));
            Some(changes)
        }))
    }

    fn grant(&self, ttl: Duration) -> Result<Lease, KvError> {
        let shared = Arc::clone(&self.shared);
        self.reaper.start(move |lease| {
            shared.delete_leased(lease);
            Ok(())
        })?;
        Ok(self.shared.leases.grant(ttl))
    }

    fn keep_alive(&self, lease: Lease) -> Result<(), KvError> {
        self.shared.leases.keep_alive(lease)
    }

    fn revoke(&self, lease: Lease) -> Result<(), KvError> {
        self.shared.leases.end(lease)?;
        self.shared.delete_leased(lease);
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.shared.limits
    }
}
