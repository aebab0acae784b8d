//! A patch, byte for byte: it applies to files in any encoding.

use std::io::{self, Write};
use std::path::Path;

use similar::TextDiff;

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
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&before, &after);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        hunk.to_writer(&mut *patch)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
