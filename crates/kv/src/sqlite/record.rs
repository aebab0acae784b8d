//! One row of the file, and its checksum.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, ffi};

use crate::entry::{Change, Entry, UnreadableEntry};
use crate::lease::Lease;
use crate::revision::Revision;

/// The newest that is known of a key.
pub(super) struct Record {
    key: String,
    revision: Revision,
    /// `None`: deleted.
    value: Option<Vec<u8>>,
}

impl Record {
    /// The columns that [`Record::read`] needs.
    pub(super) const COLUMNS: &str = "key, value, revision, checksum";

    /// The key of a row.
    pub(super) fn key(row: &Row) -> rusqlite::Result<String> {
        Ok(match row.get_ref("key")? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            _ => String::new(),
        })
    }

    /// The record of a row, unless it is not what was written.
    pub(super) fn read(row: &Row) -> rusqlite::Result<Result<Self, UnreadableEntry>> {
        let key = Self::key(row)?;
        let columns = || Ok((row.get("value")?, row.get("revision")?, row.get("checksum")?));
        let columns: rusqlite::Result<(Option<Vec<u8>>, Revision, u32)> = columns();
        Ok(match columns {
            Ok((value, revision, sum)) if sum == checksum(&key, revision, value.as_deref()) => {
                Ok(Self { key, revision, value })
            }
            Ok(_) => Err(UnreadableEntry { key, reason: "its checksum is wrong".to_owned() }),
            Err(error) => Err(UnreadableEntry { key, reason: error.to_string() }),
        })
    }

    /// The entry; `None` if it was deleted.
    pub(super) fn entry(self) -> Option<Entry> {
        let Self { key, revision, value } = self;
        value.map(|value| Entry { key, value, revision })
    }

    pub(super) fn change(self) -> Change {
        let Self { key, revision, value } = self;
        match value {
            Some(value) => Change::Put(Entry { key, value, revision }),
            None => Change::Deleted { key },
        }
    }
}

/// SQLite's own error for what cannot be in a sound file.
pub(super) fn corrupt(detail: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(detail))
}

/// SQLite notices damage to its structure; this lets us notice damage to what is stored in it.
pub(super) fn checksum(key: &str, revision: Revision, value: Option<&[u8]>) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&revision.get().to_le_bytes());
    sum.update(&key.len().to_le_bytes());
    sum.update(key.as_bytes());
    sum.update(&[u8::from(value.is_some())]);
    sum.update(value.unwrap_or_default());
    sum.finalize()
}

/// The same for the lease of a key.
pub(super) fn lease_checksum(key: &str, lease: Lease) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&lease.get().to_le_bytes());
    sum.update(key.as_bytes());
    sum.finalize()
}

impl ToSql for Revision {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        // No commit has a greater one: SQLite's integers end there.
        Ok(i64::try_from(self.get()).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Revision {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|number| Self::new(number.cast_unsigned()))
    }
}

impl ToSql for Lease {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.get().cast_signed().into())
    }
}

impl FromSql for Lease {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|number| Self::new(number.cast_unsigned()))
    }
}
