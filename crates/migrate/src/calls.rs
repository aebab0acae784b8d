//! JavaScript, TypeScript, Go, Ruby, PHP, Perl, Java, C#: finds the strings that are metadata URLs
//! on their way into a web call, and shows what to write instead.

mod dialect;

use tree_sitter::Node;

use self::dialect::Dialect;
use crate::address::{self, HOLE, Target};
use crate::embed::is_worth_reading;
use crate::finding::{Finding, Remedy, Rule};
use crate::language::Language;
use crate::snippet::Snippet;
use crate::syntax::{self, around, nodes, text};

/// Calls whose text is for people, by a part of their name in lower case.
const SPEAKING: [&str; 14] = [
    "log", "print", "puts", "echo", "warn", "error", "debug", "info", "assert", "expect", "equal",
    "describe", "fatal", "test",
];

/// Where a metadata tree starts in a path without a host.
const PATHS: [&str; 3] = ["/latest/meta-data", "/latest/user-data", "/latest/dynamic"];

/// What is wrong with the code in `snippet`.
pub(crate) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let script = String::from_utf8_lossy(source);
    let lower = script.to_ascii_lowercase();
    let (Some(dialect), Some(grammar)) = (Dialect::of(language), language.grammar()) else {
        return Vec::new();
    };
    // A program that knows the header is taken to send it.
    if lower.contains("aws-ec2-metadata-token") || address::is_foreign(&lower) {
        return Vec::new();
    }
    let parsed = match language {
        Language::Perl => without_here_documents(source),
        _ => source.to_vec(),
    };
    let Some(tree) = syntax::parse(&grammar, &parsed) else { return Vec::new() };
    let fetches = dialect.clients.iter().any(|client| script.contains(client));
    let strings: Vec<Node> =
        nodes(tree.root_node()).filter(|n| dialect.strings.contains(&n.kind())).collect();
    // A path of its own, which some host is put before.
    let is_path = |s: &Node| {
        let raw = text(*s, source);
        PATHS.iter().any(|path| raw.contains(path)) && !address::mentioned(&raw)
    };
    let has_path = strings.iter().any(is_path);
    strings
        .into_iter()
        .filter_map(|string| {
            let value = value(string, source);
            let call = around(string).skip(1).find(|n| dialect.calls.contains(&n.kind()));
            if call.is_some_and(|call| is_speaking(call, string, source)) {
                return None;
            }
            let aims = match address::target(&value) {
                // A host without a path is an endpoint: somebody else's concern unless this file
                // has the paths.
                Target::Metadata { path, .. } if path.is_empty() => fetches && has_path,
                Target::Metadata { .. } => value.contains("://") || fetches,
                Target::Elsewhere | Target::Unknown => false,
            };
            let is_used = call.is_some() || fetches;
            shell_command(string, &value, call.is_some())
                .or_else(|| (aims && is_used).then(|| finding(dialect, string, &value, source)))
        })
        .collect()
}

/// The same text, as long, with `<<` made blank: the Perl grammar's scanner does not return from
/// a here-document that is never closed.
fn without_here_documents(source: &[u8]) -> Vec<u8> {
    let mut text = source.to_vec();
    for at in memchr::memmem::find_iter(source, b"<<") {
        text[at..at + 2].fill(b' ');
    }
    text
}

fn finding(dialect: &Dialect, string: Node<'_>, value: &str, source: &[u8]) -> Finding {
    let mut url = text(string, source).into_owned();
    let mut path = address::path(value);
    if path.as_deref() == Some("/") {
        // A host alone is read with the paths that stand elsewhere in the file.
        path = Some("/*".to_owned());
        let host = value.trim_start_matches("http://").trim_end_matches('/');
        url = url.replace(value, &format!("http://{host}/latest/…"));
    }
    Finding::new(
        Rule::TokenlessRequest,
        string.byte_range(),
        format!("{} code reads instance metadata without a token", dialect.name),
        Remedy::advice(
            dialect.replacement.replace("URL", &url),
            "code in this language is shown, not edited",
        ),
    )
    .reading(path)
}

/// A shell command that fetches metadata.
fn shell_command(string: Node<'_>, value: &str, in_call: bool) -> Option<Finding> {
    let ticked =
        matches!(string.kind(), "subshell" | "command_string" | "shell_command_expression");
    let is_command = is_worth_reading(value.as_bytes())
        && (value.contains("curl ") || value.contains("wget "))
        && (in_call || ticked);
    is_command.then(|| {
        Finding::new(
            Rule::TokenlessRequest,
            string.byte_range(),
            "a shell command reads instance metadata without a token",
            Remedy::advice(
                "TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
                 http://169.254.169.254/latest/api/token); curl -H \
                 \"X-aws-ec2-metadata-token: $TOKEN\" …",
                "code in this language is shown, not edited",
            ),
        )
        .reading(value.split_whitespace().filter_map(address::path))
    })
}

/// The text of a string literal up to what is not known.
fn value(string: Node<'_>, source: &[u8]) -> String {
    let raw = text(string, source);
    let raw = raw.trim_start_matches(['$', '@', 'f', 'b']).trim_matches(['"', '\'', '`']);
    let hole = HOLE.to_string();
    let marks = ["${", "#{", "{", "$"];
    let cut = marks.iter().filter_map(|m| raw.find(m)).min();
    match cut {
        Some(at) => format!("{}{hole}", &raw[..at]),
        None => raw.to_owned(),
    }
}

/// Whether the name of the call around `string` says that its text is for people.
fn is_speaking(call: Node<'_>, string: Node<'_>, source: &[u8]) -> bool {
    let head = source.get(call.start_byte()..string.start_byte()).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let name = head.split('(').next().unwrap_or_default();
    let last = name.trim_end().rsplit(['.', ':', '>', ' ']).next().unwrap_or_default();
    let first = name.split(['.', ':']).next().unwrap_or_default().trim();
    SPEAKING.iter().any(|s| last.starts_with(s) || last.ends_with(s))
        || matches!(first, "console" | "log" | "logger" | "logging" | "fmt")
}
