//! Makefiles: recipe lines and `$(shell …)`. Each recipe line has a shell of its own.

use std::ops::Range;

use super::lines::continued_lines;
use super::script::{is_worth_reading, read_by, unknown};
use crate::address::BLOT;
use crate::finding::Finding;
use crate::snippet::{Codec, Decoder, Snippet};

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let shell = shell(source);
    let mut findings = Vec::new();
    for span in recipes(source).into_iter().chain(shell_calls(source)) {
        if is_worth_reading(&source[span.clone()]) {
            findings.extend(read_by(&shell, &mut decode(snippet, span)));
        }
    }
    for span in definitions(source) {
        let mut inner = decode(snippet, span);
        findings.extend(unknown(&mut inner));
    }
    findings
}

/// The texts between `define` and `endef`, but for those that are recipes.
fn definitions(source: &[u8]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let (mut open, mut at) = (None, 0);
    for line in source.split_inclusive(|b| *b == b'\n') {
        let end = at + line.len();
        match open {
            None if line.starts_with(b"define ") => open = Some(end),
            Some(start) if line.starts_with(b"endef") => {
                spans.push(start..at);
                open = None;
            }
            Some(_) if line.starts_with(b"\t") => open = None,
            _ => {}
        }
        at = end;
    }
    spans
}

/// What reads recipes: the variable `SHELL`, unless it is made of others.
fn shell(source: &[u8]) -> String {
    let text = String::from_utf8_lossy(source);
    let value = text.lines().find_map(|line| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let value = line.strip_prefix("SHELL")?.trim_start().trim_start_matches([':', '?']);
        value.strip_prefix('=')?.split_whitespace().next()
    });
    value.filter(|program| !program.contains('$')).unwrap_or("/bin/sh").to_owned()
}

/// Recipe lines with their continuation lines, without `@`, `-` and `+`.
fn recipes(source: &[u8]) -> Vec<Range<usize>> {
    let mark = recipe_prefix(source);
    continued_lines(source, |line| {
        let rest = line.strip_prefix(&[mark])?;
        Some(1 + rest.iter().take_while(|b| b"\t @-+".contains(b)).count())
    })
}

/// What begins the lines of recipes: a tab, unless the variable says otherwise.
fn recipe_prefix(source: &[u8]) -> u8 {
    let mut lines = source.split(|b| *b == b'\n');
    let value = lines.find_map(|line| {
        let value = line.strip_prefix(b".RECIPEPREFIX")?.trim_ascii_start();
        value.strip_prefix(b"=").or(value.strip_prefix(b":="))?.trim_ascii_start().first().copied()
    });
    value.unwrap_or(b'\t')
}

/// The command of each `$(shell …)` outside recipes.
fn shell_calls(source: &[u8]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for at in memchr::memmem::find_iter(source, b"$(shell ") {
        let line = source[..at].iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        if source.get(line) == Some(&b'\t') {
            continue;
        }
        let start = at + b"$(shell ".len();
        let mut depth = 1;
        let end = source[start..].iter().position(|b| {
            depth += i32::from(*b == b'(') - i32::from(*b == b')');
            depth == 0
        });
        spans.extend(end.map(|end| start..start + end));
    }
    spans
}

/// `$$` is a dollar; `$(name)` and `$x` are make's own.
fn decode(snippet: &Snippet<'_>, span: Range<usize>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let mut decoder = Decoder::new(snippet);
    let mut at = span.start;
    while at < span.end {
        let rest = &source[at..span.end];
        let length = match rest {
            [b'$', b'$', ..] => {
                decoder.put(b'$', at);
                at += 2;
                continue;
            }
            [b'$', open @ (b'(' | b'{'), ..] => {
                let close = if *open == b'(' { b')' } else { b'}' };
                rest.iter().position(|b| *b == close).map_or(2, |p| p + 1)
            }
            [b'$', _, ..] => 2,
            _ => 0,
        };
        if length > 0 {
            decoder.blot(at..at + length, BLOT);
            at += length;
        } else {
            decoder.copy(at..at + 1);
            at += 1;
        }
    }
    let codec = Codec { escapes: vec![("$", "$$")], indent: String::new() };
    let mut inner = decoder.finish(span.end, codec);
    inner.multiline = false;
    inner
}
