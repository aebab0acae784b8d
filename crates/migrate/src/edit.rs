//! An edit replaces a span of bytes; a set of edits turns one text into another.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::EditError;

/// Replace the bytes of `span` by `text`; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edit {
    /// Where the edit starts.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// What stands there afterwards.
    pub text: String,
}

impl Edit {
    /// Insert `text` before the byte at `at`.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { start: at, end: at, text: text.into() }
    }

    /// Put `text` in the place of `span`.
    pub fn replace(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { start: span.start, end: span.end, text: text.into() }
    }
}

/// The text after `edits`.
///
/// Edits are a set: findings that need the same token carry the same edit, and it is made once.
/// Bytes outside every span are copied unchanged.
pub fn apply<'a>(
    bytes: &[u8],
    edits: impl IntoIterator<Item = &'a Edit>,
) -> Result<Vec<u8>, EditError> {
    applied(bytes, edits).map(|(text, _)| text)
}

/// The text after `edits`, and where in it what they put there stands.
pub(crate) fn applied<'a>(
    bytes: &[u8],
    edits: impl IntoIterator<Item = &'a Edit>,
) -> Result<(Vec<u8>, Vec<Range<usize>>), EditError> {
    let mut places = Vec::new();
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_unstable();
    edits.dedup();
    let mut out = Vec::with_capacity(bytes.len() + 256);
    let mut copied = 0;
    for edit in edits {
        if edit.start < copied {
            return Err(EditError::Overlap { at: edit.start });
        }
        let kept = bytes
            .get(copied..edit.start)
            .filter(|_| edit.start <= edit.end && edit.end <= bytes.len())
            .ok_or(EditError::OutOfRange { at: edit.end, len: bytes.len() })?;
        out.extend_from_slice(kept);
        places.push(out.len()..out.len() + edit.text.len());
        out.extend_from_slice(edit.text.as_bytes());
        copied = edit.end;
    }
    out.extend_from_slice(&bytes[copied..]);
    Ok((out, places))
}

/// Those of `places`, as [`applied`] gives them, that stand in `part` or at its ends.
pub(crate) fn touching<'p>(places: &'p [Range<usize>], part: &Range<usize>) -> &'p [Range<usize>] {
    let from = places.partition_point(|place| place.end < part.start);
    let count = places[from..].partition_point(|place| place.start <= part.end);
    &places[from..from + count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_edit_twice_is_made_once() {
        let edits = [Edit::insert(1, "-"), Edit::replace(2..3, "C"), Edit::insert(1, "-")];
        assert_eq!(apply(b"abcd", &edits).unwrap(), b"a-bCd");
    }

    #[test]
    fn places_that_stand_in_a_part_or_at_its_ends() {
        let places = [0..1, 4..6, 8..8, 12..14];
        assert_eq!(touching(&places, &(1..3)), &places[..1]);
        assert!(touching(&places, &(2..3)).is_empty());
        assert_eq!(touching(&places, &(5..8)), &places[1..3]);
        assert_eq!(touching(&places, &(7..20)), &places[2..]);
    }

    #[test]
    fn overlapping_edits_and_spans_outside_the_text_are_errors() {
        let overlap = [Edit::replace(0..2, "x"), Edit::replace(1..3, "y")];
        assert!(matches!(apply(b"abc", &overlap), Err(EditError::Overlap { at: 1 })));
        let outside = [Edit::insert(9, "x")];
        assert!(matches!(apply(b"abc", &outside), Err(EditError::OutOfRange { .. })));
    }
}
