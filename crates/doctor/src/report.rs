//! Findings, for people and for programs.

use std::fmt::Write as _;

use super::{Finding, Verdict};

/// Findings as a person reads them: what is wrong has what mends it below.
pub fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Finding { check, verdict, says, mends } in findings {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:7} {check:width$}  {says}", mark(*verdict));
        let column = mends.iter().map(|mend| mend.with.len()).max().unwrap_or(0);
        for mend in mends {
            let _ = writeln!(out, "        {:width$}  = {:column$}  {}", "", mend.with, mend.text);
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

/// Findings as JSON.
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
