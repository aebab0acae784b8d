//! Finds code that speaks IMDSv1, and rewrites it to IMDSv2.
//!
//! [`scan`] reads one file and says what it found; [`apply`] makes the edits of the findings. Both
//! are pure: text in, findings and text out. A [`Scanner`] gives each file a limited time, [`walk()`]
//! runs one over a tree of files, and [`report`] turns findings into text for people and tools.

// IMDSv2, CloudFormation and PowerShell are names, not code.
#![allow(clippy::doc_markdown)]

mod address;
mod calls;
mod data;
mod edit;
mod embed;
mod error;
mod finding;
mod ignored;
mod language;
mod library;
mod powershell;
mod prefilter;
mod python;
pub mod report;
mod scanner;
mod settings;
mod shell;
mod snippet;
mod syntax;
mod values;
mod walk;

use std::path::Path;

pub use edit::{Edit, apply};
pub use error::{EditError, ScanError, WalkError};
pub use finding::{Finding, Remedy, Rule};
pub use language::Language;
pub use scanner::Scanner;
use snippet::Snippet;
pub use walk::{Event, MAX_SIZE, walk};

/// Everything in `bytes`, the content of the file `path`, that speaks IMDSv1 or lets it be spoken.
///
/// Findings are in the order of the text. The rewrites of one file can be applied together. What a
/// comment says is to be ignored is none: `imds-migrate: ignore` on the same line, or on one before it
/// that has nothing else.
pub fn scan(path: &Path, bytes: &[u8]) -> Vec<Finding> {
    if !prefilter::is_worth_parsing(path, bytes) {
        return Vec::new();
    }
    let mut findings = library::scan(path, bytes);
    if let Some(language) = language::detect(path, bytes) {
        let file = Snippet::file(bytes);
        findings.extend(scan_snippet(language, &file));
        findings.extend(only_what_parses(language, &file, settings::scan(language, &file)));
    }
    findings.retain(|f| !ignored::is_ignored(bytes, f.span.start));
    findings.sort_by_key(|f| (f.span.start, f.span.end, f.rule));
    findings.dedup();
    for finding in &mut findings {
        (finding.line, finding.column) = position(bytes, finding.span.start);
    }
    findings
}

/// Findings in code of one language, which may be a part of a file.
pub(crate) fn scan_snippet(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    if snippet.is_too_deep() {
        return Vec::new();
    }
    let findings = match language {
        Language::Shell => shell::scan(snippet),
        Language::OtherShell => shell::look(snippet),
        Language::Python => python::scan(snippet),
        Language::PowerShell => powershell::scan(snippet),
        Language::WindowsUserData => powershell::user_data(snippet),
        Language::JavaScript
        | Language::Go
        | Language::Ruby
        | Language::Php
        | Language::Perl
        | Language::Java
        | Language::CSharp => calls::scan(language, snippet),
        _ => embed::scan(language, snippet),
    };
    only_what_parses(language, snippet, findings)
}

/// Edits become advice unless the grammar accepts the edited code as it accepted the original.
fn only_what_parses(
    language: Language,
    snippet: &Snippet<'_>,
    mut findings: Vec<Finding>,
) -> Vec<Finding> {
    if findings.iter().all(|f| f.edits().is_empty()) || parses_after(language, snippet, &findings) {
        return findings;
    }
    for finding in findings.iter_mut().filter(|f| !f.edits().is_empty()) {
        let text: Vec<&str> = finding.edits().iter().map(|e| e.text.trim()).collect();
        finding.remedy = Remedy::advice(text.join("\n"), "the edited file would not parse cleanly");
    }
    findings
}

fn parses_after(language: Language, snippet: &Snippet<'_>, findings: &[Finding]) -> bool {
    let Ok(edited) = apply(&snippet.text, findings.iter().flat_map(Finding::edits)) else {
        return false;
    };
    let Some(grammar) = language.grammar() else { return true };
    let errors = |text: &[u8]| syntax::parse(&grammar, text).map(|tree| syntax::errors(&tree));
    // As a rule there are none, and the original need not be parsed again.
    match errors(&edited) {
        Some(0) => true,
        Some(after) => errors(&snippet.text).is_some_and(|before| after <= before),
        None => false,
    }
}

/// Line and column of the byte `at`, counted from 1.
fn position(bytes: &[u8], at: usize) -> (usize, usize) {
    let before = &bytes[..at.min(bytes.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |p| p + 1);
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}
