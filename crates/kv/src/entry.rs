//! What an engine returns: entries, snapshots of them, and changes.

use std::fmt;

use crate::revision::Revision;

/// A key and its value.
#[derive(Clone, Eq, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value: bytes that no engine interprets.
    pub value: Vec<u8>,
    /// The commit that last wrote the key.
    pub revision: Revision,
}

/// Without the value, which may be a secret.
impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, revision } = self;
        write!(formatter, "{key:?} ({} bytes, {revision:?})", value.len())
    }
}

/// An entry whose bytes are not those that were written, such as after a disk error. Writing the key
/// again, or deleting it, repairs it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the entry at {key} is damaged: {reason}")]
pub struct UnreadableEntry {
    /// The key.
    pub key: String,
    /// What is wrong. Never shows the value.
    pub reason: String,
}

/// Several keys as they were at one revision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snapshot {
    /// The newest revision when the keys were read.
    pub revision: Revision,
    /// One for each requested key, in the order of the request; `None` for a key that does not
    /// exist.
    pub entries: Vec<Result<Option<Entry>, UnreadableEntry>>,
}

/// Entries below a prefix as they were at one revision.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Listing {
    /// The newest revision when the entries were read: [`Kv::watch`](crate::Kv::watch) continues
    /// from here.
    pub revision: Revision,
    /// In the order of their keys' bytes.
    pub entries: Vec<Entry>,
    /// Entries that are damaged, in the order of their keys' bytes. They count towards the limit of
    /// a page.
    pub unreadable: Vec<UnreadableEntry>,
    /// The last key of this page if more entries follow: pass it as `after` for the next page.
    pub next: Option<String>,
}

/// What differs between two revisions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changes {
    /// The later revision: a new watch continues after it.
    pub revision: Revision,
    /// In the order of the keys' bytes. A key that was changed more than once is listed once, with
    /// its newest state.
    pub changed: Vec<Change>,
}

/// What became of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// It was written.
    Put(Entry),
    /// It was deleted, by a commit or with its lease. It may have been created and deleted within
    /// the same changes.
    Deleted {
        /// The key.
        key: String,
    },
    /// It was written, but the entry is damaged.
    Unreadable(UnreadableEntry),
}

impl Change {
    /// The key that was changed.
    pub fn key(&self) -> &str {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Deleted { key } => key,
            Self::Unreadable(entry) => &entry.key,
        }
    }
}
