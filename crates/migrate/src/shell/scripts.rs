//! Scripts inside a script: `bash -c '…'`, `eval "…"`, here-documents, lines echoed into a file.

use std::ops::Range;

use tree_sitter::Node;

use super::command::arguments;
use super::flow::holds;
use super::names::Names;
use super::request::OTHERS;
use super::spoken::{is_printed, is_spoken, is_written, speaks};
use crate::address::{self, BLOT};
use crate::embed;
use crate::finding::{Finding, Remedy};
use crate::language::{self, Language};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{around, children, is_clean, nodes, owned, text};

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
        let shadows = names.has_shadows().then_some(OTHERS);
        for ticked in backticks(node, source) {
            let mut inner = as_is(ticked, snippet);
            inner.leave(shadows);
            findings.extend(inner.scan(Language::Shell));
        }
        let mut inner = inner(node, snippet);
        inner.leave(shadows);
        let language = match reader_of(node, names, source) {
            Some(Reader::Script(language)) => language,
            Some(Reader::Unknown(reason)) => {
                inner.leave(reason);
                Language::Shell
            }
            Some(Reader::Nothing) => {
                findings.extend(embed::unknown(&mut inner));
                continue;
            }
            None => continue,
        };
        let mut found = inner.scan(language);
        if found.is_empty() && inner.says("\\n") {
            found = in_escaped_lines(node, &inner);
        }
        if !found.is_empty() && !is_clean(node) {
            findings.push(unparsed(node, &found));
        } else {
            findings.extend(found);
        }
    }
    findings
}

/// Requests in a text whose line ends are written as `\n`, for `echo` or `printf` to make lines of: nothing is edited.
fn in_escaped_lines(node: Node<'_>, inner: &Snippet<'_>) -> Vec<Finding> {
    let lines = String::from_utf8_lossy(&inner.text).replace("\\n", "\n");
    let found = embed::unknown(&mut inner.decoded(lines.as_bytes())).into_iter();
    found.map(|finding| Finding { span: node.byte_range(), ..finding }).collect()
}

