//! Prints findings as text or as JSON.

use std::fmt::Write as _;

use crate::finding::{Finding, Verdict};

/// Formats findings for a terminal: a line for each, with its fixes below.
pub fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Finding { check, verdict, says, fixes } in findings {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:7} {check:width$}  {says}", mark(*verdict));
        let column = fixes.iter().map(|fix| fix.with.len()).max().unwrap_or(0);
        for fix in fixes {
            let _ = writeln!(out, "        {:width$}  = {:column$}  {}", "", fix.with, fix.text);
        }
    }
    let wrong = findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count();
    let _ = match wrong {
        0 => writeln!(out, "\nNothing is wrong."),
        1 => writeln!(out, "\nOne thing is wrong."),
        wrong => writeln!(out, "\n{wrong} things are wrong; begin with the first."),
    };
    out
}

/// Formats findings as a JSON object: `{"findings": […]}`.
pub fn json(findings: &[Finding]) -> String {
    let findings = serde_json::json!({ "findings": findings });
    format!("{findings:#}\n")
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fine => "ok",
        Verdict::Note => "note",
        Verdict::Wrong => "WRONG",
        Verdict::Unknown => "?",
    }
}
