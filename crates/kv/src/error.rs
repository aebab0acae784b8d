//! What can go wrong with state.

use std::io;
use std::path::PathBuf;

use crate::Revision;

/// Why a store did not do what it was asked for. What it keeps is as it was.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// Somebody else changed the key. Read it again, and decide again.
    #[error("{key} was changed by somebody else")]
    Conflict {
        /// The first key whose requirement is not met.
        key: String,
    },
    /// What was deleted since the revision that was asked about is forgotten. List everything
    /// again.
    #[error("deletions up to revision {oldest} are forgotten: list everything again")]
    Compacted {
        /// Changes after this revision and later ones can still be had.
        oldest: Revision,
    },
    /// Another process has the file. End it, or use another file.
    #[error("{} is in use by another process: end that one, or use another file", path.display())]
    Locked {
        /// The state file.
        path: PathBuf,
    },
    /// A newer version of this program wrote the file. Use that one, or another file.
    #[error(
        "{} has format {found}, and this program knows none newer than {known}: use the program \
         that wrote it, or another file",
        path.display()
    )]
    Newer {
        /// The state file.
        path: PathBuf,
        /// The file's format.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The file is something else. Name the right one, or move it away.
    #[error("{} is no state file: name another, or move it away", path.display())]
    Foreign {
        /// What was taken for a state file.
        path: PathBuf,
    },
    /// The file is not as it was written. Put a copy in its place, or move it away, with those
    /// beside it that begin with its name, and start anew.
    #[error(
        "{} is damaged ({detail}): restore a copy of it, or move it away with its -wal file",
        path.display()
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The system refuses: the disk is full or read-only, permission is missing, …; the source's
    /// [`io::Error::kind`] tells. Mend that, and ask again.
    ///
    /// From [`Kv::commit`](crate::Kv::commit) it means that the transaction was not done, but
    /// one thing can make it done after all: that writing failed when it was nearly over, and power
    /// is lost or the process is killed before the next commit.
    #[error("cannot {operation} {}", path.display())]
    Unavailable {
        /// What was tried, as in "cannot … /file".
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
