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
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
        let line = &text[start..end];
        let is_control = is_marked(line) && !continues(line);
        blank_line(&mut text, start..end, is_control);
        start = end + 1;
    }
    Some(text)
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
    }
}
