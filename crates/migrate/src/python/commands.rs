//! Shell commands that Python runs: `os.system("curl …")`, `subprocess.run("…", shell=True)`.

use tree_sitter::Node;

use super::owned;
use crate::embed;
use crate::finding::Finding;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{children, text};

/// Functions whose text a shell reads, whatever else they are given.
const SHELLS: [&str; 7] = [
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "commands.getoutput",
    "commands.getstatusoutput",
    "popen",
];

pub(super) fn scan(call: Node<'_>, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let function = call.child_by_field_name("function").map(|f| owned(f, source));
    let Some(arguments) = call.child_by_field_name("arguments") else { return Vec::new() };
    let function = function.unwrap_or_default();
    let Some(first) = children(arguments).first().copied() else { return Vec::new() };
    if first.kind() == "list" && function.starts_with("subprocess") {
        let words: Vec<String> = children(first)
            .into_iter()
            .map(|w| text(w, source).trim_matches(['"', '\'']).to_owned())
            .collect();
        return embed::exec_form(&words, first.byte_range()).into_iter().collect();
    }
    let has_shell = text(arguments, source).replace(' ', "").contains("shell=True");
    let is_shell = SHELLS.contains(&function.as_str())
        || has_shell && (function.starts_with("subprocess.") || !function.contains('.'));
    if !is_shell || first.kind() != "string" {
        return Vec::new();
    }
    let mut inner = decode(first, source);
    inner.inherit(snippet);
    embed::script(&inner)
}

/// The content of a plain string literal.
fn decode(string: Node<'_>, source: &[u8]) -> Snippet<'static> {
    let parts = children(string);
    let start = parts.first().map_or(string.start_byte(), tree_sitter::Node::end_byte);
    let end = parts.last().map_or(string.end_byte(), tree_sitter::Node::start_byte).max(start);
    let opening = String::from_utf8_lossy(&source[string.start_byte()..start]).into_owned();
    let quote = if opening.ends_with('"') { ("\"", "\\\"") } else { ("'", "\\'") };
    let mut decoder = Decoder::new(source);
    let mut at = start;
    while at < end {
        match source[at..end] {
            [b'\\', escaped @ (b'"' | b'\'' | b'\\'), ..] => {
                decoder.put(escaped, at);
                at += 2;
            }
            [b'\\', b'n', ..] => {
                decoder.put(b'\n', at);
                at += 2;
            }
            _ => {
                decoder.copy(at..at + 1);
                at += 1;
            }
        }
    }
    let mut inner =
        decoder.finish(end, Codec { escapes: vec![quote, ("\\", "\\\\")], indent: String::new() });
    inner.multiline = false;
    if !matches!(opening.as_str(), "'" | "\"" | "\"\"\"" | "'''") {
        inner.untouched = Some("only plain string literals are edited");
    }
    inner
}
