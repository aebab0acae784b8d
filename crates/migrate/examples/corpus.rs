//! Scores over a corpus of public files, which is kept outside the repository:
//! `cargo run -p imds-migrate --example corpus -- FOLDER MANIFEST [--json] [--rewrites] [--list]`.
//!
//! The manifest has one file a line, with tabs between its fields: repository, path, commit, SHA-256 of the
//! content, and labels. The folder holds each file as REPOSITORY/PATH. A label is a line, or a range of
//! lines, where a person who read the file says that a finding must begin: `r12` a request without a token,
//! `s30-41` a setting that lets IMDSv1 be spoken. A label that ends in `?` could not be decided: a finding
//! there counts neither way. `-` is a file where nothing must be found.
//!
//! `--rewrites` prints each rewrite as a patch, to be read; `--list` prints what was missed, what was found
//! without a label, and files that name the service without a word about it.
#![expect(clippy::print_stdout, reason = "its output is for a developer at a terminal")]

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, io};

use imds_migrate::{Finding, Rule, Scanner, apply, report};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Processor time of one file.
const LIMIT: Duration = Duration::from_secs(30);

/// What was counted.
#[derive(Default)]
struct Score {
    files: usize,
    missing: usize,
    given_up: usize,
    labels: usize,
    found: usize,
    false_alarms: usize,
    undecided: usize,
    rewrites: usize,
    /// Rewrites where no label says that there is a request.
    rewrites_without_label: usize,
    not_understood: usize,
    /// Files with a missed request which do not say that something was not understood.
    silent: usize,
}

/// A place where something must be found.
struct Label {
    is_request: bool,
    lines: (usize, usize),
    is_decided: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, manifest, rest @ ..] = &arguments[..] else {
        return Err("usage: corpus FOLDER MANIFEST [--json] [--rewrites] [--list]".into());
    };
    let has = |flag: &str| rest.iter().any(|argument| argument == flag);
    let mut score = Score::default();
    let mut scanner = Scanner::new(LIMIT);
    for line in fs::read_to_string(manifest)?.lines() {
        let [repository, path, _, hash, labels] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} does not have five fields").into());
        };
        let labels = labels.split(' ').filter(|l| *l != "-").map(label).collect::<Option<Vec<_>>>();
        let labels = labels.ok_or_else(|| format!("{line:?} has a label that is not valid"))?;
        let file = Path::new(folder).join(repository).join(path);
        score.files += 1;
        let bytes = fs::read(&file).unwrap_or_default();
        if hex(&Sha256::digest(&bytes)) != hash {
            println!("{}: is not the file of the manifest", file.display());
            score.missing += 1;
            continue;
        }
        let findings = scanner.scan(&file, &bytes).unwrap_or_else(|error| {
            println!("{}: {error}", file.display());
            score.given_up += 1;
            Vec::new()
        });
        let notes = score.add(&labels, &findings, &bytes);
        if has("--list") {
            for note in notes {
                println!("{repository}/{path}:{note}");
            }
        }
        if has("--rewrites") {
            let after = apply(&bytes, findings.iter().flat_map(Finding::rewrite))?;
            io::stdout().write_all(&report::diff(&file, &bytes, &after))?;
        }
    }
    if has("--json") {
        println!("{}", score.json());
    } else {
        score.print();
    }
    Ok(())
}

impl Score {
    /// Counts one file; says what is not as its labels have it.
    fn add(&mut self, labels: &[Label], findings: &[Finding], bytes: &[u8]) -> Vec<String> {
        let mut notes = Vec::new();
        let is_understood = findings.iter().all(|f| f.rule != Rule::NotUnderstood);
        self.not_understood += usize::from(!is_understood);
        let mut misses = false;
        for label in labels.iter().filter(|label| label.is_decided) {
            self.labels += 1;
            if findings.iter().any(|finding| label.takes(finding, bytes)) {
                self.found += 1;
            } else {
                misses = true;
                notes.push(format!("{}: missed", label.lines.0));
            }
        }
        self.silent += usize::from(misses && is_understood);
        for finding in findings {
            let is_scored = matches!(
                finding.rule,
                Rule::TokenlessRequest | Rule::UnclearRequest | Rule::TokensNotRequired
            );
            let is_rewrite = !finding.rewrite().is_empty();
            self.rewrites += usize::from(is_rewrite);
            let mut takers = labels.iter().filter(|label| label.takes(finding, bytes)).peekable();
            if takers.peek().is_none() {
                self.rewrites_without_label += usize::from(is_rewrite);
                if is_scored {
                    self.false_alarms += 1;
                    notes.push(format!("{}: {} without a label", finding.line, finding.rule.id()));
                }
            } else if takers.all(|label| !label.is_decided) {
                self.undecided += 1;
            }
        }
        notes
    }

    fn recall(&self) -> f64 {
        percent(self.found, self.labels)
    }

    fn precision(&self) -> f64 {
        percent(self.found, self.found + self.false_alarms)
    }

    fn rows(&self) -> [(&'static str, usize); 11] {
        [
            ("files", self.files),
            ("files that are not there", self.missing),
            ("files given up", self.given_up),
            ("labels", self.labels),
            ("labels found", self.found),
            ("findings without a label", self.false_alarms),
            ("findings that could not be decided", self.undecided),
            ("rewrites", self.rewrites),
            ("rewrites without a label", self.rewrites_without_label),
            ("files not understood, and reported", self.not_understood),
            ("files with a miss, not reported", self.silent),
        ]
    }

    fn print(&self) {
        for (name, count) in self.rows() {
            println!("{name:36} {count:6}");
        }
        println!("{:36} {:6.1} %", "recall", self.recall());
        println!("{:36} {:6.1} %", "precision", self.precision());
    }

    fn json(&self) -> serde_json::Value {
        let mut value = json!({ "recall": self.recall(), "precision": self.precision() });
        for (name, count) in self.rows() {
            value[name.replace(", ", "_").replace(' ', "_")] = json!(count);
        }
        value
    }
}

impl Label {
    /// Whether `finding` is what this label means.
    fn takes(&self, finding: &Finding, bytes: &[u8]) -> bool {
        let is_kind = match finding.rule {
            Rule::TokenlessRequest | Rule::UnclearRequest => self.is_request,
            Rule::TokensNotRequired => !self.is_request,
            _ => false,
        };
        let span = &bytes[finding.span.start.min(bytes.len())..finding.span.end.min(bytes.len())];
        let more = String::from_utf8_lossy(span).matches('\n').count();
        let (first, last) = (finding.line, finding.line + more);
        is_kind && first <= self.lines.1 && self.lines.0 <= last
    }
}

/// A label as it stands in the manifest.
fn label(text: &str) -> Option<Label> {
    let (rest, is_decided) = text.strip_suffix('?').map_or((text, true), |rest| (rest, false));
    let is_request = rest.starts_with('r');
    let lines = rest.strip_prefix(['r', 's'])?;
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    Some(Label { is_request, lines: (first.parse().ok()?, last.parse().ok()?), is_decided })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a corpus are small")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}
