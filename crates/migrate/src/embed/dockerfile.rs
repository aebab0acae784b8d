//! Dockerfiles: `RUN`, `CMD`, `ENTRYPOINT` and `HEALTHCHECK CMD` in shell form and in list form.

use std::ops::Range;
use std::path::Path;

use super::scalar::{Holes, snippet as scalar_snippet};
use super::script::{exec_form, is_worth_reading, read_by, script};
use crate::address;
use crate::data::{self, Content, Style};
use crate::finding::{Finding, Remedy};
use crate::language::{self, Language};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};

/// Instructions that run a command.
const RUNNING: [&str; 4] = ["RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"];

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let busybox = snippet.says("alpine") || snippet.says("FROM busybox");
    let mut findings = Vec::new();
    let mut shell = DEFAULT_SHELL.to_owned();
    for span in instructions(source) {
        let raw = &source[span.clone()];
        shell = shell_after(raw).unwrap_or(shell);
        findings.extend(added(raw, span.start));
        if !is_worth_reading(raw) {
            continue;
        }
        findings.extend(written(snippet, span.clone()));
        let Some(command) = command(source, span) else { continue };
        if source.get(command.start) == Some(&b'[') {
            findings.extend(list_form(snippet, command));
            continue;
        }
        let mut inner = shell_form(snippet, command);
        inner.busybox |= busybox;
        // It is given its command in one argument, which loses them on the way.
        let is_powershell = language::of_program(&shell) == Some(Language::PowerShell);
        inner.leave(is_powershell.then_some("quotes in it do not reach PowerShell"));
        findings.extend(read_by(&shell, &mut inner));
    }
    findings
}

const DEFAULT_SHELL: &str = "/bin/sh";

/// What reads commands after an instruction that says so: `SHELL ["program", "-c"]`, or the next image's
/// `FROM`.
fn shell_after(instruction: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(instruction);
    let (name, rest) = text.trim_start().split_once(char::is_whitespace)?;
    match name.to_ascii_uppercase().as_str() {
        "FROM" => Some(DEFAULT_SHELL.to_owned()),
        "SHELL" => rest.split('"').nth(1).map(str::to_owned),
        _ => None,
    }
}

/// `ADD` of a metadata URL, in the instruction that starts at `at`.
fn added(instruction: &[u8], at: usize) -> Option<Finding> {
    let text = String::from_utf8_lossy(instruction);
    let mut words = text.split_whitespace();
    words.next().filter(|name| name.eq_ignore_ascii_case("ADD"))?;
    let paths: Vec<String> =
        words.filter(|w| address::mentioned(w)).filter_map(address::path).collect();
    (!paths.is_empty()).then(|| {
        Finding::new(
            Rule::TokenlessRequest,
            at..at + instruction.trim_ascii_end().len(),
            "`ADD` reads instance metadata without a token",
            Remedy::advice(
                "RUN TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
                 http://169.254.169.254/latest/api/token) && curl -H \
                 \"X-aws-ec2-metadata-token: $TOKEN\" …",
                "an image is better built without the metadata of the instance that builds it",
            ),
        )
        .reading(paths)
    })
}

/// Requests in the file that `COPY` or `ADD` makes of a here-document: in what its first line or its name says, else
/// in a shell's.
fn written(snippet: &Snippet<'_>, span: Range<usize>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let raw = &source[span.clone()];
    let head = &raw[..memchr::memchr(b'\n', raw).unwrap_or(raw.len())];
    let head = String::from_utf8_lossy(head);
    let Some(mark) = heredoc_mark(head.trim().as_bytes()) else { return Vec::new() };
    if head.to_ascii_uppercase().trim_start().starts_with("RUN") {
        return Vec::new();
    }
    let start = span.start + head.len();
    let last = raw.trim_ascii_end().len() - mark.len();
    let mut decoder = Decoder::new(snippet);
    decoder.copy(start + 1..(span.start + last).max(start + 1));
    let mut inner = decoder.finish(span.start + last, Codec::default());
    let is_quoted = head.contains("<<\"") || head.contains("<<'") || head.contains("<<-\"");
    inner.leave((!is_quoted).then_some("Docker fills in the variables of this text"));
    let name = head.split_whitespace().last().unwrap_or_default();
    let language = language::by_content(&inner.text)
        .or_else(|| language::by_name(Path::new(name)))
        .unwrap_or(Language::Shell);
    inner.scan(language)
}

