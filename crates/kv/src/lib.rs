//! Where state is kept: keys in byte order, one revision for each commit, and word of what changed.
//!
//! It is the shape that etcd has, on purpose. Values are bytes that nothing in here looks into.
//!
//! ```
//! use imds_kv::{MemoryStore, Revision, Kv, Transaction};
//!
//! let store = MemoryStore::new();
//! let created = store.commit(Transaction::new().require("a", None).put("a", "1"))?;
//! store.commit(Transaction::new().require("a", Some(created)).put("a", "2").put("b", "3"))?;
//! assert_eq!(store.list("")?.entries.len(), 2);
//! # Ok::<(), imds_kv::KvError>(())
//! ```

mod error;
mod memory;
mod newest;
mod revision;
mod sqlite;
mod transaction;

use std::fmt;
use std::time::Duration;

pub use error::KvError;
pub use memory::MemoryStore;
pub use revision::Revision;
pub use sqlite::{SqliteReader, SqliteStore};
pub use transaction::Transaction;

/// A place for state. Calls block; share it between threads behind an `Arc`.
pub trait Kv: Send + Sync {
    /// What is kept under `key`.
    fn get(&self, key: &str) -> Result<Option<Entry>, KvError>;

    /// Everything whose key begins with `prefix`.
    fn list(&self, prefix: &str) -> Result<Listing, KvError> {
        self.page(prefix, None, usize::MAX)
    }

    /// The first `limit` entries whose key begins with `prefix` and is greater than `after`.
    ///
    /// Each page is a snapshot of its own: see [`Listing::revision`].
    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError>;

    /// Does all of a transaction or nothing of it; what it did is durable once this returns.
    ///
    /// Gives the revision that the transaction made or, where it changed nothing, the newest.
    ///
    /// # Errors
    /// [`KvError::Conflict`] if a requirement is not met.
    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError>;

    /// What is different from revision `after`, each key once, as it is now. Waits for `patience`
    /// while nothing is; then nothing is what it gives.
    ///
    /// # Errors
    /// [`KvError::Compacted`] if keys were deleted since `after` and it is not known any more
    /// which. At least the 1,024 newest deletions are known.
    fn changes(&self, after: Revision, patience: Duration) -> Result<Changes, KvError>;
}

/// How many deleted keys a store remembers at least, for [`Kv::changes`].
const DELETIONS: u16 = 1024;

/// A key and its value.
#[derive(Clone, Eq, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// What is kept there.
    pub value: Vec<u8>,
    /// The commit that last wrote it.
    pub revision: Revision,
}

/// Without the value, which may be a secret.
impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, revision } = self;
        write!(formatter, "{key:?} ({} bytes, {revision:?})", value.len())
    }
}

/// Entries as they were at one revision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listing {
    /// The newest revision when the entries were read: [`Kv::changes`] goes on from here.
    pub revision: Revision,
    /// In the order of their keys' bytes.
    pub entries: Vec<Entry>,
}

/// What became different between two revisions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changes {
    /// The later revision: ask for what is newer than this next.
    pub revision: Revision,
    /// In the order of their keys' bytes. A key that was changed more than once is there once.
    pub changed: Vec<Change>,
}

/// What became of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// It was written.
    Put(Entry),
    /// It is gone. It may never have been there, if it was written and deleted in between.
    Deleted {
        /// The key that is free again.
        key: String,
    },
}

impl Change {
    fn new(key: String, revision: Revision, value: Option<Vec<u8>>) -> Self {
        match value {
            Some(value) => Self::Put(Entry { key, value, revision }),
            None => Self::Deleted { key },
        }
    }

    /// The key that was changed.
    pub fn key(&self) -> &str {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Deleted { key } => key,
        }
    }
}
