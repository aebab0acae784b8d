//! What it all came to.

use std::error::Error;
use std::path::Path;

use imds_migrate::{Finding, Remedy};

use super::{Scanned, in_full};

/// Counts of files and findings.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Files that were looked at.
    seen: u64,
    /// Files that could not be read, scanned or written.
    pub(crate) failed: usize,
    /// Findings that are still there.
    pub(crate) left: usize,
    files: usize,
    rewrites: usize,
    offers: usize,
    mended: usize,
}

impl Tally {
    /// So many files were looked at.
    pub(crate) fn of(seen: u64) -> Self {
        Self { seen, ..Self::default() }
    }

    /// A file with findings, or none.
    pub(crate) fn found(&mut self, file: &Scanned) {
        let count = |is: fn(&Remedy) -> bool| {
            file.findings.iter().map(|finding: &Finding| &finding.remedy).filter(|r| is(r)).count()
        };
        self.files += usize::from(!file.findings.is_empty());
        self.left += file.findings.len();
        self.rewrites += count(|remedy| matches!(remedy, Remedy::Rewrite(_)));
        self.offers += count(|remedy| matches!(remedy, Remedy::Offer { .. }));
    }

    /// A file was rewritten: its findings are those of `now`.
    pub(crate) fn now_has(&mut self, before: &Scanned, now: &Scanned) {
        self.left = self.left + now.findings.len() - before.findings.len();
        self.mended += before.findings.len().saturating_sub(now.findings.len());
    }

    /// A file could not be dealt with.
    pub(crate) fn fail(&mut self, path: &Path, error: &dyn Error) {
        self.warn(&format!("{}: {}", path.display(), in_full(error)));
    }

    pub(super) fn warn(&mut self, message: &str) {
        eprintln!("imds: warning: {message}");
        self.failed += 1;
    }

    /// The last line.
    pub(crate) fn summary(&self, written: bool) -> String {
        let Self { seen, files, rewrites, offers, left, mended, failed } = *self;
        let files_seen = count(usize::try_from(seen).unwrap_or(usize::MAX), "file");
        if files == 0 && failed > 0 {
            return format!("{failed} of {files_seen} could not be searched; nothing found");
        }
        if files == 0 {
            return format!("nothing in {files_seen} speaks IMDSv1");
        }
        if written {
            return format!("{} mended, {left} left in {files_seen}", count(mended, "finding"));
        }
        let by_hand = left - rewrites - offers;
        format!(
            "{} in {files} of {files_seen}: {rewrites} mended by --write, \
             {offers} more by --write --offers, {by_hand} to be done by hand",
            count(left, "finding"),
        )
    }
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
