//! A comment leaves a finding out.

use std::path::Path;

const CURL: &str = "curl http://169.254.169.254/latest/meta-data/";
const TERRAFORM: &str = "resource \"aws_instance\" \"it\" {";

/// The lines of findings.
fn lines(path: &str, text: &str) -> Vec<usize> {
    imds_migrate::scan(Path::new(path), text.as_bytes())
        .iter()
        .map(|finding| finding.line)
        .collect()
}

#[test]
fn a_comment_keeps_its_line_or_the_next() {
    for (path, text, expected) in [
        ("a.sh", format!("{CURL}\n{CURL}\n"), vec![1, 2]),
        ("a.sh", format!("{CURL} # imds-migrate: ignore, as v1 is meant\n{CURL}\n"), vec![2]),
        ("a.sh", format!("# imds-migrate: ignore\n{CURL}\n{CURL}\n"), vec![3]),
        ("a.sh", format!("  # imds-migrate: ignore\r\n  {CURL}"), vec![]),
        ("a.sh", format!("# imds-migrate: ignore\n\n{CURL}\n"), vec![3]),
        ("a.sh", format!("{CURL}\n# imds-migrate: ignore\n"), vec![1]),
        ("a.tf", format!("// imds-migrate: ignore\n{TERRAFORM}\n}}\n"), vec![]),
        ("a.tf", format!("{TERRAFORM}\n}}\n"), vec![1]),
    ] {
        assert_eq!(lines(path, &text), expected, "{text}");
    }
}
