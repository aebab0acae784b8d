//! A file with findings.

use std::path::Path;

use imds_migrate::{Edit, EditError, Finding, Level, Levels, ScanError, Scanner, apply, report};

use super::replace::Fingerprint;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Human { colour: bool },
    Diff,
    Json,
    Sarif,
}

/// Which findings count, and which of their edits are made.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// Those that change how instances are launched, too.
    pub(crate) offers: bool,
    pub(crate) levels: Levels,
}

impl Choice {
    pub(crate) fn edits<'f>(&self, findings: &'f [Finding]) -> Vec<&'f Edit> {
        let of = if self.offers { Finding::edits } else { Finding::rewrite };
        findings.iter().flat_map(of).collect()
    }
}

/// What is kept of a file with findings: not its content, so that a large tree costs as much
/// memory as is found in it.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) findings: Vec<Finding>,
    /// The findings as they are printed.
    pub(crate) text: Result<Vec<u8>, EditError>,
    pub(super) fingerprint: Fingerprint,
}

impl Scanned {
    /// Scans a file of which the content is at hand.
    pub(crate) fn of(
        scanner: &mut Scanner,
        path: &Path,
        bytes: &[u8],
        form: Form,
        choice: &Choice,
    ) -> Result<Self, ScanError> {
        Ok(Self::new(path, bytes, scanner.scan(path, bytes)?, form, choice))
    }

    pub(super) fn new(
        path: &Path,
        bytes: &[u8],
        mut findings: Vec<Finding>,
        form: Form,
        choice: &Choice,
    ) -> Self {
        let level = |finding: &Finding| choice.levels.of(finding.rule);
        findings.retain(|finding| level(finding) > Level::Off);
        let each = |print: &dyn Fn(&Finding) -> String| {
            Ok(findings.iter().map(print).collect::<String>().into_bytes())
        };
        let text = match form {
            Form::Human { colour } => {
                each(&|f| report::human(path, bytes, f, level(f), colour) + "\n")
            }
            Form::Json => each(&|f| report::json(path, f, level(f)) + "\n"),
            Form::Diff => {
                apply(bytes, choice.edits(&findings)).map(|after| report::diff(path, bytes, &after))
            }
            Form::Sarif => Ok(Vec::new()),
        };
        Self { findings, text, fingerprint: Fingerprint::of(bytes) }
    }
}
