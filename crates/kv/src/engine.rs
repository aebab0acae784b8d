//! The contract that every engine keeps. `conformance` proves it.

use std::time::Duration;

use crate::entry::{Entry, Listing, Snapshot};
use crate::error::KvError;
use crate::lease::Lease;
use crate::limits::Limits;
use crate::revision::Revision;
use crate::transaction::Transaction;
use crate::watch::Watch;

/// A key-value engine. Calls block; share it between threads behind an [`Arc`](std::sync::Arc).
pub trait Kv: Send + Sync {
    /// The entry at `key`; `None` if the key does not exist.
    ///
    /// # Errors
    /// [`KvError::Unreadable`] if the entry is damaged.
    fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        let entry = self.get_many(&[key])?.entries.into_iter().next();
        Ok(entry.transpose()?.flatten())
    }

    /// The entries at `keys`, all as they were at one revision.
    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError>;

    /// All entries whose key begins with `prefix`, as they were at one revision.
    fn list(&self, prefix: &str) -> Result<Listing, KvError> {
        self.page(prefix, None, usize::MAX)
    }

    /// The first `limit` entries whose key begins with `prefix` and is greater than `after`.
    ///
    /// Each page is a snapshot of its own: see [`Listing::revision`].
    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError>;

    /// All keys that begin with `prefix`, in their order, also those of entries that cannot be read.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        let Listing { entries, unreadable, .. } = self.list(prefix)?;
        let readable = entries.into_iter().map(|entry| entry.key);
        let mut keys: Vec<_> = readable.chain(unreadable.into_iter().map(|it| it.key)).collect();
        keys.sort_unstable();
        Ok(keys)
    }

    /// Commits all of a transaction or nothing. It is durable when this returns.
    ///
    /// Returns the revision of the commit or, if nothing was changed, the newest revision.
    ///
    /// # Errors
    /// - [`KvError::Conflict`] if a comparison fails;
    /// - [`KvError::TooLarge`] if the transaction exceeds [`limits`](Self::limits);
    /// - [`KvError::LeaseEnded`] if it attaches a key to a lease that has ended;
    /// - [`KvError::OutcomeUnknown`] if the commit may have happened.
    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError>;

    /// Follows the changes of all keys that begin with one of `prefixes`, from the first commit after
    /// the revision `after`. Without prefixes nothing is followed, and only a closer ends the watch.
    ///
    /// A transaction is always reported whole. If `after` is too old, the watch's first item is
    /// [`KvError::Compacted`]. Engines in this process know at least the 1,024 newest deletions.
    fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, KvError>;

    /// Grants a lease that ends after `ttl` unless it is kept alive. An engine may round `ttl` up to
    /// whole seconds.
    ///
    /// Engines in this process measure the time with the monotonic clock, and their leases end with
    /// the process: keys that a file still has from them are deleted when it is opened again.
    fn grant(&self, ttl: Duration) -> Result<Lease, KvError>;

    /// Starts the lease's time to live again.
    ///
    /// # Errors
    /// [`KvError::LeaseEnded`] if that is too late.
    fn keep_alive(&self, lease: Lease) -> Result<(), KvError>;

    /// Ends a lease: its keys are deleted, in one commit, when this returns.
    ///
    /// # Errors
    /// [`KvError::LeaseEnded`] if it has ended already.
    fn revoke(&self, lease: Lease) -> Result<(), KvError>;

    /// The largest transaction that this engine commits.
    fn limits(&self) -> Limits;
}
