//! What is not handed to a grammar. Grammars are generated C code with hand-written scanners; some end the
//! process where a text has more nesting than their authors thought of. No person writes such a text.

use memchr::memchr_iter;

use crate::job::Obstacle;

/// Files larger than this are not parsed: nobody writes such a script by hand.
pub const MAX_SIZE: u64 = 16 << 20;

/// Texts longer than this are not parsed.
pub(crate) const MAX_TEXT: usize = 4 << 20;

/// Lines longer than this are written by programs; scanners that ask for a column are quadratic in it.
const MAX_LINE: usize = 256 << 10;

/// Open brackets of any kind.
const MAX_BRACKETS: usize = 200;

/// Levels of indentation, and dashes of YAML's lists in one line.
const MAX_INDENTS: usize = 64;

/// Here-documents that one line opens, bytes of the mark of one, and quotes in a row.
const MAX_HERE_DOCUMENTS: usize = 8;
const MAX_MARK: usize = 64;

/// Why `text` is not to be parsed.
pub(crate) fn check(text: &[u8]) -> Result<(), Obstacle> {
    if text.len() > MAX_TEXT {
        return Err(Obstacle::Size);
    }
    let mut brackets = 0usize;
    let mut indents: Vec<usize> = Vec::new();
    let mut start = 0;
    for end in memchr_iter(b'\n', text).chain([text.len()]) {
        let line = &text[start..end];
        start = end + 1;
        if line.len() > MAX_LINE {
            return Err(Obstacle::Size);
        }
        for byte in line {
            match byte {
                b'(' | b'[' | b'{' => brackets += 1,
                b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
                _ => continue,
            }
            if brackets > MAX_BRACKETS {
                return Err(Obstacle::Nesting);
            }
        }
        indent(line, &mut indents)?;
        marks(line)?;
    }
    Ok(())
}

/// Keeps the levels of indentation that are open after `line`.
fn indent(line: &[u8], open: &mut Vec<usize>) -> Result<(), Obstacle> {
    let Some(width) = line.iter().position(|b| !b.is_ascii_whitespace()) else { return Ok(()) };
    while open.last().is_some_and(|last| *last >= width) {
        open.pop();
    }
    open.push(width);
    let dashes = line[width..]
        .chunks(2)
        .take_while(|pair| [b"- ", b"? ", b": "].iter().any(|dash| *pair == *dash))
        .count();
    if open.len() + dashes > MAX_INDENTS { Err(Obstacle::Nesting) } else { Ok(()) }
}

/// Marks of here-documents, and the quotes of raw texts.
fn marks(line: &[u8]) -> Result<(), Obstacle> {
    let mut here_documents = 0;
    let first = memchr::memchr(b'<', line).unwrap_or(line.len());
    for at in memchr::memmem::find_iter(&line[first..], b"<<").map(|at| first + at) {
        here_documents += 1;
        let mark = line[at + 2..].trim_ascii_start();
        let length =
            mark.iter().take_while(|b| !b.is_ascii_whitespace() && !b";|&)".contains(b)).count();
        if here_documents > MAX_HERE_DOCUMENTS || length > MAX_MARK {
            return Err(Obstacle::HereDocuments);
        }
    }
    if line.len() <= MAX_MARK {
        return Ok(());
    }
    let runs = line.chunk_by(|one, next| one == next);
    let is_long = |run: &[u8]| run.len() > MAX_MARK && b"\"'`$".contains(&run[0]);
    if { runs }.any(is_long) { Err(Obstacle::Nesting) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_parsed_and_what_is_just_over_a_limit_is_not() {
        let nested = |n: usize| format!("{}x{}", "[".repeat(n), "]".repeat(n));
        let indented =
            |n: usize| (0..n).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>();
        let dashed = |n: usize| format!("{}x", "- ".repeat(n));
        let marked = |n: usize| format!("cat <<{}\n", "E".repeat(n));
        let opened = |n: usize| format!("cat {}\n", "<<A ".repeat(n));
        for (text, expected) in [
            (nested(MAX_BRACKETS), Ok(())),
            (nested(MAX_BRACKETS + 1), Err(Obstacle::Nesting)),
            (nested(MAX_BRACKETS).repeat(3), Ok(())),
            (indented(MAX_INDENTS), Ok(())),
            (indented(MAX_INDENTS + 1), Err(Obstacle::Nesting)),
            (dashed(MAX_INDENTS - 1), Ok(())),
            (dashed(MAX_INDENTS), Err(Obstacle::Nesting)),
            (marked(MAX_MARK), Ok(())),
            (marked(MAX_MARK + 1), Err(Obstacle::HereDocuments)),
            (opened(MAX_HERE_DOCUMENTS), Ok(())),
            (opened(MAX_HERE_DOCUMENTS + 1), Err(Obstacle::HereDocuments)),
            ("\"".repeat(MAX_MARK), Ok(())),
            ("\"".repeat(MAX_MARK + 1), Err(Obstacle::Nesting)),
            ("#".repeat(MAX_MARK + 1), Ok(())),
            ("x".repeat(MAX_LINE), Ok(())),
            ("x".repeat(MAX_LINE + 1), Err(Obstacle::Size)),
            ("x\n".repeat(MAX_TEXT / 2 + 1), Err(Obstacle::Size)),
        ] {
            assert_eq!(check(text.as_bytes()), expected, "{} …", &text[..text.len().min(40)]);
        }
    }
}
