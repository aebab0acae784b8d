//! SARIF 2.1.0, which code hosts and editors read.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::finding::{Finding, Remedy};
use crate::rules::{Level, Levels, Rule};

/// The findings of `files` as one SARIF log.
pub fn sarif(files: &[(PathBuf, Vec<Finding>)], levels: &Levels) -> String {
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id(),
                "shortDescription": { "text": rule.why() },
                "defaultConfiguration": { "level": level(rule.default_level()) },
            })
        })
        .collect();
    let results: Vec<Value> = files
        .iter()
        .flat_map(|(path, findings)| findings.iter().map(|finding| result(path, finding, levels)))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "imds migrate",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// SARIF's word for a level.
fn level(level: Level) -> &'static str {
    if level == Level::Off { "none" } else { level.id() }
}

fn result(path: &Path, finding: &Finding, levels: &Levels) -> Value {
    let artifact = json!({ "uri": uri(path) });
    let mut result = json!({
        "ruleId": finding.rule.id(),
        "level": level(levels.of(finding.rule)),
        "message": { "text": message(finding) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": artifact,
                "region": {
                    "startLine": finding.line,
                    "startColumn": finding.column,
                    "byteOffset": finding.span.start,
                    "byteLength": finding.span.len(),
                },
            },
        }],
    });
    let replacements: Vec<Value> = finding
        .edits()
        .iter()
        .map(|edit| {
            json!({
                "deletedRegion": {
                    "byteOffset": edit.start,
                    "byteLength": edit.end - edit.start,
                },
                "insertedContent": { "text": edit.text },
            })
        })
        .collect();
    if !replacements.is_empty() {
        result["fixes"] = json!([{
            "description": { "text": "speak IMDSv2" },
            "artifactChanges": [{ "artifactLocation": artifact, "replacements": replacements }],
        }]);
    }
    result
}

fn message(finding: &Finding) -> String {
    let what = format!("{}: {}", finding.what, finding.rule.why());
    match &finding.remedy {
        Remedy::Rewrite(_) => match &finding.caution {
            Some(caution) => format!("{what}. Before the change: {caution}"),
            None => what,
        },
        Remedy::Offer { caution, .. } => format!("{what}. Before the change: {caution}"),
        Remedy::Advice { text, reason } => {
            format!("{what}. Not rewritten: {reason}. Write:\n{text}")
        }
    }
}

/// The path as a relative URI reference.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.extend(["%", &format!("{byte:02X}")]);
        }
    }
    uri
}
