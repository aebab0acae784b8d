//! YAML in block style by its lines, so that of a document only those entries are parsed that are looked at.

use std::ops::Range;

/// Whether an entry is needed: how many maps of the document it stands in, which of the entries of its map it is,
/// from 0, and where it stands.
pub(crate) type IsNeeded<'f> = dyn Fn(usize, usize, &Range<usize>) -> bool + 'f;

/// The parts of a document that are left without those entries of its maps for which `is_needed` does not hold;
/// what is not a map in block style is left as it is.
pub(crate) fn needed(
    source: &[u8],
    document: Range<usize>,
    is_needed: &IsNeeded<'_>,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = document.start;
    let mut drop = |entry: Range<usize>| {
        if entry.start > start {
            parts.push(start..entry.start);
        }
        start = entry.end;
    };
    thin(source, &document, 0, is_needed, &mut drop);
    if start < document.end {
        parts.push(start..document.end);
    }
    parts
}

fn thin(
    source: &[u8],
    map: &Range<usize>,
    depth: usize,
    is_needed: &IsNeeded<'_>,
    drop: &mut dyn FnMut(Range<usize>),
) {
    for (index, entry) in entries(source, map).unwrap_or_default().into_iter().enumerate() {
        if !is_needed(depth, index, &entry) {
            drop(entry);
            continue;
        }
        let line = line_end(source, entry.start).min(entry.end);
        if source[entry.start..line].trim_ascii_end().ends_with(b":") {
            thin(source, &(line..entry.end), depth + 1, is_needed, drop);
        }
    }
}

/// The key of an entry.
pub(crate) fn key<'s>(source: &'s [u8], entry: &Range<usize>) -> &'s [u8] {
    let text = source[entry.clone()].trim_ascii_start();
    &text[..memchr::memchr(b':', text).unwrap_or(text.len())]
}

/// The lines of each entry of the map that `map` is; `None` where that is not certain.
fn entries(source: &[u8], map: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let mut starts = Vec::new();
    let mut indent = None;
    let mut start = map.start;
    while start < map.end {
        let end = line_end(source, start).min(map.end);
        let line = &source[start..end];
        let text = line.trim_ascii();
        let is_mark = line.starts_with(b"---") && starts.is_empty();
        if !text.is_empty() && !text.starts_with(b"#") && !is_mark {
            let width = line.iter().take_while(|byte| **byte == b' ').count();
            (line[width] != b'\t').then_some(())?;
            let indent = *indent.get_or_insert(width);
            // The entries of a list may stand as far to the left as its key.
            let goes_on =
                width > indent || width == indent && text[0] == b'-' && !starts.is_empty();
            if !goes_on {
                (width == indent && is_entry(text)).then_some(())?;
                starts.push(start);
            }
        } else if is_mark && text.len() > 3 {
            return None;
        }
        start = end;
    }
    starts.push(map.end);
    Some(starts.windows(2).map(|pair| pair[0]..pair[1]).collect())
}

/// Whether a line begins with a plain key.
fn is_entry(text: &[u8]) -> bool {
    let key = text.iter().take_while(|byte| !b": \t".contains(byte)).count();
    let after = &text[key..];
    text[0].is_ascii_alphanumeric()
        && (after.starts_with(b": ") || after.starts_with(b":") && after.len() == 1)
}

/// The end of the line that begins at `start`, its line end included.
fn line_end(source: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &source[start..]).map_or(source.len(), |end| start + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, keys: &[&str]) -> String {
        let source = text.as_bytes();
        let is_needed =
            |_, _, entry: &Range<usize>| !keys.iter().any(|k| key(source, entry) == k.as_bytes());
        let parts = needed(source, 0..source.len(), &is_needed);
        parts.into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn entries_are_left_out_with_all_that_belongs_to_them() {
        let text = "---\nkind: X\nmeta:\n  a: 1\n# c\nlist:\n- a\n- b\nspec:\n  one: |\n   x: y\n\n  two:\n    a: b\n";
        assert_eq!(
            without(text, &["meta", "list", "two"]),
            "---\nkind: X\nspec:\n  one: |\n   x: y\n\n"
        );
        assert_eq!(without(text, &["x", "b"]), text, "a text and a list are left as they are");
        assert_eq!(without(text, &["a"]).matches("a: ").count(), 0);
    }

    #[test]
    fn what_is_not_a_map_in_block_style_is_left_as_it_is() {
        for text in [
            "--- {a: 1}\n",
            "{a: 1,\n b: 2}\n",
            "- a: 1\n",
            "  a: 1\nb: 2\n",
            "a: 1\n{{ if x }}\nb: 2\n",
            "a: \"x\ny\"\nb: 2\n",
            "\"a\": 1\n",
            "a: 1\n\tb: 2\n",
        ] {
            assert_eq!(without(text, &["a", "b"]), text);
        }
    }
}
