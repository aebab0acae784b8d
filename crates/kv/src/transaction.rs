//! What is to be changed together.

use std::collections::BTreeMap;
use std::fmt;

use crate::Revision;

/// Writes that happen together or not at all, and what must be so for them to happen.
///
/// Of two writes to one key the later counts. Deleting a key that is not there changes nothing.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Transaction {
    /// In the order in which they are checked.
    pub(crate) requirements: Vec<(String, Option<Revision>)>,
    /// A value to put, or `None` to delete.
    pub(crate) writes: BTreeMap<String, Option<Vec<u8>>>,
}

impl Transaction {
    /// One that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only if `key` was last written by the commit `revision`, or with `None`: only if it is not
    /// there.
    #[must_use]
    pub fn require(mut self, key: impl Into<String>, revision: Option<Revision>) -> Self {
        self.requirements.push((key.into(), revision));
        self
    }

    /// Writes a value, whatever was there.
    #[must_use]
    pub fn put(mut self, key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.writes.insert(key.into(), Some(value.into()));
        self
    }

    /// Removes a key.
    #[must_use]
    pub fn delete(mut self, key: impl Into<String>) -> Self {
        self.writes.insert(key.into(), None);
        self
    }
}

/// Without the values, which may be secrets.
impl fmt::Debug for Transaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let writes: BTreeMap<_, _> =
            self.writes.iter().map(|(key, value)| (key, value.as_ref().map(Vec::len))).collect();
        formatter
            .debug_struct("Transaction")
            .field("requirements", &self.requirements)
            .field("bytes", &writes)
            .finish()
    }
}
