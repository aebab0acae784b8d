//! Terraform and Packer files by their top-level blocks, so that only those are parsed in which something can be
//! found: of a long file as a rule a few.

use std::ops::Range;

use tree_sitter::Tree;

use crate::edit::touching;
use crate::job::Job;
use crate::syntax;

/// Parses the blocks of `source` for which `is_wanted` holds, each without those entries of its body for which
/// `is_needed` does not, in their places; all of it where its blocks cannot be told apart.
pub(crate) fn parse(
    source: &[u8],
    job: &Job,
    is_wanted: impl Fn(&[u8]) -> bool,
    is_needed: impl Fn(&[u8]) -> bool,
) -> Option<Tree> {
    let grammar = tree_sitter_hcl::LANGUAGE.into();
    let Some(mut blocks) = blocks(source) else { return syntax::parse(&grammar, source, job) };
    blocks.retain(|block| is_wanted(&source[block.clone()]));
    let parts: Vec<_> = blocks.into_iter().flat_map(|b| needed(source, b, &is_needed)).collect();
    if parts.is_empty() { None } else { syntax::parse_parts(&grammar, source, &parts, job) }
}

/// The parts of a block that are left without those entries of its body that are not needed.
fn needed(
    source: &[u8],
    block: Range<usize>,
    is_needed: impl Fn(&[u8]) -> bool,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    // A line end keeps what is at the end of one block apart from what begins the next.
    let (mut start, end) = (block.start, source.len().min(block.end + 1));
    for entry in
        body(source, &block).filter(|_| is_closed_alone(&source[block])).unwrap_or_default()
    {
        if !is_needed(&source[entry.clone()]) {
            parts.push(start..entry.start);
            start = entry.end;
        }
    }
    parts.push(start..end);
    parts
}

/// Whether the last line of a block has nothing but its bracket.
fn is_closed_alone(block: &[u8]) -> bool {
    block.rsplit(|b| *b == b'\n').next().is_some_and(|line| line.trim_ascii().starts_with(b"}"))
}

/// Where the entries of the body of a block stand; `None` if it has none.
fn body(source: &[u8], block: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let text = &source[block.clone()];
    let open = memchr::memchr2(b'{', b'=', text).filter(|open| text[*open] == b'{')? + 1;
    let close = memchr::memrchr(b'}', text).filter(|close| *close > open)?;
    let entries = blocks(&text[open..close])?;
    let start = block.start + open;
    Some(entries.into_iter().map(|entry| start + entry.start..start + entry.end).collect())
}

/// The smallest blocks of `source` that something at one of `places` stands in; none where its blocks cannot be told
/// apart.
pub(crate) fn around(source: &[u8], places: &[Range<usize>]) -> Vec<Range<usize>> {
    let is_touched = |block: &Range<usize>| !touching(places, block).is_empty();
    let is_inside = |block: &Range<usize>| {
        let open = memchr::memchr(b'{', &source[block.clone()]).map(|open| block.start + open);
        open.is_some_and(|open| {
            touching(places, block).iter().all(|p| p.start > open && p.end < block.end)
        })
    };
    let mut blocks = blocks(source).unwrap_or_default();
    blocks.retain(is_touched);
    let smallest = |block: Range<usize>| {
        let mut entries = body(source, &block).unwrap_or_default();
        entries.retain(is_touched);
        if !entries.is_empty() && entries.iter().all(is_inside) { entries } else { vec![block] }
    };
    // A line end keeps each apart from the next.
    let with_line_end = |block: Range<usize>| block.start..source.len().min(block.end + 1);
    blocks.into_iter().flat_map(smallest).map(with_line_end).collect()
}

/// Where the blocks and attributes of the top level stand; `None` where brackets or quotes do not fit.
fn blocks(source: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < source.len() {
        if let Some(end) = comment(source, at) {
            at = end;
        } else if source[at].is_ascii_whitespace() {
            at += 1;
        } else {
            let end = entry(source, at)?;
            blocks.push(at..end);
            at = end;
        }
    }
    Some(blocks)
}

/// The end of a comment that begins at `at`.
fn comment(source: &[u8], at: usize) -> Option<usize> {
    let rest = &source[at..];
    if rest.starts_with(b"/*") {
        let end = memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
        return Some(at + end);
    }
    let is_comment = rest.starts_with(b"#") || rest.starts_with(b"//");
    is_comment.then(|| at + memchr::memchr(b'\n', rest).unwrap_or(rest.len()))
}

/// Bytes that mean something outside of texts and comments.
const MARKS: [bool; 256] = {
    let mut marks = [false; 256];
    let mut list: &[u8] = b"\n{}[]()\"<#/";
    while let [mark, rest @ ..] = list {
        marks[*mark as usize] = true;
        list = rest;
    }
    marks
};