/// What reads a text.
enum Reader {
    /// An interpreter.
    Script(Language),
    /// Something that may not be one; why it is not taken for one.
    Unknown(&'static str),
    /// Nothing is known to read it.
    Nothing,
}

const WORDS: Reader =
    Reader::Unknown("it is not known to be read by a shell; run as words it would break");

/// What reads the text in `node`; `None` when it is not code.
fn reader_of(node: Node<'_>, names: &Names<'_>, source: &[u8]) -> Option<Reader> {
    let body = text(node, source);
    if node.kind() == "heredoc_body" {
        let language = heredoc_language(node, source)
            .or_else(|| language::by_content(body.as_bytes()))
            .or_else(|| is_written(node, source).then_some(Language::Shell));
        let is_kept = || !is_printed(node, source);
        return language.map(Reader::Script).or_else(|| is_kept().then_some(Reader::Nothing));
    }
    if !(body.contains("curl") || body.contains("wget") || body.contains("import ")) {
        return None;
    }
    let holder = around(node).skip(1).find(|n| {
        matches!(
            n.kind(),
            "command"
                | "variable_assignment"
                | "test_command"
                | "command_substitution"
                | "for_statement"
        )
    })?;
    match holder.kind() {
        "for_statement" => Some(Reader::Nothing),
        "variable_assignment" => reader_of_variable(holder, &body, names, source),
        "command" => {
            let name = text(holder.child_by_field_name("name")?, source).into_owned();
            let name = name.rsplit('/').next().unwrap_or_default();
            if name.starts_with("python") {
                return Some(Reader::Script(Language::Python));
            }
            if is_read_by_a_shell(node, names, source) {
                return Some(Reader::Script(Language::Shell));
            }
            // A function that runs it as a command is judged by that.
            if names.function(name).is_some_and(|f| runs_its_words(f, source)) {
                return None;
            }
            (!speaks(name, names, source)).then_some(WORDS)
        }
        _ => None,
    }
}

/// What reads the text that is assigned to a variable.
fn reader_of_variable(
    holder: Node<'_>,
    body: &str,
    names: &Names<'_>,
    source: &[u8],
) -> Option<Reader> {
    let name = text(holder.child_by_field_name("name")?, source).into_owned();
    let is_header = body.to_ascii_lowercase().contains("metadata-token:");
    // `$CMD` as a command is judged where it is used.
    let root = around(holder).last()?;
    let uses: Vec<Node> = nodes(root).filter(|n| names.is_expansion_of(*n, &name)).collect();
    let is_command = |n: &Node| around(*n).skip(1).take(2).any(|n| n.kind() == "command_name");
    let is_spoken = |n: &Node| is_spoken(*n, names, source);
    let is_shown = !uses.is_empty() && uses.iter().all(is_spoken);
    if is_header || is_shown || uses.iter().any(is_command) {
        return None;
    }
    let is_script = |n: &Node| is_read_by_a_shell(*n, names, source);
    let is_known =
        !uses.is_empty() && uses.iter().all(is_script) && !is_exported(holder, &name, root, source);
    Some(if is_known { Reader::Script(Language::Shell) } else { WORDS })
}

/// Whether a shell reads the word that `node` is a part of as a script.
fn is_read_by_a_shell(node: Node<'_>, names: &Names<'_>, source: &[u8]) -> bool {
    let command = around(node).skip(1).take_while(|n| n.kind() != "command_substitution");
    let Some(command) = command.into_iter().find(|n| n.kind() == "command") else { return false };
    let Some(name) = command.child_by_field_name("name") else { return false };
    let words: Vec<Node> = std::iter::once(name).chain(arguments(command)).collect();
    let Some(at) = words.iter().position(|word| holds(*word, node)).filter(|at| *at > 0) else {
        return false;
    };
    let is_quoted = node.kind() != "simple_expansion" && node.kind() != "expansion"
        || around(node).skip(1).take(2).any(|n| n.kind() == "string");
    let said: Vec<String> = words[..at].iter().map(|w| owned(*w, source)).collect();
    let last = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let program = last(&said[0]);
    let starts = |shells: &[&str]| said.iter().any(|word| shells.contains(&last(word).as_str()));
    let is_option = |word: &String| {
        word.strip_prefix('-')
            .is_some_and(|o| o.ends_with('c') && o.len() <= 5 && !o.starts_with('-'))
    };
    let follows_c =
        said.last().is_some_and(is_option) || said.last().is_some_and(|w| w == "--command");
    match program.as_str() {
        "eval" => true,
        "alias" | "ssh" | "watch" => is_quoted,
        "trap" => at == 1 && is_quoted,
        "echo" | "printf" => is_quoted && is_written(command, source),
        function if names.function(function).is_some() => {
            is_quoted && names.function(function).is_some_and(|f| runs_its_argument(f, at, source))
        }
        _ => is_quoted && follows_c && starts(&SHELLS),
    }
}

/// Programs that read the text after their option `-c` as a script.
const SHELLS: [&str; 11] =
    ["sh", "bash", "dash", "ksh", "zsh", "ash", "su", "runuser", "flock", "script", "xonsh"];

/// Whether a function gives a shell its argument number `at` as a script.
fn runs_its_argument(function: Node<'_>, at: usize, source: &[u8]) -> bool {
    let uses = [format!("\"${at}\""), "\"$@\"".to_owned(), "\"$*\"".to_owned(), "$*".to_owned()];
    let whole = owned(function, source);
    let mentions = whole.matches(&format!("${at}")).count();
    nodes(function).filter(|n| n.kind() == "command").any(|command| {
        let said = text(command, source);
        let runs = ["eval ", "bash -c ", "sh -c "].iter().any(|start| {
            said.strip_prefix(start).is_some_and(|rest| uses.iter().any(|u| rest.trim() == u))
        });
        runs && mentions <= 1
    })
}

/// Whether a function runs one of its arguments as a command.
fn runs_its_words(function: Node<'_>, source: &[u8]) -> bool {
    nodes(function).filter(|n| n.kind() == "command_name").any(|name| {
        let name = text(name, source);
        name.strip_prefix('$').is_some_and(|n| matches!(n, "1" | "2" | "3" | "@" | "*"))
    })
}

/// Whether a variable leaves the script for others.
fn is_exported(assignment: Node<'_>, name: &str, root: Node<'_>, source: &[u8]) -> bool {
    let is_export = |n: &Node| {
        n.kind() == "declaration_command" && {
            let said = text(*n, source);
            let mut words = said.split(|c: char| c.is_whitespace() || c == '=');
            matches!(words.next(), Some("export" | "declare" | "typeset"))
                && words.any(|w| w == name)
        }
    };
    let is_prefix = assignment.parent().is_some_and(|n| n.kind() == "command");
    is_prefix || nodes(root).any(|n| is_export(&n))
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
            "node" => Some(Language::JavaScript),
            "perl" => Some(Language::Perl),
            "php" => Some(Language::Php),
            "ruby" => Some(Language::Ruby),
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
    let mut decoder = Decoder::new(snippet);
    decoder.copy(span.clone());
    let mut inner = decoder.finish(span.end, Codec::default());
    inner.multiline = false;
    inner
}

/// The text in `node` as the inner interpreter reads it.
// long function: one rule of quoting after another.
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
    let mut decoder = Decoder::new(snippet);
    if raw {
        decoder.copy(start..end);
    } else {
        // Without a shell only the splitting into words undoes quotes, and nothing is expanded.
        let is_split = snippet.no_shell.is_some();
        let special: &[u8] = match quotes {
            1 if is_split => b"\"\\",
            1 => b"\"$`\\",
            _ => b"$`\\",
        };
        let parts: Vec<Node> = children(node)
            .into_iter()
            .filter(|n| !is_split && !matches!(n.kind(), "string_content" | "heredoc_content"))
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
        ("string", _) if snippet.no_shell.is_some() => vec![("\"", "\\\""), ("\\", "\\\\")],
        ("heredoc_body", false) => vec![("$", "\\$"), ("`", "\\`"), ("\\", "\\\\")],
        _ => vec![("\"", "\\\""), ("$", "\\$"), ("`", "\\`"), ("\\", "\\\\")],
    };
    let has_lines = source[start..end].contains(&b'\n') && snippet.multiline;
    let mut inner = decoder.finish(end, Codec { escapes, indent: String::new() });
    let in_backticks = around(node)
        .any(|n| n.kind() == "command_substitution" && source.get(n.start_byte()) == Some(&b'`'));
    inner.leave(in_backticks.then_some("it is quoted inside backticks"));
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
