//! Scanning so that no file, whatever is in it, stops or holds up the others.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::error::ScanError;
use crate::finding::Finding;
use crate::prefilter;
use crate::scan::scan_within;
use crate::worker::Worker;

/// Scans files one after the other, each for a limited processor time.
///
/// Grammars are C code: some abort on texts that their authors did not think of. With
/// [`Scanner::in_process`] that costs one file and not the run.
///
/// A clone has a process of its own.
pub struct Scanner {
    limit: Duration,
    start: Option<Start>,
    worker: Option<Worker>,
}

/// The command of a process that runs [`serve`](crate::serve).
type Start = Arc<dyn Fn() -> Command + Send + Sync>;

impl Clone for Scanner {
    fn clone(&self) -> Self {
        Self { limit: self.limit, start: self.start.clone(), worker: None }
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Scanner {
    /// A scanner in the thread that calls it, which spends at most `limit` of its time on one file.
    pub fn new(limit: Duration) -> Self {
        Self { limit, start: None, worker: None }
    }

    /// A scanner in a process of its own, which `command` starts: a program that calls
    /// [`serve`](crate::serve). It is started for the first file that is worth parsing, and again
    /// after one that it died of.
    pub fn in_process(
        limit: Duration,
        command: impl Fn() -> Command + Send + Sync + 'static,
    ) -> Self {
        Self { limit, start: Some(Arc::new(command)), worker: None }
    }

    /// What [`scan`](crate::scan()) finds in `bytes`, the content of the file `path`.
    ///
    /// # Errors
    ///
    /// The file's time is over, or the process that scanned it died or cannot be started; the next file
    /// can be scanned all the same.
    pub fn scan(&mut self, path: &Path, bytes: &[u8]) -> Result<Vec<Finding>, ScanError> {
        let Some(start) = &self.start else {
            return scan_within(path, bytes, Some(self.limit));
        };
        if !prefilter::is_worth_parsing(path, bytes) {
            return Ok(Vec::new());
        }
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(start()).map_err(ScanError::NoWorker)?,
        };
        let findings = worker.scan(path, bytes, self.limit)?;
        // Only a process that answered is asked again.
        self.worker = Some(worker);
        findings.ok_or(ScanError::TookTooLong { limit: self.limit })
    }
}