/// The end of the block or attribute that begins at `at`: a line end outside of all brackets.
fn entry(source: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    loop {
        // Most bytes are none of these; this loop is the cost of a long file.
        at += source[at..].iter().take_while(|byte| !MARKS[usize::from(**byte)]).count();
        let Some(byte) = source.get(at) else { break };
        match byte {
            b'\n' if depth == 0 => return Some(at),
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.checked_sub(1)?,
            b'"' => {
                at = text(source, at)?;
                continue;
            }
            b'<' if source[at..].starts_with(b"<<") => {
                at = here_document(source, at)?;
                continue;
            }
            b'#' | b'/' => {
                at = comment(source, at).unwrap_or(at + 1);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(at)
}

/// The end of the text in quotes that begins at `at`.
fn text(source: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    // As a rule a text is plain, and ends where the next quote stands.
    let end = at + memchr::memchr3(b'"', b'\\', b'\n', &source[at..])?;
    if source[end] == b'"' && memchr::memchr2(b'$', b'%', &source[at..end]).is_none() {
        return Some(end + 1);
    }
    // How many brackets of interpolations are open, for each text inside another one.
    let mut open: Vec<usize> = vec![0];
    while let Some(byte) = source.get(at) {
        let rest = &source[at..];
        let is_code = open.last().is_some_and(|depth| *depth > 0);
        match byte {
            b'\n' if !is_code => return None,
            b'\\' if !is_code => at += 1,
            b'"' if is_code => open.push(0),
            b'"' => {
                open.pop();
                if open.is_empty() {
                    return Some(at + 1);
                }
            }
            b'$' | b'%' if !is_code && (rest.starts_with(b"$${") || rest.starts_with(b"%%{")) => {
                at += 2;
            }
            b'$' | b'%' if !is_code && rest.get(1) == Some(&b'{') => {
                *open.last_mut()? += 1;
                at += 1;
            }
            b'{' if is_code => *open.last_mut()? += 1,
            b'}' if is_code => *open.last_mut()? -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of the here-document that begins at `at`.
fn here_document(source: &[u8], at: usize) -> Option<usize> {
    let line = at + memchr::memchr(b'\n', &source[at..])?;
    let mark = source[at + 2..line].trim_ascii();
    let mark = mark.strip_prefix(b"-").unwrap_or(mark);
    let mut start = line + 1;
    while start < source.len() {
        let end = memchr::memchr(b'\n', &source[start..]).map_or(source.len(), |end| start + end);
        if source[start..end].trim_ascii() == mark {
            return Some(end);
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_parsed_without_what_is_not_needed() {
        let source = b"a \"b\" {\n  c = 1\n  d {\n    e = 2\n  }\n  f = 3\n}\n";
        let parts = needed(source, 0..source.len() - 1, |entry| entry.starts_with(b"d"));
        let left: Vec<u8> = parts.iter().flat_map(|part| source[part.clone()].to_vec()).collect();
        assert_eq!(left, b"a \"b\" {\n  \n  d {\n    e = 2\n  }\n  \n}\n");
        let one_line = b"a { b = 1 }\n";
        let parts = needed(one_line, 0..one_line.len() - 1, |_| false);
        assert_eq!(parts.first(), Some(&(0..one_line.len())), "its bracket has no line of its own");
    }

    #[test]
    fn the_smallest_block_around_a_place() {
        let source = b"a {\n  b {\n    c = 1\n  }\n  d = 2\n}\ne = 3\n";
        let around = |at: usize| -> Vec<&[u8]> {
            let place = std::iter::once(at..at + 1).collect::<Vec<_>>();
            super::around(source, &place)
                .into_iter()
                .map(|span| source[span].trim_ascii_end())
                .collect()
        };
        assert_eq!(around(17), [b"b {\n    c = 1\n  }"]);
        assert_eq!(around(28), [&source[..33]], "an attribute of the block");
        assert_eq!(around(35), [b"e = 3"]);
    }

    #[test]
    fn blocks_are_told_apart_whatever_they_hold() {
        for (block, name) in [
            ("a = 1", "an attribute"),
            ("resource \"a\" \"b\" {\n  c = \"}\"\n}", "a bracket in quotes"),
            ("a \"b\" {\n  # }\n  // }\n  /* } */\n}", "brackets in comments"),
            ("a {\n  b = <<EOF\n}\"\nEOF\n  c = <<-X\n  }}\n  X\n}", "here-documents"),
            ("a {\n  b = \"${c[\"}\"]}${{}}$${%%{\\\"{\"\n}", "texts in texts"),
            ("a = [\n  {},\n]", "an attribute of several lines"),
        ] {
            let source = format!("# {{\n{block}\n\n{block} # {{\n/* {{ */\n{block}");
            let found = blocks(source.as_bytes()).unwrap_or_default();
            let found: Vec<&str> = found.into_iter().map(|span| &source[span]).collect();
            assert_eq!(found.len(), 3, "{name}: {found:?}");
            assert!(found.iter().all(|text| text.starts_with(block)), "{name}: {found:?}");
        }
        for text in ["a {", "a }", "a = \"b", "a = \"b\n\"", "a = <<EOF\nb", "a = \"${"] {
            assert_eq!(blocks(text.as_bytes()), None, "{text}");
        }
    }
}
