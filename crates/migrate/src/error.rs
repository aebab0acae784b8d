//! What can go wrong in this crate.

use std::path::PathBuf;

/// A set of edits that cannot be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditError {
    /// Two different edits want the same bytes.
    #[error("two edits overlap at byte {at}")]
    Overlap {
        /// The byte both want.
        at: usize,
    },
    /// An edit reaches past the end of the text.
    #[error("an edit ends at byte {at}, past the text's {len} bytes")]
    OutOfRange {
        /// Where the edit ends.
        at: usize,
        /// How long the text is.
        len: usize,
    },
}

/// A path that could not be searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalkError {
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be scanned to its end.
    #[error("cannot scan {}", path.display())]
    Scan {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: ScanError,
    },
    /// The walk itself failed, for example on a loop of links.
    #[error("cannot walk the tree")]
    Walk {
        /// What the walker said.
        #[from]
        source: ignore::Error,
    },
}

/// A file that could not be scanned to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// It took longer than a file may take.
    #[error("gave up after {} s of processor time", limit.as_secs_f32())]
    TookTooLong {
        /// The processor time it may take.
        limit: std::time::Duration,
    },
    /// The process that scanned it died: of a grammar that aborts, or of want of memory.
    #[error("the process that scanned it died")]
    Died,
    /// The process that scans cannot be started or talked to.
    #[error("cannot start a process that scans")]
    NoWorker(#[source] std::io::Error),
}
