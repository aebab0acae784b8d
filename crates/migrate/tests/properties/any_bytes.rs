//! What holds for any bytes in a file of any kind. The fuzzer includes this file as well.

use std::path::Path;

use imds_migrate::{Finding, Level, Levels, apply, report, scan};

/// One name for each way into the scanner.
pub(crate) const NAMES: [&str; 27] = [
    "a.sh",
    "a.fish",
    "a.py",
    "a.ps1",
    "a.js",
    "a.go",
    "a.rb",
    "a.php",
    "a.pl",
    "A.java",
    "A.cs",
    "a.yaml",
    "a.json",
    "a.tf",
    "Dockerfile",
    "a.service",
    "Makefile",
    "user-data",
    "requirements.txt",
    "package-lock.json",
    "pom.xml",
    "Gemfile.lock",
    "App.csproj",
    "libs.versions.toml",
    "build.gradle",
    "pyproject.toml",
    "packages.lock.json",
];

/// Takes the first byte for the kind of file, and the rest for its content.
pub(crate) fn check(bytes: &[u8]) {
    let Some((kind, content)) = bytes.split_first() else { return };
    scan_and_apply(NAMES[usize::from(*kind) % NAMES.len()], content);
}

/// Scans, applies and reports, none of which may panic; gives back the rewritten file.
pub(crate) fn scan_and_apply(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = Path::new(name);
    let findings = scan(path, bytes);
    for finding in &findings {
        assert!(finding.span.end <= bytes.len() && finding.line > 0 && finding.column > 0);
        report::human(path, bytes, finding, Level::Warning, false);
        report::json(path, finding, Level::Warning);
    }
    report::sarif(&[(path.to_owned(), findings.clone())], &Levels::default());
    let edited = apply(bytes, findings.iter().flat_map(Finding::rewrite))
        .expect("the rewrites of one file can be applied together");
    report::diff(path, bytes, &edited);
    edited
}
