//! How far the walk is: one line on standard error, where that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Time between two lines; what is done sooner shows none.
const PAUSE: Duration = Duration::from_millis(250);

/// Counts what several threads do, and shows it.
pub(super) struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
    findings: AtomicU64,
    /// When the line was last shown, and whether it ever was; `None` where nobody watches.
    shown: Option<Mutex<(Instant, bool)>>,
}

impl Progress {
    pub(super) fn start() -> Self {
        let shown = io::stderr().is_terminal().then(|| Mutex::new((Instant::now(), false)));
        Self {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            findings: AtomicU64::new(0),
            shown,
        }
    }

    pub(super) fn visited(&self, bytes: u64) {
        self.files.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        // A thread that finds another one at it goes on: nobody waits for the terminal.
        let Some(Ok(mut shown)) = self.shown.as_ref().map(Mutex::try_lock) else { return };
        if shown.0.elapsed() >= PAUSE {
            *shown = (Instant::now(), true);
            let (files, bytes) = (self.files.load(Relaxed), self.bytes.load(Relaxed) >> 20);
            let findings = self.findings.load(Relaxed);
            let _ = write!(io::stderr(), "\r\x1b[K{files} files, {bytes} MiB, {findings} findings");
        }
    }

    pub(super) fn found(&self, findings: usize) {
        self.findings.fetch_add(findings as u64, Relaxed);
    }

    /// Takes the line away; gives back how many files were visited.
    pub(super) fn end(self) -> u64 {
        let shown = self.shown.and_then(|shown| shown.into_inner().ok());
        if shown.is_some_and(|(_, shown)| shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        self.files.into_inner()
    }
}
