//! Records that another process has.

use std::path::Path;

use imds_kv::{OpenError, SqliteReader};

use super::{Records, StoreError, Stored};
use crate::keys::{Key, Prefix};
use crate::records::Record;

/// The records that one process has in a file, read by another one without a lock.
pub struct StateReader(SqliteReader);

impl StateReader {
    /// Opens the state file, which must exist: see [`OpenError::is_not_found`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(SqliteReader::open(path)?))
    }

    /// The record at `key`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the value at `key` is not such a record.
    pub fn read<R: Record>(&mut self, key: &Key<R>) -> Result<Option<Stored<R>>, StoreError> {
        let entry = self.0.get(key.as_str())?;
        Ok(entry.as_ref().map(Stored::decode).transpose()?)
    }

    /// All records below `prefix` in the order of their keys, each with the rest of its key.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them cannot be read.
    pub fn read_all<R: Record>(
        &mut self,
        prefix: &Prefix<R>,
    ) -> Result<Vec<(String, Stored<R>)>, StoreError> {
        let listing = self.0.list(prefix.as_str())?;
        Ok(Records::decode(prefix, listing).all_readable()?.records)
    }
}
