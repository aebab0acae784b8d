//! Scripts inside a script: `bash -c '…'`, `eval "…"`, here-documents, lines echoed into a file.

use std::ops::Range;

use tree_sitter::Node;

use super::names::Names;
use super::request::SPEAKERS;
use crate::address::{self, BLOT};
use crate::finding::{Finding, Remedy, Rule};
use crate::language::{self, Language};
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{around, children, is_clean, nodes, text};

/// Findings in the scripts that `root` writes or hands to another interpreter.
pub(super) fn scan(root: Node<'_>, names: &Names<'_>, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let mut findings = Vec::new();
    for node in nodes(root) {
        let is_text = matches!(node.kind(), "string" | "raw_string" | "heredoc_body");
        let body = text(node, source);
        if !is_text || !(address::mentioned(&body) || body.contains("/latest/")) {
            continue;
        }
        for ticked in backticks(node, source) {
            let inner = as_is(ticked, snippet);
            findings.extend(inner.lift(crate::scan_snippet(Language::Shell, &inner)));
        }
        let Some(language) = language_of(node, names, source) else { continue };
        let inner = inner(node, snippet);
        let found = crate::scan_snippet(language, &inner);
        if !found.is_empty() && !is_clean(node) {
            findings.push(unparsed(node, &found));
        } else {
            findings.extend(inner.lift(found));
        }
    }
    findings
}

/// The language of the text in `node`; `None` when it is not code.
fn language_of(node: Node<'_>, names: &Names<'_>, source: &[u8]) -> Option<Language> {
    let body = text(node, source);
    if node.kind() == "heredoc_body" {
        return heredoc_language(node, source)
            .or_else(|| language::by_content(body.as_bytes()))
            .or_else(|| is_written(node).then_some(Language::Shell));
    }
    if !(body.contains("curl") || body.contains("wget") || body.contains("import ")) {
        return None;
    }
    let holder = around(node).skip(1).find(|n| {
        matches!(
            n.kind(),
            "command" | "variable_assignment" | "test_command" | "command_substitution"
        )
    })?;
    match holder.kind() {
        "variable_assignment" => {
            let name = text(holder.child_by_field_name("name")?, source).into_owned();
            // `$CMD` as a command is judged where it is used.
            let is_command = names.is_command(&name);
            let is_header = body.to_ascii_lowercase().contains("metadata-token:");
            (!is_command && !is_header).then_some(Language::Shell)
        }
        "command" => {
            let name = text(holder.child_by_field_name("name")?, source).into_owned();
            let name = name.rsplit('/').next().unwrap_or_default();
            if name.starts_with("python") {
                return Some(Language::Python);
            }
            let speaks = SPEAKERS.contains(&name);
            let is_code = !speaks
                || name == "alias"
                || matches!(name, "echo" | "printf") && is_written(holder);
            is_code.then_some(Language::Shell)
        }
        _ => None,
    }
}

/// Whether what `node` prints goes into a file or another program.
fn is_written(node: Node<'_>) -> bool {
    let mut statement = around(node).skip(1).take(3);
    statement.any(|n| match n.kind() {
        "pipeline" => true,
        "redirected_statement" => {
            nodes(n).take_while(|n| n.kind() != "heredoc_body").any(|n| n.kind() == "file_redirect")
        }
        _ => false,
    })
}

/// The language of a here-document, after the command that reads it and the file it goes to.
fn heredoc_language(node: Node<'_>, source: &[u8]) -> Option<Language> {
    let statement = around(node).find(|n| n.kind() == "redirected_statement")?;
    let words: Vec<String> = nodes(statement)
        .take_while(|n| n.kind() != "heredoc_body")
        .filter(|n| matches!(n.kind(), "word" | "string" | "raw_string" | "concatenation"))
        .map(|n| text(n, source).into_owned())
        .collect();
    words.iter().find_map(|word| {
        let word = word.trim_matches(['"', '\'']);
        match word.rsplit('/').next()? {
            "bash" | "sh" | "dash" | "ksh" | "zsh" | "ssh" | "crontab" => Some(Language::Shell),
            "python" | "python2" | "python3" => Some(Language::Python),
            _ => language::by_name(std::path::Path::new(word)),
        }
    })
}

