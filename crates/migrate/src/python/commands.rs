//! Shell commands that Python runs: `os.system("curl …")`, `subprocess.run("…", shell=True)`.

use tree_sitter::Node;

use super::names::Names;
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{around, children, nodes, owned, text};
use crate::{address, embed};

/// Functions whose text a shell reads, whatever else they are given.
const SHELLS: [&str; 10] = [
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "commands.getoutput",
    "commands.getstatusoutput",
    "getoutput",
    "getstatusoutput",
    "popen",
    "system",
];

/// Scripts and commands in the string `string`.
pub(super) fn scan(string: Node<'_>, names: &Names<'_>, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    if !embed::is_worth_reading(&source[string.byte_range()]) {
        return Vec::new();
    }
    let mut inner = decode(string, snippet);
    match reader(string, names) {
        Some(Reader::Shell) => embed::script(&inner),
        Some(Reader::Unknown(reason)) => {
            inner.no_shell = Some(reason);
            embed::script(&inner)
        }
        // What begins with `#!` is a script, such as user data.
        None if is_shown(string, names) => {
            snippet.shows(string.byte_range());
            Vec::new()
        }
        None if inner.text.trim_ascii_start().starts_with(b"#!") => embed::script(&inner),
        None => Vec::new(),
    }
}

/// Whether a text is for people: what a module or function is about, a message of a log, an error, or the
/// help of an option.
fn is_shown<'t>(string: Node<'t>, names: &Names<'t>) -> bool {
    const LOGGING: [&str; 8] =
        ["debug", "info", "warning", "warn", "error", "critical", "exception", "log"];
    const HELP: [&str; 4] = ["help", "description", "epilog", "usage"];
    let outer = around(string).skip(1).take_while(|n| !n.kind().ends_with("definition"));
    string.parent().is_some_and(|p| p.kind() == "expression_statement") || { outer }.any(
        |n| match n.kind() {
            "raise_statement" => true,
            "call" => n
                .child_by_field_name("function")
                .is_some_and(|f| LOGGING.contains(&names.last(f).as_str())),
            "keyword_argument" => {
                names.keyword(n).is_some_and(|name| HELP.contains(&name.as_str()))
            }
            _ => false,
        },
    )
}

/// Commands that are given as a list of words.
pub(super) fn list(list: Node<'_>, source: &[u8]) -> Vec<Finding> {
    let words: Vec<String> = children(list)
        .into_iter()
        .map(|w| text(w, source).trim_matches(['"', '\'']).to_owned())
        .collect();
    embed::exec_form(&words, list.byte_range()).into_iter().collect()
}

/// What reads a text as a command.
enum Reader {
    Shell,
    /// Something that may be one; why it is not taken for one.
    Unknown(&'static str),
}

const UNKNOWN: Reader = Reader::Unknown("it is not known what runs this command");

fn reader(string: Node<'_>, names: &Names<'_>) -> Option<Reader> {
    let source = names.source;
    let holder = string.parent()?;
    if holder.kind() == "list" {
        let words: Vec<Node> = children(holder);
        let at = words.iter().position(|w| *w == string)?;
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let is_script = before
            .is_some_and(|w| matches!(text(*w, source).trim_matches(['"', '\'']), "-c" | "-lc"));
        return is_script.then_some(Reader::Shell);
    }
    // Formatted, split, joined to others: what becomes of it is not followed.
    let is_plain = holder.kind() == "argument_list";
    let call = around(string).skip(1).take_while(|n| !n.kind().ends_with("statement"));
    let mut calls = call.filter(|n| n.kind() == "call");
    let call = calls.find(|call| {
        let function = call.child_by_field_name("function");
        function.is_some_and(|f| !around(string).any(|n| n == f))
    })?;
    match reader_of(call, names)? {
        Reader::Shell if !is_plain => Some(UNKNOWN),
        reader => Some(reader),
    }
}

/// What reads the command that the function in `call` is given.
fn reader_of(call: Node<'_>, names: &Names<'_>) -> Option<Reader> {
    let source = names.source;
    let function = call.child_by_field_name("function")?;
    let (name, last) = (owned(function, source), names.last(function));
    let function = format!("{}{last}", names.module(name.strip_suffix(&last)?));
    let arguments = call.child_by_field_name("arguments")?;
    let has_shell = text(arguments, source).replace(' ', "").contains("shell=True");
    let is_shell = SHELLS.contains(&function.as_str())
        || has_shell && (function.starts_with("subprocess.") || !function.contains('.'));
    if is_shell {
        return Some(Reader::Shell);
    }
    let runs = function.starts_with("subprocess.") || names.runs_commands(&last);
    runs.then_some(UNKNOWN)
}

/// A command that `call` is given in parts.
pub(super) fn built<'t>(call: Node<'t>, names: &Names<'t>) -> Option<Finding> {
    let first = children(call.child_by_field_name("arguments")?).first().copied()?;
    let is_whole = |n: Node<'_>| {
        n.kind() == "string" && embed::is_worth_reading(&names.source[n.byte_range()])
    };
    if matches!(first.kind(), "list" | "keyword_argument") || nodes(first).any(is_whole) {
        return None;
    }
    let commands = names.values(first);
    let reads = |c: &&String| {
        embed::is_worth_reading(c.as_bytes()) && !c.to_lowercase().contains("metadata-token")
    };
    let command = commands.iter().find(reads)?;
    reader_of(call, names)?;
    let finding = Finding::new(
        Rule::TokenlessRequest,
        call.byte_range(),
        "a shell command reads instance metadata without a token",
        Remedy::advice(
            "TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
             http://169.254.169.254/latest/api/token); curl -H \"X-aws-ec2-metadata-token: $TOKEN\" …",
            "the command is put together at run time",
        ),
    );
    Some(finding.reading(command.split_whitespace().filter_map(address::path)))
}

/// The content of a plain string literal.
fn decode(string: Node<'_>, snippet: &Snippet<'_>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let parts = children(string);
    let start = parts.first().map_or(string.start_byte(), tree_sitter::Node::end_byte);
    let end = parts.last().map_or(string.end_byte(), tree_sitter::Node::start_byte).max(start);
    let opening = String::from_utf8_lossy(&source[string.start_byte()..start]).into_owned();
    let is_long = opening.ends_with("\"\"\"") || opening.ends_with("'''");
    let quote = match opening.ends_with('"') {
        _ if is_long => ("\"\"\"", "\\\"\\\"\\\""),
        true => ("\"", "\\\""),
        false => ("'", "\\'"),
    };
    let mut decoder = Decoder::new(snippet);
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
    inner.multiline = is_long;
    if !matches!(opening.as_str(), "'" | "\"" | "\"\"\"" | "'''") {
        inner.leave("only plain string literals are edited");
    }
    inner
}
