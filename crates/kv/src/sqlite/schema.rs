//! The file's format, and how an older one becomes the newest.

use rusqlite::Connection;

/// The newest format.
pub(super) const NEWEST: u32 = 2;

/// What each format adds to the one before it; the first begins with nothing. A format that was
/// released is never changed: add another.
const FORMATS: [&str; NEWEST as usize] = [
    // A deleted key keeps its row, without a value, so that its deletion can be told. `forgotten`
    // has the newest revision whose deletions may be gone.
    "CREATE TABLE records (
         key TEXT NOT NULL UNIQUE,
         value BLOB,
         revision INTEGER NOT NULL,
         checksum INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX history ON records (revision);
     CREATE INDEX deletions ON records (revision) WHERE value IS NULL;
     CREATE TABLE forgotten (revision INTEGER NOT NULL) STRICT;
     INSERT INTO forgotten VALUES (0);",
    // The keys that are attached to leases. A key that is written anew, or deleted, leaves it.
    "CREATE TABLE leased (
         key TEXT NOT NULL PRIMARY KEY,
         lease INTEGER NOT NULL,
         checksum INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX leases ON leased (lease);",
];

/// `imds`, in the header of each file of ours.
const APPLICATION: i64 = 0x696d_6473;

/// The file's format, or `None` where the file is not ours.
pub(super) fn format(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    let application: i64 = header(connection, "application_id")?;
    let format: i64 = header(connection, "user_version")?;
    Ok(u32::try_from(format).ok().filter(|format| application == APPLICATION && *format > 0))
}

/// Brings the file from `format`, where 0 is an empty file, to the newest one, or leaves it.
pub(super) fn upgrade(connection: &mut Connection, format: u32) -> rusqlite::Result<()> {
    if format == NEWEST {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for addition in FORMATS.iter().skip(format as usize) {
        transaction.execute_batch(addition)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()
}

fn header(connection: &Connection, field: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, field, |row| row.get(0))
}
