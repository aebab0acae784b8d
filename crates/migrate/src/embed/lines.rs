//! Lines that a backslash at their end joins to the next.

use std::ops::Range;

/// The spans that begin where `begin` says in a line, to the end of its last continuation line.
pub(super) fn continued_lines(
    source: &[u8],
    begin: impl Fn(&[u8]) -> Option<usize>,
) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut open = None;
    let mut at = 0;
    for line in source.split_inclusive(|b| *b == b'\n') {
        let trimmed = line.trim_ascii_end();
        let start = open.or_else(|| begin(line).map(|start| at + start));
        open = start.filter(|_| trimmed.ends_with(b"\\"));
        if let (Some(start), None) = (start, open) {
            spans.push(start..(at + trimmed.len()).max(start));
        }
        at += line.len();
    }
    spans
}
