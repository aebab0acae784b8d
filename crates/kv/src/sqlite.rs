//! State in an SQLite file.
//!
//! Writes go to a log beside the file (`-wal`), which is flushed to the disk before a commit
//! becomes visible, let alone acknowledged. Readers have connections of their own: they see the
//! last commit while the next one waits for the disk.

mod file;
mod log;
mod reader;
mod rows;
mod schema;

use std::mem;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::newest::{Newest, lock};
use crate::{Changes, Entry, Kv, KvError, Listing, Revision, Transaction};
use file::StateFile;
pub use reader::SqliteReader;

/// How many connections for reading are kept when nobody reads.
const IDLE_READERS: usize = 4;

/// A store in a file.
pub struct SqliteStore {
    readers: Mutex<Vec<Connection>>,
    /// Closed after the readers: the last connection moves the log into the file.
    queue: Mutex<Queue>,
    /// Told whenever the writer is back in the queue.
    settled: Condvar,
    newest: Newest,
    /// Unlocked last.
    file: StateFile,
}

/// What is to be committed next.
struct Queue {
    jobs: Vec<Job>,
    /// `None` while one of the callers writes, for itself and for those who queued before.
    writer: Option<Connection>,
}

/// A transaction on its way to the disk.
struct Job {
    transaction: Transaction,
    outcome: Arc<Mutex<Option<Outcome>>>,
}

type Outcome = Result<Revision, KvError>;

impl SqliteStore {
    /// Opens the state file, or makes it, and the directory it is in: for their owner only. No other
    /// process can open it until this one ends or drops the store.
    ///
    /// A file of up to 64 MiB is looked through for damage first.
    ///
    /// # Errors
    /// All but [`KvError::Conflict`] and [`KvError::Compacted`]. A file that is refused is as
    /// it was.
    pub fn open(path: &Path) -> Result<Self, KvError> {
        let file = StateFile::lock(path)?;
        let mut writer = file.open()?;
        let revision = snapshot(&mut writer, rows::newest).map_err(file.failed("read"))?;
        Ok(Self {
            readers: Mutex::default(),
            queue: Mutex::new(Queue { jobs: Vec::new(), writer: Some(writer) }),
            settled: Condvar::new(),
            newest: Newest::starting_at(revision),
            file,
        })
    }

    /// Lets `work` see one snapshot.
    fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction) -> rusqlite::Result<T>,
    ) -> Result<T, KvError> {
        let idle = lock(&self.readers).pop();
        let mut reader = idle.map_or_else(|| self.file.connect_reader(), Ok)?;
        let seen = snapshot(&mut reader, work).map_err(self.file.failed("read"));
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        seen
    }

    /// Commits what waits, all with one flush. If that fails, each by itself, so that a transaction
    /// which cannot be written fails no other.
    fn settle(&self, writer: &mut Connection, jobs: &[Job]) {
        match write(writer, jobs) {
            Ok(outcomes) => {
                for (job, outcome) in jobs.iter().zip(outcomes) {
                    if let Ok(revision) = outcome {
                        self.newest.advance(revision);
                    }
                    *lock(&job.outcome) = Some(outcome);
                }
            }
            Err(error) => match jobs {
                [job] => *lock(&job.outcome) = Some(Err(self.file.failed("write")(error))),
                _ => jobs.chunks(1).for_each(|job| self.settle(writer, job)),
            },
        }
    }
}

impl Kv for SqliteStore {
    fn get(&self, key: &str) -> Result<Option<Entry>, KvError> {
        self.read(|snapshot| rows::get(snapshot, key))
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        self.read(|snapshot| {
            let entries = rows::page(snapshot, prefix, after, limit)?;
            Ok(Listing { revision: rows::newest(snapshot)?, entries })
        })
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        let outcome = Arc::default();
        let mut queue = lock(&self.queue);
        queue.jobs.push(Job { transaction, outcome: Arc::clone(&outcome) });
        loop {
            if let Some(settled) = lock(&outcome).take() {
                return settled;
            }
            let Some(mut writer) = queue.writer.take() else {
                // Whoever has the writer comes back with it.
                queue = self.settled.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let jobs = mem::take(&mut queue.jobs);
            drop(queue);
            self.settle(&mut writer, &jobs);
            queue = lock(&self.queue);
            queue.writer = Some(writer);
            self.settled.notify_all();
        }
    }

    fn changes(&self, after: Revision, patience: Duration) -> Result<Changes, KvError> {
        self.newest.wait(after, patience);
        let (oldest, changes) = self.read(|snapshot| {
            let changed = rows::changes(snapshot, after)?;
            let changes = Changes { revision: rows::newest(snapshot)?, changed };
            Ok((rows::compacted(snapshot)?, changes))
        })?;
        if after < oldest { Err(KvError::Compacted { oldest }) } else { Ok(changes) }
    }
}

fn snapshot<T>(
    connection: &mut Connection,
    work: impl FnOnce(&rusqlite::Transaction) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    work(&connection.transaction()?)
}

/// Commits all, or fails and has done nothing.
fn write(writer: &mut Connection, jobs: &[Job]) -> rusqlite::Result<Vec<Outcome>> {
    let batch = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcomes: Vec<_> = jobs
        .iter()
        .map(|job| rows::write(&batch, &job.transaction))
        .collect::<rusqlite::Result<_>>()?;
    batch.commit()?;
    Ok(outcomes)
}
