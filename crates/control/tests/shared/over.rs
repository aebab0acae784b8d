//! Engines over another one, in whose reads and commits something happens.

use std::time::Duration;

use imds_account::imds_kv::{
    Kv, KvError, Lease, Limits, Listing, Revision, Snapshot, Transaction, Watch,
};

/// What happens there. The rest is left to the engine below.
pub(crate) trait Happenings: Send + Sync {
    /// The engine below.
    fn kv(&self) -> &dyn Kv;

    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        self.kv().get_many(keys)
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        self.kv().page(prefix, after, limit)
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        self.kv().commit(transaction)
    }
}

/// The engine in which that happens.
pub(crate) struct Over<T>(pub(crate) T);

impl<T: Happenings> Kv for Over<T> {
    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        self.0.get_many(keys)
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        self.0.page(prefix, after, limit)
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        self.0.commit(transaction)
    }

    fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, KvError> {
        self.0.kv().watch(prefixes, after)
    }

    fn grant(&self, ttl: Duration) -> Result<Lease, KvError> {
        self.0.kv().grant(ttl)
    }

    fn keep_alive(&self, lease: Lease) -> Result<(), KvError> {
        self.0.kv().keep_alive(lease)
    }

    fn revoke(&self, lease: Lease) -> Result<(), KvError> {
        self.0.kv().revoke(lease)
    }

    fn limits(&self) -> Limits {
        self.0.kv().limits()
    }
}
