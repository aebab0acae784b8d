//! What is written together.

use std::collections::BTreeMap;

use imds_core::InstanceId;
use imds_kv::Lease;

use crate::keys::Key;
use crate::records::{self, Record, ServedBy};
use crate::stored::Stored;

/// Who serves some instances: `None` where nobody does by a way that is for the instance alone.
pub(crate) type Serving = BTreeMap<InstanceId, Option<Stored<ServedBy>>>;

/// Records to write together or not at all, and the comparisons on which that depends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transaction {
    pub(crate) kv: imds_kv::Transaction,
    /// Of instances that it changes, where that was read before.
    pub(crate) serving: Serving,
}

impl Transaction {
    /// A transaction that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says who serves an instance, as it was read, so that a commit which changes it need not read that to tell
    /// them. It need not be true any more.
    #[must_use]
    pub fn serving(mut self, id: &InstanceId, read: Option<Stored<ServedBy>>) -> Self {
        self.serving.insert(id.clone(), read);
        self
    }

    /// Writes a record.
    #[must_use]
    pub fn write<R: Record>(self, key: &Key<R>, record: &R) -> Self {
        self.map(|kv| kv.put(key.as_str(), records::encode(record)))
    }

    /// Writes a record that is deleted when `lease` ends.
    #[must_use]
    pub fn write_for<R: Record>(self, lease: Lease, key: &Key<R>, record: &R) -> Self {
        self.map(|kv| kv.put_for(lease, key.as_str(), records::encode(record)))
    }

    /// Removes a record.
    #[must_use]
    pub fn remove<R>(self, key: &Key<R>) -> Self {
        self.map(|kv| kv.delete(key.as_str()))
    }

    /// The number of its comparisons or of its writes, whichever is greater.
    pub(crate) fn operations(&self) -> usize {
        self.kv.operations()
    }

    /// The bytes of its keys and values.
    pub(crate) fn bytes(&self) -> usize {
        self.kv.bytes()
    }

    /// Does what `other` does as well, under the conditions of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.serving.extend(other.serving);
        self.map(|kv| kv.and(other.kv))
    }

    /// Commits only if the record at `key` is still as it was read; with `None`, only if there still
    /// is none.
    #[must_use]
    pub fn if_unchanged<R>(self, key: &Key<R>, read: Option<&Stored<R>>) -> Self {
        self.map(|kv| kv.if_revision(key.as_str(), read.map(|stored| stored.revision)))
    }

    fn map(self, change: impl FnOnce(imds_kv::Transaction) -> imds_kv::Transaction) -> Self {
        Self { kv: change(self.kv), serving: self.serving }
    }
}
