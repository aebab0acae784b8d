//! A YAML or JSON text as the program that gets it reads it.

use std::ops::Range;

use crate::address::BLOT;
use crate::data::Style;
use crate::shell::begins_control;
use crate::snippet::{Codec, Decoder, Snippet};

/// What templates do to the texts of a document.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holes {
    /// `${Name}` is filled in and `${!Name}` stands for `${Name}`, as CloudFormation's `Fn::Sub`
    /// does.
    pub(super) sub: bool,
    /// `$Name` and `${Name}` are filled in and `$$` stands for `$`, as Docker Compose does.
    pub(super) compose: bool,
}

/// The text that is written in `span`, in `style`.
pub(super) fn snippet(
    outer: &Snippet<'_>,
    span: Range<usize>,
    style: Style,
    holes: Holes,
) -> Snippet<'static> {
    let source: &[u8] = &outer.text;
    let mut decoder = Decoder::new(outer);
    let codec = decode(&mut decoder, source, span.clone(), style, holes);
    let mut snippet = decoder.finish(content(source, span.clone(), style).end, codec);
    snippet.multiline = match style {
        Style::Literal => true,
        Style::Double => source.get(span).unwrap_or_default().windows(2).any(|w| w == b"\\n"),
        Style::Plain | Style::PlainInFlow | Style::Single | Style::Folded => false,
    };
    if style == Style::PlainInFlow {
        snippet.leave("the quoting that YAML would need here is not added by machine");
    }
    snippet
}

/// Decodes `span` into `decoder`; the result tells how to write into it.
pub(super) fn decode(
    decoder: &mut Decoder<'_>,
    source: &[u8],
    span: Range<usize>,
    style: Style,
    holes: Holes,
) -> Codec {
    let inside = content(source, span, style);
    let mut codec = match style {
        Style::Literal => {
            let indent = block_indent(source, inside.clone());
            block(decoder, source, inside, indent, false, holes);
            Codec { escapes: Vec::new(), indent: " ".repeat(indent) }
        }
        Style::Folded => {
            let indent = block_indent(source, inside.clone());
            block(decoder, source, inside, indent, true, holes);
            Codec::default()
        }
        // A colon and a blank would end a plain scalar; a header does not need the blank.
        Style::Plain | Style::PlainInFlow => {
            flowing(decoder, source, inside, |_| None, holes);
            Codec { escapes: vec![(": ", ":")], indent: String::new() }
        }
        Style::Single => {
            let quote = |rest: &[u8]| rest.starts_with(b"''").then_some((b'\'', 2));
            flowing(decoder, source, inside, quote, holes);
            Codec { escapes: vec![("'", "''")], indent: String::new() }
        }
        Style::Double => {
            flowing(decoder, source, inside, escape, holes);
            let escapes = vec![("\"", "\\\""), ("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t")];
            Codec { escapes, indent: String::new() }
        }
    };
    if holes.compose {
        codec.escapes.push(("$", "$$"));
    }
    codec
}

/// The bytes of a scalar without its quotes or its block header.
fn content(source: &[u8], span: Range<usize>, style: Style) -> Range<usize> {
    let span = span.start..span.end.min(source.len());
    match style {
        Style::Plain | Style::PlainInFlow => span,
        Style::Single | Style::Double => {
            let start = (span.start + 1).min(span.end);
            start..span.end.saturating_sub(1).max(start)
        }
        Style::Literal | Style::Folded => {
            let raw = &source[span.clone()];
            let header = raw.iter().position(|b| *b == b'\n').map_or(raw.len(), |p| p + 1);
            span.start + header..span.end
        }
    }
}

fn block_indent(source: &[u8], inside: Range<usize>) -> usize {
    let lines = source[inside].split(|b| *b == b'\n');
    let indents = lines.filter_map(|line| {
        let indent = line.iter().position(|b| *b != b' ')?;
        (line.get(indent) != Some(&b'\r')).then_some(indent)
    });
    indents.min().unwrap_or(0)
}