/// Backticks in a here-document that expands: the grammar does not see them, the shell does.
fn backticks(node: Node<'_>, source: &[u8]) -> Vec<Range<usize>> {
    if node.kind() != "heredoc_body" || heredoc_is_quoted(node, source) {
        return Vec::new();
    }
    let mut ticks = node.byte_range().filter(|at| {
        source[*at] == b'`' && at.checked_sub(1).and_then(|p| source.get(p)) != Some(&b'\\')
    });
    let mut spans = Vec::new();
    while let (Some(open), Some(close)) = (ticks.next(), ticks.next()) {
        spans.push(open + 1..close);
    }
    spans
}

/// A part of the script that stands for itself, in one line.
fn as_is(span: Range<usize>, snippet: &Snippet<'_>) -> Snippet<'static> {
    let mut decoder = Decoder::new(&snippet.text);
    decoder.copy(span.clone());
    let mut inner = decoder.finish(span.end, Codec::default());
    inner.inherit(snippet);
    inner.multiline = false;
    inner
}

/// The text in `node` as the inner interpreter reads it.
fn inner(node: Node<'_>, snippet: &Snippet<'_>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let quotes = usize::from(node.kind() != "heredoc_body");
    let start = node.start_byte() + quotes;
    let end = node.end_byte().saturating_sub(quotes).max(start);
    let raw = match node.kind() {
        "raw_string" => true,
        "heredoc_body" => heredoc_is_quoted(node, source),
        _ => false,
    };
    let mut decoder = Decoder::new(source);
    if raw {
        decoder.copy(start..end);
    } else {
        let special: &[u8] = if quotes == 1 { b"\"$`\\" } else { b"$`\\" };
        let parts: Vec<Node> = children(node)
            .into_iter()
            .filter(|n| !matches!(n.kind(), "string_content" | "heredoc_content"))
            .collect();
        let ticked = backticks(node, source);
        let mut at = start;
        while at < end {
            if let Some(part) = parts.iter().find(|p| p.start_byte() == at && p.end_byte() > at) {
                // The outer shell puts something here that is not known.
                let stop = part.end_byte().min(end);
                decoder.blot(at..stop, BLOT);
                at = stop;
            } else if let Some(ticked) = ticked.iter().find(|t| t.start == at) {
                decoder.blot(ticked.clone(), BLOT);
                at = ticked.end;
            } else if source[at] == b'\\' && source.get(at + 1).is_some_and(|b| special.contains(b))
            {
                decoder.put(source[at + 1], at);
                at += 2;
            } else {
                decoder.copy(at..at + 1);
                at += 1;
            }
        }
    }
    let escapes = match (node.kind(), raw) {
        ("raw_string", _) => vec![("'", "'\\''")],
        ("heredoc_body", true) => Vec::new(),
        ("heredoc_body", false) => vec![("$", "\\$"), ("`", "\\`"), ("\\", "\\\\")],
        _ => vec![("\"", "\\\""), ("$", "\\$"), ("`", "\\`"), ("\\", "\\\\")],
    };
    let has_lines = source[start..end].contains(&b'\n') && snippet.multiline;
    let mut inner = decoder.finish(end, Codec { escapes, indent: String::new() });
    let in_backticks = around(node)
        .any(|n| n.kind() == "command_substitution" && source.get(n.start_byte()) == Some(&b'`'));
    inner.untouched = in_backticks.then_some("it is quoted inside backticks");
    inner.inherit(snippet);
    inner.multiline = has_lines;
    inner
}

fn heredoc_is_quoted(body: Node<'_>, source: &[u8]) -> bool {
    let redirect = body.parent();
    let start = redirect
        .into_iter()
        .flat_map(children)
        .find(|n| n.kind() == "heredoc_start")
        .map(|n| text(n, source).into_owned());
    start.is_some_and(|s| s.contains(['"', '\'', '\\']))
}

fn unparsed(node: Node<'_>, found: &[Finding]) -> Finding {
    Finding::new(
        Rule::TokenlessRequest,
        node.byte_range(),
        "a script in this text reads instance metadata without a token",
        Remedy::advice(
            "fetch a token in that script and send it in the header X-aws-ec2-metadata-token",
            "the code around it does not parse cleanly",
        ),
    )
    .reading(found.iter().flat_map(|f| f.reads.clone()))
}
