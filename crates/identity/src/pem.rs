//! Base64 in lines, and PEM (RFC 7468): bytes as text between two marked lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How many columns a line of PEM has.
const COLUMNS: usize = 64;

/// One block of a PEM file.
pub(super) struct Block {
    /// What it says it holds: `PRIVATE KEY`.
    pub(super) label: String,
    /// What it holds.
    pub(super) bytes: Vec<u8>,
}

/// Base64 in lines of `columns`, LF between them and none at the end.
pub(super) fn lines(bytes: &[u8], columns: usize) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / columns);
    let mut rest = text.as_str();
    while let Some((line, after)) =
        rest.split_at_checked(columns).filter(|(_, after)| !after.is_empty())
    {
        lines.push_str(line);
        lines.push('\n');
        rest = after;
    }
    lines + rest
}

/// One block, with a final LF.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let lines = lines(bytes, COLUMNS);
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

/// All blocks of a text; what stands between them is a comment. `None` where a block has no end, or
/// is not base64.
pub(super) fn decode(text: &str) -> Option<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(label) = marked(line, "BEGIN") else { continue };
        let mut base64 = String::new();
        loop {
            let line = lines.next()?;
            match marked(line, "END") {
                Some(end) if end == label => break,
                Some(_) => return None,
                None => base64.push_str(line.trim_end()),
            }
        }
        blocks.push(Block { label: label.to_owned(), bytes: STANDARD.decode(base64).ok()? });
    }
    Some(blocks)
}

fn marked<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.trim_end()
        .strip_prefix("-----")?
        .strip_prefix(mark)?
        .strip_prefix(' ')?
        .strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_no_final_lf() {
        assert_eq!(lines(&[0; 3], 76), "AAAA");
        assert_eq!(lines(&[0; 57], 76), "A".repeat(76));
        assert_eq!(lines(&[0; 60], 76), format!("{}\nAAAA", "A".repeat(76)));
        assert_eq!(lines(&[], 76), "");
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let text =
            format!("a comment\n{}\nanother\n{}", encode("ONE", &[1; 100]), encode("TWO", &[]));
        let blocks = decode(&text).unwrap();
        let found: Vec<_> = blocks.iter().map(|b| (b.label.as_str(), b.bytes.len())).collect();
        assert_eq!(found, [("ONE", 100), ("TWO", 0)]);
        for cut in 1..text.len() {
            let whole = decode(&text[..cut]).is_some_and(|blocks| blocks.len() == 2);
            assert!(!whole || cut == text.len() - 1, "cut at {cut}");
        }
        assert!(decode(&text.replace("AQEB", "AQ=B")).is_none());
        assert!(decode(&text.replace("END ONE", "END TWO")).is_none());
    }
}