fn block(
    decoder: &mut Decoder<'_>,
    source: &[u8],
    inside: Range<usize>,
    indent: usize,
    folded: bool,
    holes: Holes,
) {
    let mut at = inside.start;
    while at < inside.end {
        let blanks = source[at..inside.end].iter().take(indent).take_while(|b| **b == b' ').count();
        at += blanks;
        let line = source[at..inside.end].iter().position(|b| *b == b'\n');
        let end = line.map_or(inside.end, |p| at + p);
        copy(decoder, source, at..end, |_| None, holes);
        if line.is_some() {
            let next = source.get(end + 1 + indent);
            let goes_on = next.is_some_and(|b| !b.is_ascii_whitespace()) && end > at;
            decoder.put(if folded && goes_on { b' ' } else { b'\n' }, end);
        }
        at = end + 1;
    }
}

/// A text whose line ends are only blanks.
fn flowing(
    decoder: &mut Decoder<'_>,
    source: &[u8],
    inside: Range<usize>,
    unescape: impl Fn(&[u8]) -> Option<(u8, usize)> + Copy,
    holes: Holes,
) {
    let mut at = inside.start;
    while at < inside.end {
        let line = source[at..inside.end].iter().position(|b| *b == b'\n');
        let end = line.map_or(inside.end, |p| at + p);
        copy(decoder, source, at..end, unescape, holes);
        at = end;
        if line.is_some() {
            decoder.put(b' ', end);
            at += source[end..inside.end].iter().take_while(|b| b.is_ascii_whitespace()).count();
        }
    }
}

/// What an escape at the start of `rest` stands for, and its length.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'\\', b'n', ..] => Some((b'\n', 2)),
        [b'\\', b't', ..] => Some((b'\t', 2)),
        [b'\\', b'r', ..] => Some((b'\r', 2)),
        [b'\\', b'u', hex @ ..] => {
            let code = std::str::from_utf8(hex.get(..4)?).ok()?;
            let code = u32::from_str_radix(code, 16).ok()?;
            Some((u8::try_from(code).unwrap_or(b'?'), 6))
        }
        [b'\\', other, ..] => Some((*other, 2)),
        _ => None,
    }
}

/// Copies a span, undoing escapes and blotting out what a template fills in.
fn copy(
    decoder: &mut Decoder<'_>,
    source: &[u8],
    span: Range<usize>,
    unescape: impl Fn(&[u8]) -> Option<(u8, usize)>,
    holes: Holes,
) {
    let mut at = span.start;
    while at < span.end {
        let rest = &source[at..span.end];
        if holes.sub && rest.starts_with(b"${!") {
            decoder.copy(at..at + 2);
            at += 3;
        } else if holes.compose && rest.starts_with(b"$$") {
            decoder.put(b'$', at);
            at += 2;
        } else if let Some((length, with)) = hole(rest, holes) {
            if begins_control(rest) {
                decoder.part();
            }
            decoder.blot(at..at + length, with);
            at += length;
        } else if let Some((byte, length)) = unescape(rest) {
            decoder.put(byte, at);
            at += length.min(rest.len());
        } else {
            decoder.copy(at..at + 1);
            at += 1;
        }
    }
}

/// The length of a template expression at the start of `rest`, and what to put in its place.
fn hole(rest: &[u8], holes: Holes) -> Option<(usize, u8)> {
    const KINDS: [(&[u8], &[u8], u8); 4] =
        [(b"${{", b"}}", BLOT), (b"{{", b"}}", BLOT), (b"{%", b"%}", b' '), (b"${", b"}", BLOT)];
    if holes.compose && rest.starts_with(b"$") {
        let name = rest.iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
        let length = name.count();
        if length > 0 {
            return Some((1 + length, BLOT));
        }
    }
    let kinds = if holes.sub || holes.compose { &KINDS[..] } else { &KINDS[..3] };
    kinds.iter().find_map(|(open, close, with)| {
        let inside = rest.strip_prefix(*open)?;
        let end = inside.windows(close.len()).position(|w| w == *close)?;
        Some((open.len() + end + close.len(), *with))
    })
}
