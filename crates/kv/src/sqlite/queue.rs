//! Commits on their way to the disk. Those that wait for the disk together are flushed together.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::file::StateFile;
use super::rows;
use crate::error::KvError;
use crate::lease::Lease;
use crate::lease_table::LeaseTable;
use crate::lock::lock;
use crate::revision::Revision;
use crate::transaction::Transaction;

/// The only place that writes, once the file is open.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Notified whenever the writer is back.
    returned: Condvar,
}

struct Waiting {
    jobs: Vec<Job>,
    /// `None` while one of the callers writes, for itself and for those who queued before.
    writer: Option<Connection>,
}

/// What is to be committed.
pub(super) enum Work {
    Commit(Transaction),
    /// The keys of a lease that has ended.
    DeleteLeased(Lease),
}

struct Job {
    work: Work,
    outcome: Arc<Mutex<Option<Outcome>>>,
}

type Outcome = Result<Revision, KvError>;

/// Why nothing was committed.
struct Failure {
    error: rusqlite::Error,
    /// Whether the log may hold the commit all the same: read again after a crash, it would count.
    may_be_written: bool,
}

impl Queue {
    pub(super) fn new(writer: Connection) -> Self {
        let waiting = Waiting { jobs: Vec::new(), writer: Some(writer) };
        Self { waiting: Mutex::new(waiting), returned: Condvar::new() }
    }

    /// Commits `work` durably.
    pub(super) fn commit(&self, work: Work, leases: &LeaseTable, file: &StateFile) -> Outcome {
        let outcome = Arc::default();
        let mut waiting = lock(&self.waiting);
        waiting.jobs.push(Job { work, outcome: Arc::clone(&outcome) });
        loop {
            if let Some(outcome) = lock(&outcome).take() {
                return outcome;
            }
            let Some(mut writer) = waiting.writer.take() else {
                // The caller that has the writer comes back with it.
                waiting = self.returned.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let jobs = mem::take(&mut waiting.jobs);
            drop(waiting);
            commit_all(&mut writer, &jobs, leases, file);
            waiting = lock(&self.waiting);
            waiting.writer = Some(writer);
            self.returned.notify_all();
        }
    }
}

/// Commits all jobs with one flush. If that fails, each by itself, so that a transaction which cannot
/// be written fails no other.
fn commit_all(writer: &mut Connection, jobs: &[Job], leases: &LeaseTable, file: &StateFile) {
    let mut may_be_written = match write(writer, jobs, leases) {
        Ok(outcomes) => {
            for (job, outcome) in jobs.iter().zip(outcomes) {
                *lock(&job.outcome) = Some(outcome);
            }
            return;
        }
        Err(failure) if jobs.len() == 1 => {
            *lock(&jobs[0].outcome) = Some(Err(failure.into_error(file)));
            return;
        }
        Err(failure) => failure.may_be_written,
    };
    for job in jobs {
        let written = write(writer, std::slice::from_ref(job), leases);
        let outcome = match written.map(|mut outcomes| outcomes.pop()) {
            Ok(outcome) => {
                // This commit has overwritten what the failed ones left in the log.
                may_be_written &= !matches!(outcome, Some(Ok(_)));
                outcome
            }
            Err(mut failure) => {
                failure.may_be_written |= may_be_written;
                Some(Err(failure.into_error(file)))
            }
        };
        *lock(&job.outcome) = outcome;
    }
}

/// Commits all, or fails and has done nothing.
fn write(
    writer: &mut Connection,
    jobs: &[Job],
    leases: &LeaseTable,
) -> Result<Vec<Outcome>, Failure> {
    let batch = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcomes = jobs.iter().map(|job| match &job.work {
        Work::Commit(transaction) => rows::write(&batch, transaction, leases),
        Work::DeleteLeased(lease) => rows::delete_leased(&batch, *lease).map(Ok),
    });
    let outcomes = outcomes.collect::<rusqlite::Result<_>>()?;
    batch.commit().map_err(|error| {
        // A full disk and a busy file stop SQLite before the log has all of the commit. After a
        // failed flush the log has it, and whether the disk does is not known.
        let may_be_written = !matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        );
        Failure { error, may_be_written }
    })?;
    Ok(outcomes)
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self { error, may_be_written: false }
    }
}

impl Failure {
    fn into_error(self, file: &StateFile) -> KvError {
        if self.may_be_written {
            file.outcome_unknown(self.error)
        } else {
            file.unavailable("write")(self.error)
        }
    }
}
