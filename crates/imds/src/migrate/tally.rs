//! What it all came to.

use std::error::Error;
use std::path::Path;

use imds_migrate::{Finding, Level, Levels, Remedy, Rule, Skipped, report};

use super::error_chain::in_full;
use super::scanned::Scanned;
use crate::terminal::warn;

/// Counts of files and findings.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Files that were looked at.
    seen: u64,
    /// Files that were not read: binary ones, and texts for people.
    binary: usize,
    prose: usize,
    /// Files that could not be read, scanned or written.
    pub(crate) failed: usize,
    /// Findings that are still there.
    left: usize,
    /// Those among them that a check fails for.
    pub(crate) failing: usize,
    /// Files that were not understood.
    not_understood: usize,
    files: usize,
    rewrites: usize,
    offers: usize,
    fixed: usize,
}

impl Tally {
    /// So many files were looked at.
    pub(crate) fn of(seen: u64) -> Self {
        Self { seen, ..Self::default() }
    }

    /// A file with findings, or none.
    pub(crate) fn found(&mut self, file: &Scanned, levels: &Levels) {
        let count = |is: fn(&Remedy) -> bool| {
            file.findings.iter().map(|finding: &Finding| &finding.remedy).filter(|r| is(r)).count()
        };
        self.files += usize::from(!file.findings.is_empty());
        self.left += file.findings.len();
        self.failing += failing(file, levels);
        self.not_understood +=
            file.findings.iter().filter(|f| f.rule == Rule::NotUnderstood).count();
        self.rewrites += count(|remedy| matches!(remedy, Remedy::Rewrite(_)));
        self.offers += count(|remedy| matches!(remedy, Remedy::Offer { .. }));
    }

    /// A file was rewritten: its findings are those of `now`.
    pub(crate) fn now_has(&mut self, before: &Scanned, now: &Scanned, levels: &Levels) {
        self.left = self.left + now.findings.len() - before.findings.len();
        self.failing = self.failing + failing(now, levels) - failing(before, levels);
        self.fixed += before.findings.len().saturating_sub(now.findings.len());
    }

    /// A file could not be dealt with.
    pub(crate) fn fail(&mut self, path: &Path, error: &dyn Error) {
        self.warn(&format!("{}: {}", path.display(), in_full(error)));
    }

    /// A file was not read; its path if the command line names it.
    pub(super) fn skip(&mut self, named: Option<&Path>, reason: Skipped) {
        let why = if reason == Skipped::Binary {
            self.binary += 1;
            "it has NUL bytes, which no text has"
        } else {
            self.prose += 1;
            "its name says that it is a text for people"
        };
        if let Some(path) = named {
            let path = path.display().to_string();
            warn(format_args!("{} was not read: {why}", report::printable(&path)));
        }
    }

    pub(super) fn warn(&mut self, message: &str) {
        warn(report::printable(message));
        self.failed += 1;
    }

    /// The last line.
    pub(crate) fn summary(&self, written: bool) -> String {
        let mut kinds = Vec::new();
        if self.binary > 0 {
            kinds.push(format!("{} binary", self.binary));
        }
        if self.prose > 0 {
            kinds.push(format!("{} for people", count(self.prose, "text")));
        }
        let found = self.found_and_done(written);
        match self.binary + self.prose {
            0 => found,
            number => format!("{found}; {} not read: {}", count(number, "file"), kinds.join(", ")),
        }
    }

    fn found_and_done(&self, written: bool) -> String {
        let Self { seen, files, rewrites, offers, left, fixed, failed, not_understood, .. } = *self;
        let files_seen = count(usize::try_from(seen).unwrap_or(usize::MAX), "file");
        if files == 0 && failed > 0 {
            return format!("{failed} of {files_seen} could not be searched; nothing found");
        }
        if files == 0 {
            return format!("nothing in {files_seen} speaks IMDSv1");
        }
        if written {
            return format!("{} fixed, {left} left in {files_seen}", count(fixed, "finding"));
        }
        let by_hand = left - rewrites - offers - not_understood;
        let unread = match not_understood {
            0 => String::new(),
            number => format!(", {} not understood", count(number, "file")),
        };
        format!(
            "{} in {files} of {files_seen}: {rewrites} fixed by --write, \
             {offers} more by --write --offers, {by_hand} to be done by hand{unread}",
            count(left, "finding"),
        )
    }
}

/// How many findings a check fails for.
fn failing(file: &Scanned, levels: &Levels) -> usize {
    file.findings.iter().filter(|finding| levels.of(finding.rule) >= Level::Warning).count()
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
