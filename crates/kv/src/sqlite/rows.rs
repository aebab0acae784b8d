//! The rows of the file.

use rusqlite::{Connection, OptionalExtension as _, Transaction as Snapshot, params};

use super::record::{Record, checksum, corrupt, lease_checksum};
use crate::entry::{Change, Changes, Entry, Listing, UnreadableEntry};
use crate::error::KvError;
use crate::lease::Lease;
use crate::lease_table::LeaseTable;
use crate::newest::DELETIONS;
use crate::revision::Revision;
use crate::transaction::{Attachment, Transaction, Write};

/// The newest revision.
pub(super) fn newest(snapshot: &Snapshot) -> rusqlite::Result<Revision> {
    // Forgetting spares the newest commit, so its revision is always there.
    one(snapshot, "SELECT coalesce(max(revision), 0) FROM records")
}

pub(super) fn get(
    snapshot: &Snapshot,
    key: &str,
) -> rusqlite::Result<Result<Option<Entry>, UnreadableEntry>> {
    let query = format!("SELECT {} FROM records WHERE key = ?1", Record::COLUMNS);
    let record = snapshot.prepare_cached(&query)?.query_row([key], Record::read).optional()?;
    Ok(record.transpose().map(|record| record.and_then(Record::entry)))
}

pub(super) fn page(
    snapshot: &Snapshot,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Listing> {
    let query = format!(
        "SELECT {} FROM records WHERE key >= ?1 AND value IS NOT NULL ORDER BY key",
        Record::COLUMNS
    );
    let mut statement = snapshot.prepare_cached(&query)?;
    let mut rows = statement.query([after.map_or(prefix, |after| after.max(prefix))])?;
    let mut listing = Listing { revision: newest(snapshot)?, ..Listing::default() };
    let mut last = None;
    while let Some(row) = rows.next()? {
        let key = Record::key(row)?;
        if !key.starts_with(prefix) {
            break;
        }
        if after == Some(&key) {
            continue;
        }
        if listing.entries.len() + listing.unreadable.len() == limit {
            listing.next = last;
            break;
        }
        match Record::read(row)? {
            Ok(record) => listing.entries.extend(record.entry()),
            Err(unreadable) => listing.unreadable.push(unreadable),
        }
        last = Some(key);
    }
    Ok(listing)
}

/// The changes after a revision of the keys that `concerns` selects.
pub(super) fn changes(
    snapshot: &Snapshot,
    after: Revision,
    concerns: impl Fn(&str) -> bool,
) -> rusqlite::Result<Result<Changes, KvError>> {
    let oldest = one(snapshot, "SELECT revision FROM forgotten")?;
    if after < oldest {
        return Ok(Err(KvError::Compacted { oldest }));
    }
    let query = format!(
        "SELECT {} FROM records INDEXED BY history WHERE revision > ?1 ORDER BY key",
        Record::COLUMNS
    );
    let mut statement = snapshot.prepare_cached(&query)?;
    let mut rows = statement.query([after])?;
    let mut changed = Vec::new();
    while let Some(row) = rows.next()? {
        if concerns(&Record::key(row)?) {
            let record = Record::read(row)?;
            changed.push(record.map_or_else(Change::Unreadable, Record::change));
        }
    }
    Ok(Ok(Changes { revision: newest(snapshot)?, changed }))
}

/// Writes a transaction, unless a comparison fails or a lease has ended.
pub(super) fn write(
    batch: &Snapshot,
    transaction: &Transaction,
    leases: &LeaseTable,
) -> rusqlite::Result<Result<Revision, KvError>> {
    for (key, expected) in &transaction.comparisons {
        if existing(batch, key)? != *expected {
            return Ok(Err(KvError::Conflict { key: key.clone() }));
        }
    }
    if let Err(error) = transaction.leases().try_for_each(|lease| leases.check(lease)) {
        return Ok(Err(error));
    }
    let mut newest = newest(batch)?;
    let revision = newest.next();
    let mut deletes = false;
    for (key, write) in &transaction.writes {
        match write {
            Write::Put { value, lease } => {
                put(batch, key, revision, Some(value))?;
                if *lease != Attachment::Kept {
                    detach(batch, key)?;
                }
                if let Attachment::To(lease) = lease {
                    attach(batch, key, *lease)?;
                }
                newest = revision;
            }
            Write::Delete if existing(batch, key)?.is_some() => {
                detach(batch, key)?;
                put(batch, key, revision, None)?;
                deletes = true;
                newest = revision;
            }
            Write::Delete => {}
        }
    }
    if deletes {
        forget(batch)?;
    }
    Ok(Ok(newest))
}

/// Deletes the keys of a lease. Returns the newest revision.
pub(super) fn delete_leased(batch: &Snapshot, lease: Lease) -> rusqlite::Result<Revision> {
    const LEASED: &str = "DELETE FROM leased WHERE lease = ?1 RETURNING key";
    let mut statement = batch.prepare_cached(LEASED)?;
    let keys = statement.query_map([lease], |row| row.get(0))?;
    let keys = keys.collect::<rusqlite::Result<Vec<String>>>()?;
    delete_existing(batch, &keys)
}

/// Deletes the keys of all leases, if there are any.
pub(super) fn delete_all_leased(writer: &mut Connection) -> rusqlite::Result<()> {
    let batch = writer.transaction()?;
    let keys = leased(&batch)?;
    if !keys.is_empty() {
        delete_existing(&batch, &keys)?;
        batch.execute("DELETE FROM leased", [])?;
    }
    batch.commit()
}

/// Fails if a row is not what was written.
pub(super) fn verify(snapshot: &Snapshot) -> rusqlite::Result<()> {
    let query = format!("SELECT {} FROM records", Record::COLUMNS);
    let mut statement = snapshot.prepare(&query)?;
    statement.query_map([], Record::read)?.try_for_each(|record| match record? {
        Ok(_) => Ok(()),
        Err(unreadable) => Err(corrupt(unreadable.to_string())),
    })
}

/// The keys that are attached to leases.
pub(super) fn leased(snapshot: &Snapshot) -> rusqlite::Result<Vec<String>> {
    let mut statement = snapshot.prepare("SELECT key, lease, checksum FROM leased")?;
    let keys = statement.query_map([], |row| {
        let (key, lease, sum): (String, Lease, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if sum == lease_checksum(&key, lease) {
            Ok(key)
        } else {
            Err(corrupt(format!("the lease of {key} has a wrong checksum")))
        }
    })?;
    keys.collect()
}

/// The revision of a key that exists.
fn existing(batch: &Snapshot, key: &str) -> rusqlite::Result<Option<Revision>> {
    const EXISTING: &str = "SELECT revision FROM records WHERE key = ?1 AND value IS NOT NULL";
    batch.prepare_cached(EXISTING)?.query_row([key], |row| row.get(0)).optional()
}

fn put(
    batch: &Snapshot,
    key: &str,
    revision: Revision,
    value: Option<&[u8]>,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO records (key, value, revision, checksum) \
                       VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET \
                       value = excluded.value, revision = excluded.revision, \
                       checksum = excluded.checksum";
    let sum = checksum(key, revision, value);
    batch.prepare_cached(PUT)?.execute(params![key, value, revision, sum]).map(drop)
}

fn attach(batch: &Snapshot, key: &str, lease: Lease) -> rusqlite::Result<()> {
    const ATTACH: &str = "INSERT INTO leased (key, lease, checksum) VALUES (?1, ?2, ?3)";
    let sum = lease_checksum(key, lease);
    batch.prepare_cached(ATTACH)?.execute(params![key, lease, sum]).map(drop)
}

fn detach(batch: &Snapshot, key: &str) -> rusqlite::Result<()> {
    batch.prepare_cached("DELETE FROM leased WHERE key = ?1")?.execute([key]).map(drop)
}

fn delete_existing(batch: &Snapshot, keys: &[String]) -> rusqlite::Result<Revision> {
    let newest = newest(batch)?;
    let revision = newest.next();
    let mut deletes = false;
    for key in keys {
        if existing(batch, key)?.is_some() {
            put(batch, key, revision, None)?;
            deletes = true;
        }
    }
    if deletes {
        forget(batch)?;
    }
    Ok(if deletes { revision } else { newest })
}

/// Forgets the commits of which only deletions older than the newest ones are left.
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

fn one(connection: &Connection, query: &str) -> rusqlite::Result<Revision> {
    connection.prepare_cached(query)?.query_row([], |row| row.get(0))
}