/// The span of each instruction with its continuation lines and here-documents.
fn instructions(source: &[u8]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut open: Option<usize> = None;
    let mut heredoc: Option<Vec<u8>> = None;
    let mut at = 0;
    for line in source.split_inclusive(|b| *b == b'\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let trimmed = line.trim_ascii();
        if let Some(mark) = &heredoc {
            if trimmed == mark.as_slice() {
                heredoc = None;
                spans.extend(open.take().map(|o| o..end));
            }
            continue;
        }
        let is_aside = trimmed.is_empty() || trimmed.starts_with(b"#");
        if is_aside && (open.is_some() || trimmed.starts_with(b"#")) {
            continue;
        }
        let first = *open.get_or_insert(start);
        heredoc = heredoc_mark(trimmed);
        if heredoc.is_none() && !trimmed.ends_with(b"\\") {
            spans.push(first..end);
            open = None;
        }
    }
    spans.extend(open.map(|o| o..source.len()));
    spans
}

/// The word that ends a here-document started on this line.
fn heredoc_mark(line: &[u8]) -> Option<Vec<u8>> {
    let line = String::from_utf8_lossy(line);
    let upper = line.to_ascii_uppercase();
    let may_have = ["RUN ", "COPY ", "ADD "].iter().any(|name| upper.starts_with(name));
    let after = line.split_once("<<").filter(|_| may_have)?.1.trim_start_matches('-');
    let word = after.split_whitespace().next()?.trim_matches(['"', '\'']);
    word.chars().all(|c| c.is_alphanumeric() || c == '_').then(|| word.as_bytes().to_vec())
}

/// The command of a running instruction: what follows its name and its `--options`.
fn command(source: &[u8], span: Range<usize>) -> Option<Range<usize>> {
    let mut at = span.start;
    let mut word = || {
        let rest = &source[at..span.end];
        let start = at + rest.iter().position(|b| !b.is_ascii_whitespace())?;
        let length = source[start..span.end].iter().position(u8::is_ascii_whitespace);
        at = length.map_or(span.end, |l| start + l);
        Some((start, String::from_utf8_lossy(&source[start..at]).into_owned()))
    };
    let (_, mut name) = word()?;
    if name.eq_ignore_ascii_case("ONBUILD") {
        (_, name) = word()?;
    }
    let name = name.to_ascii_uppercase();
    if !RUNNING.contains(&name.as_str()) {
        return None;
    }
    loop {
        let (start, next) = word()?;
        let skipped = next.starts_with("--") || name == "HEALTHCHECK" && next == "CMD";
        if !skipped && next != "\\" {
            return Some(start..span.end);
        }
    }
}

/// Shell form: comment lines between the lines are dropped, as Docker does.
fn shell_form(snippet: &Snippet<'_>, command: Range<usize>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let mut decoder = Decoder::new(snippet);
    let is_heredoc = source[command.clone()].starts_with(b"<<");
    let mut at = command.start;
    if is_heredoc {
        at += source[command.clone()].iter().position(|b| *b == b'\n').map_or(0, |p| p + 1);
    }
    for line in source[at..command.end].split_inclusive(|b| *b == b'\n') {
        if is_heredoc || !line.trim_ascii().starts_with(b"#") {
            decoder.copy(at..at + line.len());
        }
        at += line.len();
    }
    let mut inner = decoder.finish(command.end, Codec::default());
    inner.multiline = is_heredoc;
    inner
}

fn list_form(snippet: &Snippet<'_>, command: Range<usize>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    // Everything before the list is blank to the JSON grammar, so that its spans are ours.
    let mut padded = vec![b' '; command.start];
    padded.extend_from_slice(&source[command]);
    let mut findings = Vec::new();
    for list in data::json(&padded, &snippet.job) {
        let words: Vec<String> = list.items().iter().map(|i| i.word(&padded).to_owned()).collect();
        findings.extend(exec_form(&words, list.span.clone()));
        for item in list.items() {
            let is_script = matches!(item.content, Content::Text(_))
                && is_worth_reading(&padded[item.span.clone()]);
            if is_script {
                let span = item.span.clone();
                let inner = scalar_snippet(snippet, span, Style::Double, Holes::default());
                findings.extend(script(&inner));
            }
        }
    }
    findings
}
