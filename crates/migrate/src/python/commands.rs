//! Shell commands that Python runs: `os.system("curl …")`, `subprocess.run("…", shell=True)`.

use std::collections::BTreeSet;
use std::ops::Deref;

use tree_sitter::Node;

use super::call::sends_tokens;
use super::names::Names;
use crate::address::{self, HOLE};
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{around, children, nodes, owned, text};
use crate::{embed, language};

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

/// Commands that are given by a name, an attribute or an entry to something that runs them: they are found there.
pub(super) fn run_by_name<'t>(root: Node<'t>, names: &Names<'t>) -> BTreeSet<String> {
    let is_name = |n: &Node<'t>| matches!(n.kind(), "identifier" | "attribute" | "subscript");
    let calls = nodes(root).filter(|n| n.kind() == "call");
    let given = calls.filter_map(|call| {
        let first = children(call.child_by_field_name("arguments")?).first().copied()?;
        (is_name(&first) && reader_of(call, names).is_some()).then_some(first)
    });
    given.flat_map(|argument| names.values(argument)).filter(|text| may_read(text)).collect()
}

/// Scripts and commands in the string `string`, but for those that are `run_by_name`.
pub(super) fn scan<'t>(
    string: Node<'t>,
    names: &Names<'t>,
    run_by_name: &impl Deref<Target = BTreeSet<String>>,
    snippet: &Snippet<'_>,
) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    if !embed::is_worth_reading(&source[string.byte_range()]) {
        return Vec::new();
    }
    let mut inner = decode(string, snippet);
    match reader(string, names) {
        Some(Reader::Shell) => {
            inner.leave(snippet.system.windows.then_some("a shell of Windows may read it"));
            embed::script(&inner)
        }
        Some(Reader::Unknown(reason)) => {
            inner.no_shell = Some(reason);
            embed::script(&inner)
        }
        None if is_shown(string, names) => {
            snippet.shows(string.byte_range());
            Vec::new()
        }
        // What begins with `#!` is a script, such as user data.
        None if language::by_content(&inner.text).is_some() => {
            inner.leave(is_filled_in(source).then_some(FILLED_IN));
            embed::script(&inner)
        }
        None if is_put_together(whole(string)) => Vec::new(),
        None if names.values(string).iter().any(|text| run_by_name.contains(text)) => Vec::new(),
        None => embed::unknown(&mut inner),
    }
}

/// Why a script is left alone whose text is filled in.
const FILLED_IN: &str = "braces or `$` may mean something to what fills this text in";

/// Whether a module fills texts in by their braces or by `$`.
fn is_filled_in(source: &[u8]) -> bool {
    const MEANS: [&str; 4] = [".format(", ".format_map(", ".substitute(", ".safe_substitute("];
    MEANS.iter().any(|means| memchr::memmem::find(source, means.as_bytes()).is_some())
}

/// A command that `text`, an expression of which no single string is the whole, comes to, and that something reads of
/// which nothing is known.
pub(super) fn joined<'t>(
    text: Node<'t>,
    names: &Names<'t>,
    snippet: &Snippet<'_>,
) -> Option<Finding> {
    if !is_put_together(text) || whole(text) != text || reader(text, names).is_some() {
        return None;
    }
    let commands = names.values(text);
    let is_tokenless = |command: &&String| {
        may_read(command) && !embed::unknown(&mut snippet.decoded(command.as_bytes())).is_empty()
    };
    let command = commands.iter().find(is_tokenless).filter(|_| !is_shown(text, names))?;
    let is_open = |word: &str| word.contains(HOLE) && !address::mentioned(word);
    let may_send = command.split_whitespace().any(is_open) && sends_tokens(&snippet.text);
    let finding = built_finding(text, command, embed::UNKNOWN_COMMAND);
    Some(if may_send { Finding { rule: Rule::UnclearRequest, ..finding } } else { finding })
}

/// Whether a text may be a command that reads metadata.
fn may_read(text: &str) -> bool {
    embed::is_worth_reading(text.as_bytes()) && !text.to_lowercase().contains("metadata-token")
}

/// The expression that the text `part` is joined with others in, or filled in by.
fn whole(part: Node<'_>) -> Node<'_> {
    let mut whole = part;
    while let Some(parent) = whole.parent() {
        let is_method = |n: Node<'_>| {
            n.kind() == "attribute"
                && n.child_by_field_name("object") == Some(whole)
                && n.parent().is_some_and(|call| call.kind() == "call")
        };
        whole = match parent.kind() {
            "binary_operator" | "concatenated_string" | "parenthesized_expression" => parent,
            _ if is_method(parent) => parent.parent().unwrap_or(parent),
            _ => return whole,
        };
    }
    whole
}

/// Whether a text is more than one string: joined, filled in, or with something put into it.
fn is_put_together(text: Node<'_>) -> bool {
    let has = |kind: &str| children(text).iter().any(|part| part.kind() == kind);
    match text.kind() {
        "binary_operator" | "concatenated_string" => true,
        "string" => has("interpolation"),
        "parenthesized_expression" => children(text).into_iter().any(is_put_together),
        "call" => {
            let function = text.child_by_field_name("function");
            let object = function.and_then(|f| f.child_by_field_name("object"));
            object.is_some_and(|o| o.kind() == "string" || is_put_together(o))
        }
        _ => false,
    }
}

/// Whether a text is for people: what a module or function is about, a message of a log, an error, or the
/// help of an option.
fn is_shown<'t>(string: Node<'t>, names: &Names<'t>) -> bool {
    const LOGGING: [&str; 8] =
        ["debug", "info", "warning", "warn", "error", "critical", "exception", "log"];
    const SAYING: [&str; 5] = ["print", "pprint", "echo", "secho", "skip"];
    let outer = around(string).skip(1).take_while(|n| !n.kind().ends_with("definition"));
    string.parent().is_some_and(|p| p.kind() == "expression_statement") || { outer }.any(
        |n| match n.kind() {
            "raise_statement" | "assert_statement" | "comparison_operator" => true,
            "call" => n.child_by_field_name("function").is_some_and(|f| {
                let name = names.last(f);
                LOGGING.contains(&name.as_str())
                    || SAYING.contains(&name.as_str())
                    || name.starts_with("assert")
            }),
            "keyword_argument" => names.keyword(n).is_some_and(|name| embed::names_prose(&name)),
            "assignment" => n
                .child_by_field_name("left")
                .is_some_and(|left| embed::names_prose(&owned(left, names.source))),
            "pair" => n
                .child_by_field_name("key")
                .is_some_and(|key| embed::names_prose(&owned(key, names.source))),
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
    let command = commands.iter().find(|command| may_read(command))?;
    reader_of(call, names)?;
    Some(built_finding(call, command, "the command is put together at run time"))
}

fn built_finding(node: Node<'_>, command: &str, reason: &str) -> Finding {
    Finding::new(
        Rule::TokenlessRequest,
        node.byte_range(),
        "a shell command reads instance metadata without a token",
        Remedy::advice(
            "TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
             http://169.254.169.254/latest/api/token); curl -H \"X-aws-ec2-metadata-token: $TOKEN\" …",
            reason,
        ),
    )
    .reading(command.split_whitespace().filter_map(address::path))
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
