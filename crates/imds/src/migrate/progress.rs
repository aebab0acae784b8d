//! How far the walk is.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::status_line::StatusLine;

/// Counts what several threads do, and shows it.
pub(super) struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
    findings: AtomicU64,
    line: StatusLine,
}

impl Progress {
    pub(super) fn start() -> Self {
        Self {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            findings: AtomicU64::new(0),
            line: StatusLine::start(),
        }
    }

    pub(super) fn visited(&self, bytes: u64) {
        self.files.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.line.show(|| {
            let (files, bytes) = (self.files.load(Relaxed), self.bytes.load(Relaxed) >> 20);
            let findings = self.findings.load(Relaxed);
            format!("{files} files, {bytes} MiB, {findings} findings")
        });
    }

    pub(super) fn found(&self, findings: usize) {
        self.findings.fetch_add(findings as u64, Relaxed);
    }

    /// Takes the line away; gives back how many files were visited.
    pub(super) fn end(self) -> u64 {
        self.files.into_inner()
    }
}
