//! One record as it was read, and why records cannot be read or written.

use imds_kv::{Entry, KvError, Revision, UnreadableEntry};

use crate::records::{self, Record, RecordError};

/// A record with the revision at which it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored<R> {
    /// The record.
    pub record: R,
    /// The commit that last wrote it.
    pub revision: Revision,
}

impl<R: Record> Stored<R> {
    pub(crate) fn decode(entry: &Entry) -> Result<Self, UnreadableRecord> {
        match records::decode(&entry.value) {
            Ok(record) => Ok(Self { record, revision: entry.revision }),
            Err(error) => Err(UnreadableRecord { key: entry.key.clone(), source: error.into() }),
        }
    }
}

/// A record that cannot be read: a later release or another program wrote it, or the disk damaged it.
/// Use that release, restore a copy, or delete the key.
#[derive(Debug, thiserror::Error)]
#[error("the record at {key} cannot be read")]
pub struct UnreadableRecord {
    /// The key.
    pub key: String,
    /// What is wrong with it.
    pub source: UnreadableCause,
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableCause {
    /// Its bytes are not such a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Its bytes are not those that were written.
    #[error("{0}")]
    Damaged(String),
}

impl From<UnreadableEntry> for UnreadableRecord {
    fn from(entry: UnreadableEntry) -> Self {
        Self { key: entry.key, source: UnreadableCause::Damaged(entry.reason) }
    }
}

/// Why records cannot be read or written. What is stored is as it was, except as
/// [`KvError::OutcomeUnknown`] says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer changed the key in the meantime. Read it again, and decide again.
    #[error("{key} was changed by another writer")]
    Conflict {
        /// The first key whose comparison failed.
        key: String,
    },
    /// One record cannot be read; others can.
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
    /// The engine failed, now and perhaps later: see [`KvError::Unavailable`],
    /// [`KvError::OutcomeUnknown`], [`KvError::TooLarge`], [`KvError::Compacted`] and
    /// [`KvError::LeaseEnded`].
    #[error(transparent)]
    Kv(KvError),
}

impl From<KvError> for StoreError {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Conflict { key } => Self::Conflict { key },
            KvError::Unreadable(entry) => Self::Unreadable(entry.into()),
            other => Self::Kv(other),
        }
    }
}
