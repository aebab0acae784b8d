//! What can go wrong in this crate.

use std::io;
use std::path::{Path, PathBuf};

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
        source: io::Error,
    },
    /// A file could not be scanned to its end.
    #[error("cannot scan {}", path.display())]
    Scan {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: ScanError,
    },
    /// The walk itself failed, for example on an ignore file that cannot be read as one.
    #[error("cannot walk the tree")]
    Walk {
        /// What the walker said.
        source: ignore::Error,
    },
}

impl From<ignore::Error> for WalkError {
    fn from(error: ignore::Error) -> Self {
        match (path_of(&error), system_error(&error)) {
            (Some(path), Some(source)) => Self::Read { path: path.to_owned(), source },
            _ => Self::Walk { source: error },
        }
    }
}

/// The path that the walker could not go on with.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

/// What the system said, without what the walker adds to it.
fn system_error(error: &ignore::Error) -> Option<io::Error> {
    let number = error.io_error()?.raw_os_error().or_else(|| {
        let inner = error.io_error()?.get_ref()?.source()?;
        inner.downcast_ref::<io::Error>()?.raw_os_error()
    })?;
    Some(io::Error::from_raw_os_error(number))
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
    NoWorker(#[source] io::Error),
}
