//! Terraform and Packer files by their top-level blocks, so that only those are parsed in which something can be
//! found: of a long file as a rule a few.

use std::ops::Range;

use tree_sitter::Tree;

use crate::job::Job;
use crate::syntax;

/// Parses the blocks of `source` for which `is_wanted` holds, in their places; all of it where its blocks
/// cannot be told apart.
pub(crate) fn parse(
    source: &[u8],
    job: &Job,
    is_wanted: impl Fn(&Range<usize>) -> bool,
) -> Option<Tree> {
    let grammar = tree_sitter_hcl::LANGUAGE.into();
    let Some(mut blocks) = blocks(source) else { return syntax::parse(&grammar, source, job) };
    blocks.retain(is_wanted);
    // A line end keeps what is at the end of one apart from what begins the next.
    for block in &mut blocks {
        block.end = source.len().min(block.end + 1);
    }
    if blocks.is_empty() { None } else { syntax::parse_parts(&grammar, source, &blocks, job) }
}

/// The blocks of `source` that something at one of `places` stands in or beside; none where its blocks cannot be
/// told apart.
pub(crate) fn around(source: &[u8], places: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut blocks = blocks(source).unwrap_or_default();
    blocks.retain(|block| places.iter().any(|p| p.end >= block.start && p.start <= block.end));
    blocks
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

/// The end of the block or attribute that begins at `at`: a line end outside of all brackets.
fn entry(source: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0usize;
    while let Some(byte) = source.get(at) {
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
    // How many brackets of interpolations are open, for each text inside another one.
    let mut open: Vec<usize> = vec![0];
    let mut at = at + 1;
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
