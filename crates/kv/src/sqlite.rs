//! State in an SQLite file.
//!
//! Writes go to a log beside the file (`-wal`), which is flushed to the disk before a commit
//! becomes visible, let alone acknowledged. Readers have connections of their own: they see the
//! last commit while the next one waits for the disk.

mod file;
mod index;
mod log;
mod queue;
mod reader;
mod record;
mod rows;
mod schema;
mod snapshot;
mod trust;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;

use crate::engine::Kv;
use crate::entry::{Listing, Snapshot};
use crate::error::KvError;
use crate::lease::Lease;
use crate::lease_table::LeaseTable;
use crate::limits::Limits;
use crate::lock::lock;
use crate::newest::Newest;
use crate::open_error::OpenError;
use crate::reaper::Reaper;
use crate::revision::Revision;
use crate::transaction::Transaction;
use crate::watch::Watch;
use file::StateFile;
use queue::{Queue, Work};
pub use reader::SqliteReader;
use snapshot::snapshot;

/// How many connections for reading stay open when nobody reads.
const IDLE_READERS: usize = 4;

/// An engine in a file.
pub struct Sqlite {
    /// Dropped first: it uses the rest.
    reaper: Reaper,
    shared: Arc<Shared>,
}

struct Shared {
    readers: Mutex<Vec<Connection>>,
    /// Closed after the readers: the last connection moves the log into the file.
    queue: Queue,
    newest: Arc<Newest>,
    leases: Arc<LeaseTable>,
    limits: Limits,
    /// Unlocked last.
    file: StateFile,
}

impl Sqlite {
    /// Opens the state file, or creates it and its directory, both for their owner only. No other
    /// process can open it until this one ends or drops the engine; a [`Watch`] that reads at that
    /// moment finishes reading first.
    ///
    /// A file of up to 64 MiB is checked for damage first. Keys of leases that another process left
    /// behind are deleted.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with_limits(path, Limits::LOCAL)
    }

    /// The same, but refuses larger transactions than `limits` allows.
    pub fn open_with_limits(path: &Path, limits: Limits) -> Result<Self, OpenError> {
        let file = StateFile::lock(path)?;
        let mut writer = file.open()?;
        rows::delete_all_leased(&mut writer).map_err(file.refused("write"))?;
        let newest = snapshot(&mut writer, rows::newest).map_err(file.refused("read"))?;
        let leases = Arc::new(LeaseTable::default());
        let shared = Shared {
            readers: Mutex::default(),
            queue: Queue::new(writer),
            newest: Arc::new(Newest::starting_at(newest)),
            leases: Arc::clone(&leases),
            limits,
            file,
        };
        Ok(Self { reaper: Reaper::new(leases), shared: Arc::new(shared) })
    }

    /// Makes all leases older, as if that much time had passed.
    #[cfg(feature = "conformance")]
    pub fn advance_clock(&self, by: Duration) {
        self.shared.leases.advance_clock(by);
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.shared.newest.end();
    }
}

impl Shared {
    /// Lets `work` see one snapshot.
    fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction) -> rusqlite::Result<T>,
    ) -> Result<T, KvError> {
        let idle = lock(&self.readers).pop();
        let mut reader = idle
            .map_or_else(|| self.file.connect_reader(), Ok)
            .map_err(self.file.unavailable("open"))?;
        let seen = snapshot(&mut reader, work).map_err(self.file.unavailable("read"));
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        seen
    }

    fn write(&self, work: Work) -> Result<Revision, KvError> {
        let revision = self.queue.commit(work, &self.leases, &self.file)?;
        self.newest.advance(revision);
        Ok(revision)
    }

    /// Deletes the keys of a lease that has ended.
    fn delete_leased(&self, lease: Lease) -> Result<(), KvError> {
        self.write(Work::DeleteLeased(lease))?;
        self.leases.forget(lease);
        Ok(())
    }
}

impl Kv for Sqlite {
    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        self.shared.read(|snapshot| {
            let entries = keys.iter().map(|key| rows::get(snapshot, key));
            let entries = entries.collect::<rusqlite::Result<_>>()?;
            Ok(Snapshot { revision: rows::newest(snapshot)?, entries })
        })
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        self.shared.read(|snapshot| rows::page(snapshot, prefix, after, limit))
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        transaction.check(self.shared.limits)?;
        self.shared.write(Work::Commit(transaction))
    }

    fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, KvError> {
        let shared = Arc::downgrade(&self.shared);
        Ok(self.shared.newest.watch(prefixes, after, move |after, prefixes| {
            let shared = shared.upgrade()?;
            let changes =
                shared.read(|snapshot| rows::changes(snapshot, after, |key| prefixes.contain(key)));
            Some(changes.flatten())
        }))
    }

    fn grant(&self, ttl: Duration) -> Result<Lease, KvError> {
        let shared = Arc::clone(&self.shared);
        self.reaper.start(move |lease| shared.delete_leased(lease))?;
        Ok(self.shared.leases.grant(ttl))
    }

    fn keep_alive(&self, lease: Lease) -> Result<(), KvError> {
        self.shared.leases.keep_alive(lease)
    }

    fn revoke(&self, lease: Lease) -> Result<(), KvError> {
        self.shared.leases.end(lease)?;
        self.shared.delete_leased(lease)
    }

    fn limits(&self) -> Limits {
        self.shared.limits
    }
}
