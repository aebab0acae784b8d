//! What `imds migrate` does with files: scan a tree, say what is found, replace a file.

mod progress;
mod replace;
mod rules;
mod tally;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use imds_migrate::{
    Edit, EditError, Event, Finding, Level, Levels, ScanError, Scanner, Walk, apply, report,
};

pub(crate) use rules::levels;
pub(crate) use tally::Tally;

use progress::Progress;
use replace::Fingerprint;

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
    fingerprint: Fingerprint,
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

    fn new(
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

/// A scanner in a process of its own, which runs this program.
pub(crate) fn scanner(limit: Duration) -> Scanner {
    Scanner::in_process(limit, || {
        let mut command = Command::new("/proc/self/exe");
        command.args(["migrate", "--worker"]);
        command
    })
}

/// Scans everything below `paths`; files come in the order of their names, each once. Warnings and
/// progress go to standard error.
pub(crate) fn found_below(
    paths: &[PathBuf],
    limit: Duration,
    form: Form,
    choice: &Choice,
) -> (BTreeMap<PathBuf, Scanned>, Tally) {
    let files = Mutex::new(BTreeMap::new());
    let failures = Mutex::new(Vec::new());
    let progress = Progress::start();
    let locked = "a thread that held it panicked";
    let walk = Walk { paths, threads: 0, scanner: scanner(limit) };
    walk.run(&|event| match event {
        Event::Visited { bytes } => progress.visited(bytes),
        Event::Found { path, bytes, findings } => {
            progress.found(findings.len());
            let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
            let file = Scanned::new(&path, &bytes, findings, form, choice);
            if !file.findings.is_empty() {
                files.lock().expect(locked).insert(path, file);
            }
        }
        Event::TooLarge { path } => failures.lock().expect(locked).push(format!(
            "{} names the metadata service, but is too large to be read as code",
            path.display()
        )),
        Event::Failed(error) => failures.lock().expect(locked).push(in_full(&error)),
        _ => {}
    });
    let mut tally = Tally::of(progress.end());
    let files = files.into_inner().expect(locked);
    for file in files.values() {
        tally.found(file, &choice.levels);
    }
    let mut failures = failures.into_inner().expect(locked);
    failures.sort();
    for failure in &failures {
        tally.warn(failure);
    }
    (files, tally)
}

/// Replaces the file by its rewritten self, and gives that back.
pub(crate) fn rewrite(
    path: &Path,
    file: &Scanned,
    choice: &Choice,
) -> Result<Vec<u8>, Box<dyn Error>> {
    replace::file(path, &file.fingerprint, |before| rewritten(before, file, choice))
}

/// `bytes`, the content that was scanned, after its edits.
pub(crate) fn rewritten(
    bytes: &[u8],
    file: &Scanned,
    choice: &Choice,
) -> Result<Vec<u8>, EditError> {
    apply(bytes, choice.edits(&file.findings))
}

/// An error and what caused it, in one line.
fn in_full(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // Some errors repeat their cause.
    texts.dedup();
    texts.join(": ")
}
