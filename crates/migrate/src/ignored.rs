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
