//! Texts that a script hands on, such as user data for Linux or what another machine is to run.

use tree_sitter::Node;

use crate::embed::{self, is_worth_reading};
use crate::finding::Finding;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{around, children, nodes, text};

/// How commands begin that show their arguments to people, or search for them.
const SPEAKERS: [&str; 3] = ["write-", "echo", "select-string"];

/// Requests in texts of which nothing says what reads them, beside those that are `found` already.
pub(super) fn scan(root: Node<'_>, snippet: &Snippet<'_>, found: &[Finding]) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let is_said = |string: &Node| {
        found.iter().any(|f| {
            let is_inside = f.span.start <= string.start_byte() && string.end_byte() <= f.span.end;
            // What a variable has is found where it is used.
            let is_used = variable(*string, source).is_some_and(|name| {
                let said = source.get(f.span.clone()).unwrap_or_default();
                String::from_utf8_lossy(said).to_ascii_lowercase().contains(&name)
            });
            let is_around = string.start_byte() <= f.span.start && f.span.end <= string.end_byte();
            is_inside || is_around || is_used
        })
    };
    nodes(root)
        .filter(|n| n.kind() == "string_literal" && is_worth_reading(&source[n.byte_range()]))
        .filter(|n| !is_spoken(*n, source) && !is_said(n))
        .flat_map(|n| embed::unknown(&mut decode(n, snippet)))
        .collect()
}

/// The variable that a text is assigned to, in lower case.
fn variable(string: Node<'_>, source: &[u8]) -> Option<String> {
    let assignment = around(string).find(|n| n.kind() == "assignment_expression")?;
    Some(text(*children(assignment).first()?, source).to_ascii_lowercase())
}

/// Whether a text is for people.
fn is_spoken(string: Node<'_>, source: &[u8]) -> bool {
    around(string).any(|n| match n.kind() {
        "flow_control_statement" => true,
        "command" => n.child_by_field_name("command_name").is_some_and(|name| {
            let name = text(name, source).to_ascii_lowercase();
            SPEAKERS.iter().any(|start| name.starts_with(start))
        }),
        _ => false,
    })
}

/// What stands between the quotes, without the backticks that quote what follows them.
fn decode(string: Node<'_>, snippet: &Snippet<'_>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let raw = &source[string.byte_range()];
    let quotes = if raw.starts_with(b"@") { 2 } else { 1 };
    let expands = raw[quotes - 1] == b'"';
    let end = string.end_byte().saturating_sub(quotes);
    let mut at = (string.start_byte() + quotes).min(end);
    let mut decoder = Decoder::new(snippet);
    while at < end {
        at += usize::from(expands && source[at] == b'`' && at + 1 < end);
        decoder.copy(at..at + 1);
        at += 1;
    }
    decoder.finish(end, Codec::default())
}
