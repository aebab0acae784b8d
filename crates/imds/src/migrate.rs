//! What `imds migrate` does with files: scan a tree, say what is found, replace a file.

mod error_chain;
mod progress;
mod replace;
mod rules;
mod scanned;
mod tally;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use imds_migrate::{EditError, Event, Scanner, Walk, apply};

pub(crate) use rules::levels;
pub(crate) use scanned::{Choice, Form, Scanned};
pub(crate) use tally::Tally;

use error_chain::in_full;
use progress::Progress;

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
    let skipped = Mutex::new(Vec::new());
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
        Event::Skipped { path, is_named, reason } => {
            skipped.lock().expect(locked).push((is_named.then_some(path), reason));
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
    let mut skipped = skipped.into_inner().expect(locked);
    skipped.sort();
    for (named, reason) in skipped {
        tally.skip(named.as_deref(), reason);
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
