//! One consistent view of the file.

use rusqlite::{Connection, Transaction};

/// Lets `work` see one snapshot.
pub(super) fn snapshot<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    work(&connection.transaction()?)
}
