//! Why an engine did not do what it was asked to do.

use crate::entry::UnreadableEntry;
use crate::lease::Lease;
use crate::limits::Limits;
use crate::revision::Revision;

/// The cause of an error, which depends on the engine.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call failed. Nothing was changed, except as [`OutcomeUnknown`](Self::OutcomeUnknown) says.
///
/// The variants are the same for every engine; what is special to one is in the sources. The text
/// does not repeat the source: print the whole chain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KvError {
    /// Another writer changed the key. Read it again, and decide again.
    #[error("{key} was changed by another writer")]
    Conflict {
        /// The first key whose comparison failed.
        key: String,
    },
    /// The engine no longer knows what changed since the requested revision. List everything again.
    #[error("changes before revision {oldest} are no longer known")]
    Compacted {
        /// Changes after this revision, and after later ones, are known.
        oldest: Revision,
    },
    /// The engine cannot be used at present: no connection, a full disk, missing permission, ….
    #[error("{what}")]
    Unavailable {
        /// What was tried and on what, such as `cannot write /var/lib/imds/state.db`.
        what: String,
        /// Whether the same call can succeed later without a change to this program's set-up: `true`
        /// for a full disk or a lost connection, `false` for missing permission or a damaged file.
        retry: bool,
        /// The reason: where permission is missing, an [`io::Error`](std::io::Error) of that kind.
        source: Cause,
    },
    /// A commit was begun, and whether it is durable is not known. Read what it would have written,
    /// then decide again.
    #[error("{what}")]
    OutcomeUnknown {
        /// What was tried and on what.
        what: String,
        /// The reason.
        source: Cause,
    },
    /// The transaction exceeds the engine's [`Limits`]. Split it.
    #[error(
        "a transaction of {operations} operations and {bytes} bytes exceeds the limit of \
         {} operations and {} bytes",
        limits.operations,
        limits.bytes
    )]
    TooLarge {
        /// The transaction's operations.
        operations: usize,
        /// The transaction's bytes.
        bytes: usize,
        /// The engine's limits.
        limits: Limits,
    },
    /// One entry is damaged; others can be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEntry),
    /// The lease has ended, or was never granted. Grant another one, and write its keys again.
    #[error("lease {lease} has ended")]
    LeaseEnded {
        /// The lease.
        lease: Lease,
    },
}
