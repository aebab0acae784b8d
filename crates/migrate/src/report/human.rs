//! Findings for people: the code with a caret, why it breaks, and what to write.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level as Annotation, Renderer, Snippet};

use crate::edit::{Edit, apply};
use crate::finding::{Finding, Remedy};
use crate::rules::Level;

/// How many lines of a long finding are shown.
const MAX_LINES: usize = 6;

/// `finding`, which is in the file `path` with the content `bytes`, for a terminal of any width.
///
/// Control characters of the file's name and of its code are shown as signs for them: a terminal would
/// obey them.
pub fn human(path: &Path, bytes: &[u8], finding: &Finding, level: Level, colour: bool) -> String {
    let window = Window::around(bytes, &finding.span);
    let path = printable(&path.display().to_string());
    let snippet = Snippet::source(window.text.as_str())
        .path(path.as_str())
        .line_start(finding.line)
        .annotation(AnnotationKind::Primary.span(window.span));
    let (label, text, aside) = match &finding.remedy {
        Remedy::Rewrite(edits) => ("rewrite", changes(bytes, edits), finding.caution.as_ref()),
        Remedy::Offer { edits, caution } => ("offer", changes(bytes, edits), Some(caution)),
        Remedy::Advice { text, reason } => ("write instead", text.clone(), Some(reason)),
    };
    let help = printable(&format!("{label}:\n{text}"));
    let what = printable(&finding.what);
    let title = match level {
        Level::Error => Annotation::ERROR,
        Level::Warning => Annotation::WARNING,
        Level::Note | Level::Off => Annotation::NOTE,
    };
    let title = title.primary_title(what.as_str()).id(finding.rule.id());
    let mut group: Group<'_> =
        title.element(snippet).element(Annotation::NOTE.message(finding.rule.why()));
    group = match (&finding.remedy, aside) {
        (Remedy::Advice { .. }, Some(reason)) => {
            group.element(Annotation::NOTE.message(format!("not rewritten: {reason}")))
        }
        (_, Some(caution)) => group.element(Annotation::NOTE.message(caution.as_str())),
        (_, None) => group,
    };
    let group = group.element(Annotation::HELP.message(help));
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]) + "\n"
}

/// `text` with a sign for each control character but line ends and tabs, and for what turns the
/// direction of writing.
pub fn printable(text: &str) -> String {
    let sign = |c: char| match c {
        '\n' | '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('?'),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(sign).collect()
}

/// The lines a finding stands on.
struct Window {
    text: String,
    /// Where the finding is in `text`.
    span: Range<usize>,
}

impl Window {
    fn around(bytes: &[u8], span: &Range<usize>) -> Self {
        let at = span.start.min(bytes.len());
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |p| p + 1);
        let stop = span.end.clamp(at, bytes.len());
        let line_end =
            |from: usize| memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |p| from + p);
        let mut end = line_end(at);
        for _ in 1..MAX_LINES {
            if end < stop {
                end = line_end(end + 1);
            }
        }
        // Lengths are taken after decoding, so that bytes that are not UTF-8 do not shift them.
        let lossy = |range: Range<usize>| printable(&String::from_utf8_lossy(&bytes[range]));
        let before = lossy(start..at);
        let inside = lossy(at..stop.min(end));
        let after = lossy(stop.min(end)..end);
        let span = before.len()..before.len() + inside.len();
        Self { text: before + &inside + &after, span }
    }
}

/// The lines that `edits` change, as they are and as they will be.
fn changes(bytes: &[u8], edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort();
    let mut out = String::new();
    let mut rest = edits.as_slice();
    while let Some(first) = rest.first() {
        let lines = lines_of(bytes, first.start..first.end);
        let here = rest.iter().take_while(|e| e.start <= lines.end).count();
        let end = rest[..here].iter().map(|e| e.end).max().unwrap_or(lines.end);
        let lines = lines.start..lines_of(bytes, end..end).end.max(lines.end);
        let shifted: Vec<Edit> = rest[..here]
            .iter()
            .map(|e| Edit {
                start: e.start - lines.start,
                end: e.end - lines.start,
                ..(*e).clone()
            })
            .collect();
        let old = &bytes[lines.clone()];
        let new = apply(old, &shifted).unwrap_or_else(|_| old.to_vec());
        let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(&new));
        let kept: Vec<&str> = new.lines().collect();
        for line in old.lines().filter(|l| !kept.contains(l)) {
            let _ = writeln!(out, "- {line}");
        }
        let was: Vec<&str> = old.lines().collect();
        for line in new.lines().filter(|l| !was.contains(l)) {
            let _ = writeln!(out, "+ {line}");
        }
        rest = &rest[here..];
    }
    out.truncate(out.trim_end().len());
    out
}

/// `span`, made whole lines.
fn lines_of(bytes: &[u8], span: Range<usize>) -> Range<usize> {
    let (first, last) = (span.start.min(bytes.len()), span.end.min(bytes.len()));
    let start = memchr::memrchr(b'\n', &bytes[..first]).map_or(0, |p| p + 1);
    let end = memchr::memchr(b'\n', &bytes[last..]).map_or(bytes.len(), |p| last + p);
    start..end.max(start)
}
