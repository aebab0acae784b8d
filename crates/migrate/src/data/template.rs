//! YAML that a template engine fills in first: Helm and Go, Jinja and Salt, Terraform.

/// The marks around what an engine reads.
const MARKS: [(&[u8], &[u8]); 4] = [(b"{{", b"}}"), (b"{%", b"%}"), (b"{#", b"#}"), (b"%{", b"}")];

/// The same text, as long, in which what an engine reads is blank, or a word where a value stands; `None` if
/// there is nothing of that kind. Texts in block scalars keep what they have: they parse all the same.
pub(super) fn blanked(source: &[u8]) -> Option<Vec<u8>> {
    let is_marked =
        |line: &[u8]| MARKS.iter().any(|(open, _)| line.trim_ascii_start().starts_with(open));
    let has_lines = source.split(|b| *b == b'\n').any(is_marked);
    if !has_lines && memchr::memmem::find(source, b"{{").is_none() {
        return None;
    }
    let mut text = source.to_vec();
    let mut start = 0;
    // The column that a line must stand behind to be a part of a block scalar.
    let mut block: Option<usize> = None;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
        let line = &text[start..end];
        let width = line.iter().take_while(|byte| **byte == b' ').count();
        block = block.filter(|column| width > *column || width == line.len());
        let is_control = is_marked(line) && !continues(line);
        block = block.or_else(|| opens_block(line).filter(|_| !is_control));
        // Blanks before the first line of a block scalar would be too many.
        if !(is_control && block.is_some()) {
            blank_line(&mut text, start..end, is_control);
        }
        start = end + 1;
    }
    Some(text)
}

/// The column of the key or the dash whose block scalar begins behind `line`.
fn opens_block(line: &[u8]) -> Option<usize> {
    let text = line.trim_ascii_end();
    let text = text.strip_suffix(b"-").or(text.strip_suffix(b"+")).unwrap_or(text);
    let before = text.strip_suffix(b"|").or(text.strip_suffix(b">"))?;
    let is_opened = before.ends_with(b": ") || before.ends_with(b"- ");
    let is_aside = |byte: &&u8| matches!(**byte, b' ' | b'-');
    is_opened.then(|| {
        let column = line.iter().take_while(is_aside).count();
        if before.ends_with(b": ") { column } else { column.saturating_sub(2) }
    })
}

/// Whether something other than marks stands in a line that begins with one: `{{ name }}: value`.
fn continues(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    !MARKS.iter().any(|(open, close)| text.starts_with(open) && text.ends_with(close))
}

fn blank_line(text: &mut [u8], line: std::ops::Range<usize>, is_control: bool) {
    let mut at = line.start;
    while at < line.end {
        let rest = &text[at..line.end];
        let Some((open, close)) = MARKS.iter().find(|(open, _)| rest.starts_with(open)) else {
            at += 1;
            continue;
        };
        let inside = &rest[open.len()..];
        let length =
            memchr::memmem::find(inside, close).map_or(inside.len(), |end| end + close.len());
        let end = at + open.len() + length;
        let word = if is_control || *open != b"{{" { b' ' } else { b'_' };
        text[at..end].fill(word);
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_reads_is_blank_or_a_word() {
        let of = |text: &str| blanked(text.as_bytes()).map(|t| String::from_utf8(t).unwrap());
        assert_eq!(of("a: b\n"), None);
        assert_eq!(of("{{- if .x }}\na: b\n{{ end }}").unwrap(), "            \na: b\n         ");
        assert_eq!(of("a: {{ .x }}-y\n").unwrap(), "a: ________-y\n");
        assert_eq!(of("{{ .x }}: y\n").unwrap(), "________: y\n");
        assert_eq!(of("%{ if x ~}\na: b\n").unwrap(), "          \na: b\n");
        assert_eq!(of("{% set x = 1 %}\na: {{ x }}").unwrap(), "               \na: _______");
        let block = "- a: |\n    {% if x %}\n    b\n{% endif %}\n    c\n  {% if y %}\n  d: e\n";
        let blank = "- a: |\n    {% if x %}\n    b\n           \n    c\n            \n  d: e\n";
        assert_eq!(of(block).unwrap(), blank);
    }
}
