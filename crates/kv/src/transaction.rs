//! What is to be changed together.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::KvError;
use crate::lease::Lease;
use crate::limits::Limits;
use crate::revision::Revision;

/// Writes that happen together or not at all, and the comparisons on which they depend.
///
/// A key is text of one byte or more. Of two writes to one key the later counts. Deleting a key that does not exist changes nothing.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Transaction {
    /// In the order in which they are checked.
    pub(crate) comparisons: Vec<(String, Option<Revision>)>,
    pub(crate) writes: BTreeMap<String, Write>,
}

/// What is done to a key.
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Write {
    Put { value: Vec<u8>, lease: Attachment },
    Delete,
}

/// The lease that a written key has from then on.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Attachment {
    None,
    To(Lease),
    /// The one that it had, or none.
    Kept,
}

impl Transaction {
    /// A transaction that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Commits only if `key` was last written by the commit `revision`; with `None`, only if it does
    /// not exist.
    #[must_use]
    pub fn if_revision(mut self, key: impl Into<String>, revision: Option<Revision>) -> Self {
        self.comparisons.push((key.into(), revision));
        self
    }

    /// Writes a value, and detaches the key from its lease if it has one.
    #[must_use]
    pub fn put(self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.write(key.into(), Write::Put { value: value.into(), lease: Attachment::None })
    }

    /// Writes a value, and attaches the key to `lease`: the key is deleted when the lease ends.
    #[must_use]
    pub fn put_for(self, lease: Lease, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.write(key.into(), Write::Put { value: value.into(), lease: Attachment::To(lease) })
    }

    /// Writes a value, and leaves the key with the lease that it has. The key must exist: compare its
    /// revision with [`if_revision`](Self::if_revision).
    #[must_use]
    pub fn put_in_place(self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.write(key.into(), Write::Put { value: value.into(), lease: Attachment::Kept })
    }

    /// Deletes a key.
    #[must_use]
    pub fn delete(self, key: impl Into<String>) -> Self {
        self.write(key.into(), Write::Delete)
    }

    /// Does what `other` does as well, and depends on the same, each comparison once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for comparison in other.comparisons {
            if !self.comparisons.contains(&comparison) {
                self.comparisons.push(comparison);
            }
        }
        self.writes.extend(other.writes);
        self
    }

    /// The keys that it writes or deletes, in the order of their bytes.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.writes.keys().map(String::as_str)
    }

    /// The number of its comparisons or of its writes, whichever is greater.
    pub fn operations(&self) -> usize {
        self.comparisons.len().max(self.writes.len())
    }

    /// The bytes of its keys and values.
    pub fn bytes(&self) -> usize {
        let compared = self.comparisons.iter().map(|(key, _)| key.len());
        let written = self.writes.iter().map(|(key, write)| key.len() + write.len().unwrap_or(0));
        compared.chain(written).sum()
    }

    /// Fails with [`KvError::TooLarge`] unless it is within `limits`.
    pub fn check(&self, limits: Limits) -> Result<(), KvError> {
        let (operations, bytes) = (self.operations(), self.bytes());
        if operations > limits.operations || bytes > limits.bytes {
            return Err(KvError::TooLarge { operations, bytes, limits });
        }
        Ok(())
    }

    /// The leases to which it attaches keys.
    pub(crate) fn leases(&self) -> impl Iterator<Item = Lease> {
        self.writes.values().filter_map(|write| match write {
            Write::Put { lease: Attachment::To(lease), .. } => Some(*lease),
            Write::Put { .. } | Write::Delete => None,
        })
    }

    fn write(mut self, key: String, write: Write) -> Self {
        self.writes.insert(key, write);
        self
    }
}

impl Write {
    /// The length of the value to put.
    fn len(&self) -> Option<usize> {
        match self {
            Self::Put { value, .. } => Some(value.len()),
            Self::Delete => None,
        }
    }
}

/// Without the values, which may be secrets.
impl fmt::Debug for Transaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: BTreeMap<_, _> =
            self.writes.iter().map(|(key, write)| (key, write.len())).collect();
        formatter
            .debug_struct("Transaction")
            .field("comparisons", &self.comparisons)
            .field("bytes", &bytes)
            .finish()
    }
}
