//! Jupyter notebooks: cells of Python, and the shell commands that they hold.

use super::scalar::{Holes, decode};
use super::script::{is_worth_reading, unknown};
use crate::data::{Content, Data};
use crate::finding::Finding;
use crate::language::Language;
use crate::snippet::{Codec, Decoder, Snippet};

/// Why cells are shown and not edited.
const CELL: &str = "cells of notebooks are not edited";

/// Findings in a cell; what is for people, and what a cell printed, is no code.
pub(super) fn cell(cell: &Data, notebook: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &notebook.text;
    notebook.shows(cell.span.clone());
    let is_code = cell.get("cell_type").is_some_and(|kind| kind.word(source) == "code");
    let Some(code) = cell.get("source").filter(|_| is_code) else { return Vec::new() };
    let mut decoder = Decoder::new(notebook);
    for line in std::iter::once(code).chain(code.items()) {
        if let Content::Text(style) = line.content {
            decode(&mut decoder, source, line.span.clone(), style, Holes::default());
        }
    }
    let mut code = decoder.finish(code.span.end, Codec::default());
    code.leave(CELL);
    if code.text.starts_with(b"%%") {
        // The first line says what reads the others.
        let end = memchr::memchr(b'\n', &code.text).unwrap_or(code.text.len());
        return code.lift(unknown(&mut part(&code, end..code.text.len())));
    }
    let mut findings = Vec::new();
    let mut start = 0;
    for line in code.text.split_inclusive(|byte| *byte == b'\n') {
        let mark = memchr::memchr(b'!', line).filter(|at| is_command(&line[..*at]));
        if let Some(mark) = mark {
            let mut command = part(&code, start + mark + 1..start + line.len());
            findings.extend(unknown(&mut command));
        }
        start += line.len();
    }
    if is_worth_reading(&code.text) || findings.is_empty() {
        findings.extend(without_commands(&code).scan(Language::Python));
    }
    code.lift(findings)
}

/// Whether what stands before a `!` in a line says that a command follows.
fn is_command(before: &[u8]) -> bool {
    let before = before.trim_ascii();
    before.is_empty() || before.ends_with(b"=")
}

fn part(code: &Snippet<'_>, span: std::ops::Range<usize>) -> Snippet<'static> {
    let mut decoder = Decoder::new(code);
    decoder.copy(span.clone());
    decoder.finish(span.end, Codec::default())
}

/// The same code, as long, in which commands and magic are blank.
fn without_commands(code: &Snippet<'_>) -> Snippet<'static> {
    let mut decoder = Decoder::new(code);
    let mut start = 0;
    for line in code.text.split_inclusive(|byte| *byte == b'\n') {
        let mark = line.iter().position(|byte| b"!%".contains(byte));
        if mark.is_some_and(|at| is_command(&line[..at])) {
            let end = start + line.trim_ascii_end().len();
            decoder.blot(start..end, b' ');
            decoder.copy(end..start + line.len());
        } else {
            decoder.copy(start..start + line.len());
        }
        start += line.len();
    }
    decoder.finish(code.text.len(), Codec::default())
}
