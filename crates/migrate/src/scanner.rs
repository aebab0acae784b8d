//! Scanning with a limit: no file, whatever is in it, holds the others up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::error::ScanError;
use crate::finding::Finding;
use crate::{prefilter, scan};

/// Runs [`scan`] on a thread of its own, and gives a file up when its time is over.
///
/// Grammars are C code that cannot be interrupted everywhere. A thread that does not come back is
/// left behind, and ends with the process; the next file gets a new one.
#[derive(Debug)]
pub struct Scanner {
    limit: Duration,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Worker {
    files: Sender<(PathBuf, Arc<[u8]>)>,
    findings: Receiver<Vec<Finding>>,
}

impl Scanner {
    /// A scanner that spends at most `limit` on one file.
    pub fn new(limit: Duration) -> Self {
        Self { limit, worker: None }
    }

    /// What [`scan`] finds in `bytes`, the content of the file `path`.
    pub fn scan(&mut self, path: &Path, bytes: &[u8]) -> Result<Vec<Finding>, ScanError> {
        if !prefilter::is_worth_parsing(path, bytes) {
            return Ok(Vec::new());
        }
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start().map_err(ScanError::NoThread)?,
        };
        let gone = || ScanError::Panicked;
        worker.files.send((path.to_owned(), bytes.into())).map_err(|_| gone())?;
        let findings = worker.findings.recv_timeout(self.limit).map_err(|error| match error {
            RecvTimeoutError::Timeout => ScanError::TookTooLong { limit: self.limit },
            RecvTimeoutError::Disconnected => gone(),
        })?;
        // Only a worker that answered is asked again.
        self.worker = Some(worker);
        Ok(findings)
    }
}

impl Worker {
    fn start() -> std::io::Result<Self> {
        let (files, inbox) = channel::<(PathBuf, Arc<[u8]>)>();
        let (outbox, findings) = channel();
        thread::Builder::new().name("scan".into()).spawn(move || {
            for (path, bytes) in inbox {
                if outbox.send(scan(&path, &bytes)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { files, findings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &[u8] = b"curl -s http://169.254.169.254/latest/meta-data/instance-id\n";

    #[test]
    fn a_file_over_its_time_is_given_up_and_the_next_is_scanned() {
        let mut scanner = Scanner::new(Duration::from_millis(1));
        let path = Path::new("a.sh");
        let error = scanner.scan(path, &SCRIPT.repeat(20_000)).unwrap_err();
        assert!(matches!(error, ScanError::TookTooLong { .. }), "{error}");
        scanner.limit = Duration::from_secs(60);
        assert_eq!(scanner.scan(path, SCRIPT).unwrap().len(), 1);
        assert_eq!(scanner.scan(path, SCRIPT).unwrap().len(), 1);
    }
}
