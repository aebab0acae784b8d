//! Scores over a corpus of public files, which is kept outside the repository:
//! `cargo run -p imds-migrate --example corpus -- FOLDER MANIFEST [--rewrites | --silent]`.
//!
//! The manifest has one file a line: repository, path and commit, with tabs between; the folder holds each
//! as REPOSITORY/PATH. Every outcome is counted; `--rewrites` prints each rewrite as a patch, to be read,
//! and `--silent` the files that name the service and have no finding.
#![expect(clippy::print_stdout, reason = "its output is for a developer at a terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, io};

use imds_migrate::{Finding, Rule, Scanner, apply, report};

/// Processor time of one file.
const LIMIT: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, manifest, rest @ ..] = &arguments[..] else {
        return Err("usage: corpus FOLDER MANIFEST [--rewrites | --silent]".into());
    };
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    let mut scanner = Scanner::new(LIMIT);
    for line in fs::read_to_string(manifest)?.lines() {
        let [repository, path, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} is not a repository, a path and a commit").into());
        };
        let file = Path::new(folder).join(repository).join(path);
        let Ok(bytes) = fs::read(&file) else {
            *outcomes.entry("missing").or_default() += 1;
            continue;
        };
        let findings = match scanner.scan(&file, &bytes) {
            Ok(findings) => findings,
            Err(error) => {
                println!("{repository}/{path}: {error}");
                *outcomes.entry("given up").or_default() += 1;
                continue;
            }
        };
        let outcome = outcome(&findings);
        *outcomes.entry(outcome).or_default() += 1;
        for finding in &findings {
            *rules.entry(finding.rule.id()).or_default() += 1;
        }
        if outcome == "silent" && rest.contains(&"--silent".to_owned()) {
            println!("{repository}/{path}");
        }
        if rest.contains(&"--rewrites".to_owned()) {
            let after = apply(&bytes, findings.iter().flat_map(Finding::rewrite))?;
            io::stdout().write_all(&report::diff(&file, &bytes, &after))?;
        }
    }
    println!("files: {outcomes:?}\nfindings: {rules:?}");
    Ok(())
}

/// What came of one file, by the most that was done.
fn outcome(findings: &[Finding]) -> &'static str {
    let has = |is: fn(&Finding) -> bool| findings.iter().any(is);
    if has(|f| !f.rewrite().is_empty()) {
        "rewritten"
    } else if has(|f| matches!(f.rule, Rule::TokenlessRequest | Rule::UnclearRequest)) {
        "shown"
    } else if has(|f| f.rule == Rule::NotUnderstood) {
        "not understood"
    } else if findings.is_empty() {
        "silent"
    } else {
        "settings or libraries"
    }
}
