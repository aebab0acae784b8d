//! One file: what it is, what is found in it, and where.

use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::edit::{Edit, applied};
use crate::error::ScanError;
use crate::finding::{Finding, Remedy};
use crate::job::Job;
use crate::language::{self, Language};
use crate::snippet::Snippet;
use crate::{
    calls, data, embed, hcl, ignored, kept, library, powershell, prefilter, python, settings,
    shell, syntax, unread,
};

/// Everything in `bytes`, the content of the file `path`, that speaks IMDSv1 or lets it be spoken.
///
/// Findings are in the order of the text. The rewrites of one file can be applied together. A comment
/// `imds-migrate: ignore` leaves a finding out: on the same line, or on one before it that has nothing
/// else.
///
/// Grammars are C code, which ends the process if it aborts. [`Scanner`](crate::Scanner) scans in
/// another process and with a limit.
pub fn scan(path: &Path, bytes: &[u8]) -> Vec<Finding> {
    // Without a limit nothing is given up.
    scan_within(path, bytes, None).unwrap_or_default()
}

/// The same, in at most `limit` of processor time.
pub(crate) fn scan_within(
    path: &Path,
    bytes: &[u8],
    limit: Option<Duration>,
) -> Result<Vec<Finding>, ScanError> {
    if !prefilter::is_worth_parsing(path, bytes) {
        return Ok(Vec::new());
    }
    let job = Rc::new(Job::new(limit, unread::is_test(path)));
    let mut findings = library::scan(path, bytes, &job);
    let language = language::detect(path, bytes);
    if let Some(language) = language {
        let file = Snippet::file(bytes, Rc::clone(&job), scan_text);
        findings.extend(file.scan(language));
        if prefilter::may_launch(language, bytes) {
            findings.extend(only_what_parses(language, &file, settings::scan(language, &file)));
        }
    }
    if let Some(language) = language.filter(|_| !unread::is_test(path)) {
        findings.extend(kept::scan(language, bytes, &findings));
    }
    if let (true, Some(limit)) = (job.budget.is_spent(), limit) {
        return Err(ScanError::TookTooLong { limit });
    }
    // Lines that are tried as a shell's say nothing of the file.
    let obstacle = job.obstacle();
    let notice =
        |said: &[Finding]| unread::notice(path, bytes, language, &findings, said, obstacle, &job);
    // Of documents and of what did not parse some lines may be left.
    let may_leave = language.is_none_or(is_document) || obstacle.is_some();
    if may_leave && !job.is_test || notice(&[]).is_some() {
        let file = Snippet::file(bytes, Rc::clone(&job), scan_text);
        let lines = unread::lines(&file, language.is_some(), &findings);
        // What a line is understood to do says more.
        let notice = notice(&lines);
        findings.extend(lines.into_iter().chain(notice));
    }
    findings.retain(|f| !ignored::is_ignored(bytes, f.span.start));
    findings.sort_by_key(|f| (f.span.start, f.span.end, f.rule));
    findings.dedup();
    locate(&mut findings, bytes);
    Ok(findings)
}

/// Whether files of a language hold scripts of others, of which an analysis may see a part.
fn is_document(language: Language) -> bool {
    matches!(
        language,
        Language::Yaml | Language::Json | Language::Systemd | Language::Makefile | Language::Mime
    )
}

/// Findings in code of one language, which may be a part of a file.
fn scan_text(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    if !prefilter::may_request(&snippet.text) {
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
    let edits = || findings.iter().flat_map(Finding::edits);
    let Ok((edited, places)) = applied(&snippet.text, edits()) else { return false };
    let Some(grammar) = language.grammar() else { return true };
    if edits().all(|edit| is_word_for_word(&snippet.text, edit)) {
        return true;
    }
    let job = &snippet.job;
    let errors_in = |text: &[u8], parts: &[Range<usize>]| {
        syntax::parse_parts(&grammar, text, parts, job).map(|tree| syntax::errors(&tree))
    };
    let errors = |text: &[u8]| errors_in(text, std::slice::from_ref(&(0..text.len())));
    // Parts that nothing is done to are what they were.
    let parts = match language {
        Language::Hcl => hcl::around(&edited, &places),
        Language::Yaml => data::around(&edited, &places),
        _ => Vec::new(),
    };
    if !parts.is_empty() && errors_in(&edited, &parts) == Some(0) {
        return true;
    }
    // As a rule there are none, and the original need not be parsed again.
    match errors(&edited) {
        Some(0) => true,
        Some(after) => errors(&snippet.text).is_some_and(|before| after <= before),
        None => false,
    }
}

/// Whether an edit puts one word or number in the place of another one, with the same quotes if any: the grammar
/// sees no difference.
fn is_word_for_word(before: &[u8], edit: &Edit) -> bool {
    let is_word = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_alphabetic);
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let bare = |text: &[u8]| {
        let quoted = text.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        (quoted.is_some(), quoted.unwrap_or(text).to_vec())
    };
    let before = before.get(edit.start..edit.end).unwrap_or_default();
    let ((is_quoted, old), (stays_quoted, new)) = (bare(before), bare(edit.text.as_bytes()));
    is_quoted == stays_quoted
        && (is_word(&old) && is_word(&new) || is_number(&old) && is_number(&new))
}

/// Says of each finding, which are in the order of the text, in which line and column it begins, counted from 1.
fn locate(findings: &mut [Finding], bytes: &[u8]) {
    let (mut line, mut start, mut at) = (1, 0, 0);
    for finding in findings {
        let to = finding.span.start.min(bytes.len());
        for end in memchr::memchr_iter(b'\n', &bytes[at..to]) {
            (line, start) = (line + 1, at + end + 1);
        }
        at = to;
        finding.line = line;
        finding.column = String::from_utf8_lossy(&bytes[start..to]).chars().count() + 1;
    }
}
