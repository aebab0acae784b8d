//! What people want to keep as it is, and say so in a comment.

use memchr::{memchr, memmem, memrchr};

/// What such a comment says.
const MARK: &[u8] = b"imds-migrate: ignore";

/// How lines begin that have nothing but a comment.
const COMMENTS: [&[u8]; 6] = [b"#", b"//", b"/*", b"*", b"<!--", b";"];

/// Whether what is at `at` is to be ignored: by a comment in its line, or by the line before, if that
/// is a comment and so not about something else.
pub(crate) fn is_ignored(bytes: &[u8], at: usize) -> bool {
    let at = at.min(bytes.len());
    let start = memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
    let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
    let before = bytes[..start].strip_suffix(b"\n").unwrap_or_default();
    let before = &before[memrchr(b'\n', before).map_or(0, |end| end + 1)..];
    let before = before.trim_ascii_start();
    let has_mark = |line: &[u8]| memmem::find(line, MARK).is_some();
    let is_comment = || COMMENTS.iter().any(|begin| before.starts_with(begin));
    has_mark(&bytes[start..end]) || (has_mark(before) && is_comment())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    const CURL: &str = "curl http://169.254.169.254/latest/meta-data/";
    const TERRAFORM: &str = "resource \"aws_instance\" \"it\" {";

    /// The lines of findings.
    fn lines(path: &str, text: &str) -> Vec<usize> {
        crate::scan(Path::new(path), text.as_bytes()).iter().map(|finding| finding.line).collect()
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
}
