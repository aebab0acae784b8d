//! A look into a state file that another process has.

use std::path::Path;

use rusqlite::Connection;

use super::file::StateFile;
use super::{rows, snapshot};
use crate::keys::{Key, Prefix};
use crate::records::Record;
use crate::{Kept, StoreError};

/// A state file that can be read, whether another process has it or not. It never waits for that
/// process, nor keeps it waiting.
pub struct SqliteReader {
    connection: Connection,
    file: StateFile,
}

impl SqliteReader {
    /// Opens the state file, which must be there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with [`std::io::ErrorKind::NotFound`] where there is none; else as
    /// [`SqliteStore::open`](crate::SqliteStore::open), but never [`StoreError::Locked`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = StateFile::unlocked(path)?;
        let connection = file.connect_reader()?;
        file.check_format(&connection)?;
        Ok(Self { connection, file })
    }

    /// The record under `key`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if what is kept there is not such a record.
    pub fn read<R: Record>(&mut self, key: &Key<R>) -> Result<Option<Kept<R>>, StoreError> {
        let entry = snapshot(&mut self.connection, |snapshot| rows::get(snapshot, key.as_str()));
        entry.map_err(self.file.failed("read"))?.as_ref().map(Kept::new).transpose()
    }

    /// All records below `prefix`, each with what its key has behind the prefix, in the order of
    /// their keys.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them is not such a record.
    pub fn read_all<R: Record>(
        &mut self,
        prefix: &Prefix<R>,
    ) -> Result<Vec<(String, Kept<R>)>, StoreError> {
        let entries = snapshot(&mut self.connection, |snapshot| {
            rows::page(snapshot, prefix.as_str(), None, usize::MAX)
        });
        let entries = entries.map_err(self.file.failed("read"))?;
        let name = |key| prefix.rest(key).unwrap_or_default().to_owned();
        entries.iter().map(|entry| Ok((name(&entry.key), Kept::new(entry)?))).collect()
    }
}
