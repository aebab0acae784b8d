//! One JSON object a finding.

use std::path::Path;

use serde_json::{Value, json};

use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::rules::Level;

/// `finding`, which is in the file `path`, as one line of JSON without a line end.
pub fn json(path: &Path, finding: &Finding, level: Level) -> String {
    let remedy = match &finding.remedy {
        Remedy::Rewrite(list) => match &finding.caution {
            Some(caution) => json!({ "kind": "rewrite", "edits": edits(list), "caution": caution }),
            None => json!({ "kind": "rewrite", "edits": edits(list) }),
        },
        Remedy::Offer { edits: list, caution } => {
            json!({ "kind": "offer", "edits": edits(list), "caution": caution })
        }
        Remedy::Advice { text, reason } => {
            json!({ "kind": "advice", "text": text, "reason": reason })
        }
    };
    json!({
        "file": path.display().to_string(),
        "line": finding.line,
        "column": finding.column,
        "start": finding.span.start,
        "end": finding.span.end,
        "rule": finding.rule.id(),
        "level": level.id(),
        "what": finding.what,
        "reads": finding.reads,
        "why": finding.rule.why(),
        "remedy": remedy,
    })
    .to_string()
}

/// Byte offsets and texts, in the order of the file.
fn edits(list: &[Edit]) -> Vec<Value> {
    let mut list: Vec<&Edit> = list.iter().collect();
    list.sort();
    list.iter().map(|e| json!({ "start": e.start, "end": e.end, "text": e.text })).collect()
}
