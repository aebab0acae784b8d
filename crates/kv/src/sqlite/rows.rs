//! The rows of the file.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction as Snapshot, ffi, params};

use crate::{Change, DELETIONS, Entry, KvError, Revision, Transaction};

/// The newest revision.
pub(super) fn newest(snapshot: &Snapshot) -> rusqlite::Result<Revision> {
    // Forgetting spares the newest commit, so its revision is always there.
    one(snapshot, "SELECT coalesce(max(revision), 0) FROM records")
}

/// Deletions up to this revision may be forgotten.
pub(super) fn compacted(snapshot: &Snapshot) -> rusqlite::Result<Revision> {
    one(snapshot, "SELECT revision FROM forgotten")
}

pub(super) fn get(snapshot: &Snapshot, key: &str) -> rusqlite::Result<Option<Entry>> {
    const GET: &str = "SELECT key, value, revision, checksum FROM records WHERE key = ?1";
    let record = snapshot.prepare_cached(GET)?.query_row([key], Record::read).optional()?;
    Ok(record.and_then(Record::entry))
}

pub(super) fn page(
    snapshot: &Snapshot,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    const PAGE: &str = "SELECT key, value, revision, checksum FROM records \
                        WHERE key >= ?1 AND value IS NOT NULL ORDER BY key";
    let mut statement = snapshot.prepare_cached(PAGE)?;
    let mut rows = statement.query([after.map_or(prefix, |after| after.max(prefix))])?;
    let mut entries = Vec::new();
    while entries.len() < limit
        && let Some(row) = rows.next()?
        && let Some(entry) = Record::read(row)?.entry()
        && entry.key.starts_with(prefix)
    {
        if after != Some(&entry.key) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

pub(super) fn changes(snapshot: &Snapshot, after: Revision) -> rusqlite::Result<Vec<Change>> {
    const CHANGES: &str = "SELECT key, value, revision, checksum FROM records \
                           INDEXED BY history WHERE revision > ?1 ORDER BY key";
    snapshot
        .prepare_cached(CHANGES)?
        .query_map([after], Record::read)?
        .map(|record| {
            record.map(|Record { key, revision, value }| Change::new(key, revision, value))
        })
        .collect()
}

/// Does a transaction, if its requirements are met.
pub(super) fn write(
    batch: &Snapshot,
    transaction: &Transaction,
) -> rusqlite::Result<Result<Revision, KvError>> {
    const EXISTING: &str = "SELECT revision FROM records WHERE key = ?1 AND value IS NOT NULL";
    const PUT: &str = "INSERT INTO records (key, value, revision, checksum) \
                       VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET \
                       value = excluded.value, revision = excluded.revision, \
                       checksum = excluded.checksum";
    let mut existing = batch.prepare_cached(EXISTING)?;
    let mut existing = |key: &str| existing.query_row([key], |row| row.get(0)).optional();
    for (key, required) in &transaction.requirements {
        if existing(key)? != *required {
            return Ok(Err(KvError::Conflict { key: key.clone() }));
        }
    }
    let mut put = batch.prepare_cached(PUT)?;
    let mut newest = newest(batch)?;
    let revision = newest.next();
    let mut deletes = false;
    for (key, value) in &transaction.writes {
        if value.is_some() || existing(key)?.is_some() {
            let value = value.as_deref();
            put.execute(params![key, value, revision, checksum(key, revision, value)])?;
            newest = revision;
            deletes |= value.is_none();
        }
    }
    if deletes {
        forget(batch)?;
    }
    Ok(Ok(newest))
}

/// Forgets the commits that only older deletions than the newest ones are left of.
fn forget(batch: &Snapshot) -> rusqlite::Result<()> {
    const OLDEST: &str = "SELECT revision FROM records INDEXED BY deletions WHERE value IS NULL \
                          ORDER BY revision DESC LIMIT 1 OFFSET ?1";
    const FORGET: &str = "DELETE FROM records INDEXED BY deletions \
                          WHERE value IS NULL AND revision < ?1 RETURNING revision";
    const MARK: &str = "UPDATE forgotten SET revision = ?1";
    let mut oldest = batch.prepare_cached(OLDEST)?;
    let oldest = oldest.query_row([DELETIONS - 1], |row| row.get::<_, Revision>(0)).optional()?;
    let mut forget = batch.prepare_cached(FORGET)?;
    let forgotten: Vec<Revision> =
        forget.query_map([oldest], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    if let Some(newest) = forgotten.iter().max() {
        batch.prepare_cached(MARK)?.execute([newest])?;
    }
    Ok(())
}

/// Fails where a row is not what was written.
pub(super) fn verify(snapshot: &Snapshot) -> rusqlite::Result<()> {
    let mut statement = snapshot.prepare("SELECT key, value, revision, checksum FROM records")?;
    statement.query_map([], Record::read)?.try_for_each(|record| record.map(drop))
}

/// The newest that is known of a key.
struct Record {
    key: String,
    revision: Revision,
    /// `None`: deleted.
    value: Option<Vec<u8>>,
}

impl Record {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        let (key, value, revision) = (row.get("key")?, row.get("value")?, row.get("revision")?);
        let record = Self { key, revision, value };
        let sum = checksum(&record.key, revision, record.value.as_deref());
        if row.get::<_, u32>("checksum")? == sum {
            Ok(record)
        } else {
            Err(corrupt(format!("the value of {} has another checksum", record.key)))
        }
    }

    fn entry(self) -> Option<Entry> {
        let Self { key, revision, value } = self;
        value.map(|value| Entry { key, value, revision })
    }
}

/// SQLite's own error for what cannot be in a sound file.
pub(super) fn corrupt(detail: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(detail))
}

/// SQLite notices damage to its structure; this lets us notice damage to what is kept in it.
fn checksum(key: &str, revision: Revision, value: Option<&[u8]>) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&revision.get().to_le_bytes());
    sum.update(&key.len().to_le_bytes());
    sum.update(key.as_bytes());
    sum.update(&[u8::from(value.is_some())]);
    sum.update(value.unwrap_or_default());
    sum.finalize()
}

fn one(connection: &Connection, query: &str) -> rusqlite::Result<Revision> {
    connection.prepare_cached(query)?.query_row([], |row| row.get(0))
}

impl ToSql for Revision {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.get().cast_signed().into())
    }
}

impl FromSql for Revision {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i64::column_result(value).map(|number| Self::new(number.cast_unsigned()))
    }
}
