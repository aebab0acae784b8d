//! A look into a state file that another process has.

use std::path::Path;

use rusqlite::Connection;

use super::file::StateFile;
use super::{rows, snapshot};
use crate::{Entry, KvError};

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
    /// [`KvError::Unavailable`] with [`std::io::ErrorKind::NotFound`] where there is none; else as
    /// [`SqliteStore::open`](crate::SqliteStore::open), but never [`KvError::Locked`].
    pub fn open(path: &Path) -> Result<Self, KvError> {
        let file = StateFile::unlocked(path)?;
        let connection = file.connect_reader()?;
        file.check_format(&connection)?;
        Ok(Self { connection, file })
    }

    /// The entry at `key`.
    pub fn get(&mut self, key: &str) -> Result<Option<Entry>, KvError> {
        let entry = snapshot(&mut self.connection, |snapshot| rows::get(snapshot, key));
        entry.map_err(self.file.failed("read"))
    }

    /// Every entry whose key begins with `prefix`, in the order of the keys.
    pub fn list(&mut self, prefix: &str) -> Result<Vec<Entry>, KvError> {
        let entries = snapshot(&mut self.connection, |snapshot| {
            rows::page(snapshot, prefix, None, usize::MAX)
        });
        entries.map_err(self.file.failed("read"))
    }
}
