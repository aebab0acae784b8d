//! A patch, byte for byte: it applies to files in any encoding.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffOp, group_diff_ops};

/// How many lines that stay are shown around a change.
const CONTEXT: usize = 3;

/// A unified diff from `before` to `after`, empty when they are the same.
///
/// Bytes that are not UTF-8 stand in it as they are, in the name of the file as well.
pub fn diff(path: &Path, before: &[u8], after: &[u8]) -> Vec<u8> {
    let mut patch = Vec::new();
    if before != after {
        // Writing to memory does not fail.
        let _ = write(&mut patch, path, before, after);
    }
    patch
}

fn write(patch: &mut Vec<u8>, path: &Path, before: &[u8], after: &[u8]) -> io::Result<()> {
    for (mark, side) in [("---", "a"), ("+++", "b")] {
        write!(patch, "{mark} {side}/")?;
        patch.write_all(path.as_os_str().as_encoded_bytes())?;
        // A tab ends a name that has blanks.
        let blanks = path.to_string_lossy().contains(' ');
        patch.write_all(if blanks { b"\t\n" } else { b"\n" })?;
    }
    let lines = |text| <[u8]>::split_inclusive(text, |byte| *byte == b'\n').collect::<Vec<_>>();
    let (before, after) = (lines(before), lines(after));
    for hunk in group_diff_ops(operations(&before, &after), CONTEXT) {
        write_hunk(patch, &hunk, &before, &after)?;
    }
    Ok(())
}

/// What makes one of the other, by Myers' algorithm. `similar::TextDiff` would do as well, but brings all
/// algorithms into the program, which are half a megabyte.
fn operations(before: &[&[u8]], after: &[&[u8]]) -> Vec<DiffOp> {
    let mut found = Compact::new(Replace::new(Capture::new()), before, after);
    let Ok(()) = myers::diff(&mut found, before, 0..before.len(), after, 0..after.len());
    found.into_inner().into_inner().into_ops()
}

fn write_hunk(
    patch: &mut Vec<u8>,
    hunk: &[DiffOp],
    before: &[&[u8]],
    after: &[&[u8]],
) -> io::Result<()> {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return Ok(()) };
    let old = first.old_range().start..last.old_range().end;
    let new = first.new_range().start..last.new_range().end;
    writeln!(patch, "@@ -{} +{} @@", lines_of(&old), lines_of(&new))?;
    for change in hunk.iter().flat_map(|operation| operation.iter_changes(before, after)) {
        write!(patch, "{}", change.tag())?;
        patch.write_all(change.value())?;
        if !change.value().ends_with(b"\n") {
            patch.write_all(b"\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}

/// Lines as the head of a hunk names them: the first and how many, from 1 on; of none, the one before.
fn lines_of(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        count => format!("{},{count}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_hunks_name_the_lines() {
        let text =
            |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let heads = |before: &[&str], after: &[&str]| -> Vec<String> {
            let (before, after) = (text(before), text(after));
            let patch = diff(Path::new("a"), before.as_bytes(), after.as_bytes());
            let patch = String::from_utf8(patch).unwrap();
            patch.lines().filter(|line| line.starts_with("@@")).map(str::to_owned).collect()
        };
        assert_eq!(heads(&[], &["x"]), ["@@ -0,0 +1 @@"]);
        assert_eq!(heads(&["x", "y"], &[]), ["@@ -1,2 +0,0 @@"]);
        let before = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let after = ["A", "b", "c", "d", "e", "f", "g", "h", "I"];
        assert_eq!(heads(&before, &after), ["@@ -1,4 +1,4 @@", "@@ -6,4 +6,4 @@"]);
        assert_eq!(heads(&before[..8], &after[..8]), ["@@ -1,4 +1,4 @@"]);
    }

    #[test]
    fn bytes_are_kept() {
        let (before, after) = (b"caf\xe9\rx\nb\r\n\xff", b"caf\xe9\rx\nc\r\n\xff");
        let expected =
            b"--- a/my file\t\n+++ b/my file\t\n@@ -1,3 +1,3 @@\n caf\xe9\rx\n-b\r\n+c\r\n \xff\n\
                         \\ No newline at end of file\n";
        let patch = diff(Path::new("my file"), before, after);
        assert_eq!(patch.escape_ascii().to_string(), expected.escape_ascii().to_string());
        assert!(diff(Path::new("a"), before, before).is_empty());
    }
}
