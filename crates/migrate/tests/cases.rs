//! Every folder under `tests/cases` is one case: `in/` holds one file, `out/` the file after the
//! rewrites (absent when nothing is rewritten), `findings` the findings that are not rewrites
//! (absent when there are none).
//!
//! `MIGRATE_BLESS=1 cargo test -p imds-migrate --test cases` writes what is found as what is
//! expected; read the difference before committing it.

// Outside a `#[test]` function the lint does not know that this is a test.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io::Write as _};

use imds_migrate::{Finding, Remedy, apply, scan};

struct Case {
    folder: PathBuf,
    file: PathBuf,
    text: Vec<u8>,
}

impl Case {
    fn name(&self) -> String {
        self.folder.strip_prefix(cases()).unwrap().display().to_string()
    }

    fn rewritten(&self) -> Vec<u8> {
        let findings = scan(&self.file, &self.text);
        apply(&self.text, findings.iter().flat_map(Finding::rewrite)).unwrap()
    }

    fn is_shell(&self) -> bool {
        self.folder.parent().is_some_and(|p| p.ends_with("shell"))
    }
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn all() -> Vec<Case> {
    let mut all = Vec::new();
    for language in folders(&cases()) {
        for folder in folders(&language) {
            let input = folder.join("in");
            let mut files: Vec<PathBuf> =
                fs::read_dir(&input).unwrap().map(|e| e.unwrap().path()).collect();
            assert_eq!(files.len(), 1, "{} must hold one file", input.display());
            let file = files.remove(0);
            let text = fs::read(&file).unwrap();
            all.push(Case { folder, file, text });
        }
    }
    all
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(parent).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    folders
}

/// The findings that are not rewrites, one a paragraph.
fn remarks(findings: &[Finding]) -> String {
    let mut out = String::new();
    for f in findings {
        match &f.remedy {
            Remedy::Rewrite(_) => {}
            Remedy::Offer { edits, caution } => {
                let text: Vec<&str> = edits.iter().map(|e| e.text.as_str()).collect();
                let text = text.join(" … ");
                writeln!(out, "{}:{} {}: {}", f.line, f.column, f.rule.id(), f.what).unwrap();
                writeln!(out, "  offer: {}\n  caution: {caution}", text.escape_debug()).unwrap();
            }
            Remedy::Advice { reason, .. } => {
                writeln!(out, "{}:{} {}: {}", f.line, f.column, f.rule.id(), f.what).unwrap();
                writeln!(out, "  no rewrite: {reason}").unwrap();
            }
        }
    }
    out
}

#[test]
fn rewrites_and_findings_are_as_expected() {
    let bless = std::env::var_os("MIGRATE_BLESS").is_some();
    let mut failures = Vec::new();
    for case in all() {
        let findings = scan(&case.file, &case.text);
        let rewritten = case.rewritten();
        let remarks = remarks(&findings);
        let out = case.folder.join("out").join(case.file.file_name().unwrap());
        let notes = case.folder.join("findings");
        if bless {
            let _ = fs::remove_dir_all(out.parent().unwrap());
            let _ = fs::remove_file(&notes);
            if rewritten != case.text {
                fs::create_dir(out.parent().unwrap()).unwrap();
                fs::write(&out, &rewritten).unwrap();
            }
            if !remarks.is_empty() {
                fs::write(&notes, &remarks).unwrap();
            }
        }
        let expected = fs::read(&out).unwrap_or_else(|_| case.text.clone());
        if expected != rewritten {
            failures.push(format!(
                "{}: rewritten to\n{}",
                case.name(),
                String::from_utf8_lossy(&rewritten)
            ));
        }
        let expected = fs::read_to_string(&notes).unwrap_or_default();
        if expected != remarks {
            failures.push(format!("{}: found\n{remarks}", case.name()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n---\n"));
}

#[test]
fn a_second_run_changes_nothing() {
    for case in all() {
        let once = case.rewritten();
        let findings = scan(&case.file, &once);
        let left: Vec<_> = findings.iter().filter(|f| !f.rewrite().is_empty()).collect();
        assert!(left.is_empty(), "{}: {left:?}", case.name());
        let before = remarks(&scan(&case.file, &case.text));
        let (before, after) = (before.lines().count(), remarks(&findings).lines().count());
        assert_eq!(before, after, "{}: the other findings stay", case.name());
    }
}

#[test]
fn bytes_outside_the_edits_are_unchanged() {
    for case in all() {
        let findings = scan(&case.file, &case.text);
        let mut edits: Vec<_> = findings.iter().flat_map(Finding::rewrite).collect();
        edits.sort();
        edits.dedup();
        // Taking the edits back, last first, must give the original.
        let mut text = case.rewritten();
        let mut shift = 0isize;
        let mut undo = Vec::new();
        for edit in &edits {
            let at = edit.start.checked_add_signed(shift).unwrap();
            undo.push((at, edit.text.len(), &case.text[edit.start..edit.end]));
            shift += isize::try_from(edit.text.len()).unwrap()
                - isize::try_from(edit.end - edit.start).unwrap();
        }
        for (at, length, original) in undo.into_iter().rev() {
            text.splice(at..at + length, original.iter().copied());
        }
        assert_eq!(text, case.text, "{}", case.name());
    }
}

#[test]
fn offers_settle_what_they_are_about() {
    for case in all() {
        let findings = scan(&case.file, &case.text);
        let offers = findings.iter().filter(|f| matches!(f.remedy, Remedy::Offer { .. }));
        let edits: Vec<_> = offers.clone().flat_map(Finding::edits).collect();
        assert!(offers.clone().all(|f| !f.edits().is_empty()), "{}: an empty offer", case.name());
        let settled = apply(&case.text, edits).unwrap();
        let left = scan(&case.file, &settled);
        let left = left.iter().filter(|f| matches!(f.remedy, Remedy::Offer { .. })).count();
        assert_eq!(left, 0, "{}:\n{}", case.name(), String::from_utf8_lossy(&settled));
    }
}

#[test]
fn shells_accept_what_they_accepted() {
    for case in all().iter().filter(|c| c.is_shell()) {
        for shell in ["bash", "dash", "busybox"] {
            let (Some(before), Some(after)) =
                (accepts(shell, &case.text), accepts(shell, &case.rewritten()))
            else {
                continue;
            };
            assert!(after || !before, "{}: {shell} -n refuses the rewrite", case.name());
        }
    }
}

/// PowerShell is in no Debian package: what is rewritten is parsed, by its grammar, and not run.
#[test]
fn powershell_still_parses() {
    let parses = |text: &[u8]| {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
        !parser.parse(text, None).unwrap().root_node().has_error()
    };
    let mut rewritten = 0;
    for case in all().iter().filter(|c| c.name().starts_with("powershell/")) {
        let after = case.rewritten();
        if after != case.text && parses(&case.text) {
            assert!(parses(&after), "{}:\n{}", case.name(), String::from_utf8_lossy(&after));
            rewritten += 1;
        }
    }
    assert!(rewritten >= 8, "only {rewritten} cases are rewritten");
}

#[test]
fn shellcheck_has_no_new_complaint() {
    if complaints(b"").is_none() {
        assert!(std::env::var_os("CI").is_none(), "needed here: shellcheck");
        eprintln!("skipped: shellcheck is not installed");
        return;
    }
    // Every line of a CRLF file is one complaint.
    for case in all().iter().filter(|c| c.is_shell() && !c.text.contains(&b'\r')) {
        let (Some(before), Some(after)) = (complaints(&case.text), complaints(&case.rewritten()))
        else {
            continue;
        };
        for complaint in &after {
            assert!(
                before.contains(complaint),
                "{}: {complaint} in\n{}",
                case.name(),
                String::from_utf8_lossy(&case.rewritten())
            );
        }
    }
}

/// Whether `shell -n` accepts `text`; `None` where there is no such shell.
fn accepts(shell: &str, text: &[u8]) -> Option<bool> {
    let arguments: &[&str] = if shell == "busybox" { &["sh", "-n"] } else { &["-n"] };
    let mut child = Command::new(shell)
        .args(arguments)
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    // A shell that refuses early closes its end; what it says counts.
    let _ = child.stdin.take().unwrap().write_all(text);
    Some(child.wait().unwrap().success())
}

/// The codes of shellcheck's complaints; `None` where there is no shellcheck.
fn complaints(text: &[u8]) -> Option<Vec<String>> {
    let mut child = Command::new("shellcheck")
        .args(["-f", "gcc", "-s", "bash", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let _ = child.stdin.take().unwrap().write_all(text);
    let output = child.wait_with_output().ok()?;
    let output = String::from_utf8_lossy(&output.stdout);
    // SC2016 asks whether a `$` in single quotes is meant; in a script inside a script it is.
    let codes = output.lines().filter_map(|l| Some(l.rsplit_once('[')?.1.to_owned()));
    Some(codes.filter(|c| c != "SC2016]").collect())
}
