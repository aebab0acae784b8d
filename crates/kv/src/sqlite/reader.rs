//! Reading a state file that another process has open.

use std::path::Path;

use rusqlite::Connection;

use super::file::StateFile;
use super::rows;
use super::snapshot::snapshot;
use crate::entry::{Entry, Listing};
use crate::error::KvError;
use crate::open_error::OpenError;

/// A state file to read, whether another process has it open or not. It never waits for that
/// process, nor keeps it waiting.
pub struct SqliteReader {
    connection: Connection,
    file: StateFile,
}

impl SqliteReader {
    /// Opens the state file, which must exist.
    ///
    /// # Errors
    /// [`OpenError::Unavailable`] with [`std::io::ErrorKind::NotFound`] if it does not exist; else as
    /// [`Sqlite::open`](crate::Sqlite::open), but never [`OpenError::Locked`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = StateFile::unlocked(path)?;
        let connection = file.connect_reader().map_err(file.refused("open"))?;
        file.check_format(&connection)?;
        Ok(Self { connection, file })
    }

    /// The entry at `key`.
    pub fn get(&mut self, key: &str) -> Result<Option<Entry>, KvError> {
        let entry = snapshot(&mut self.connection, |snapshot| rows::get(snapshot, key));
        Ok(entry.map_err(self.file.unavailable("read"))??)
    }

    /// All entries whose key begins with `prefix`.
    pub fn list(&mut self, prefix: &str) -> Result<Listing, KvError> {
        let listing = snapshot(&mut self.connection, |snapshot| {
            rows::page(snapshot, prefix, None, usize::MAX)
        });
        listing.map_err(self.file.unavailable("read"))
    }
}
