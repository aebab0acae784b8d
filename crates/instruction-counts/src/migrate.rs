//! `imds migrate`: one file is scanned, and its rewrites are made.

use std::path::Path;

use imds_migrate::{Finding, apply, scan};

use crate::count;

/// User data as it is written for a web server.
pub(crate) fn shell() {
    rewrite("user-data.sh", include_bytes!("migrate/user-data.sh"), 4);
}

/// A module that asks for a few facts about its instance.
pub(crate) fn python() {
    rewrite("instance_facts.py", include_bytes!("migrate/instance_facts.py"), 3);
}

/// Counts the migration of `bytes`, in which there must be `expected` findings.
fn rewrite(path: &str, bytes: &[u8], expected: usize) {
    let (findings, rewritten) = count(|| {
        let findings = scan(Path::new(path), bytes);
        let rewritten = apply(bytes, findings.iter().flat_map(Finding::edits));
        (findings.len(), rewritten)
    });
    let rewritten = rewritten.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(findings, expected, "findings in {path}");
    assert!(String::from_utf8_lossy(&rewritten).contains("api/token"), "{path} is rewritten");
}
