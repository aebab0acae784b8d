//! JavaScript, TypeScript, Go, Ruby, PHP, Perl, Java, C#: finds the strings that are metadata URLs
//! on their way into a web call, and shows what to write instead.

mod dialect;

use tree_sitter::Node;

use self::dialect::Dialect;
use crate::address::{self, HOLE, Target};
use crate::embed::{self, is_worth_reading};
use crate::finding::{Finding, Remedy};
use crate::language::Language;
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{self, around, children, nodes, text};

/// Calls whose text is for people, by a part of their name in lower case.
const SPEAKING: [&str; 16] = [
    "log",
    "print",
    "puts",
    "echo",
    "warn",
    "error",
    "exception",
    "debug",
    "info",
    "assert",
    "expect",
    "equal",
    "describe",
    "description",
    "fatal",
    "test",
];

/// Calls whose arguments are expected or faked.
const TESTING: [&str; 7] = ["expect", "assert", "nock", "stub", "mock", "intercept", "wiremock"];

/// What keeps statements together.
const BLOCKS: [&str; 6] =
    ["statement_block", "block", "body_statement", "compound_statement", "do_block", "class_body"];

/// Where a metadata tree starts in a path without a host.
const PATHS: [&str; 3] = ["latest/meta-data", "latest/user-data", "latest/dynamic"];

/// What is wrong with the code in `snippet`.
pub(crate) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let (Some(dialect), Some(grammar)) = (Dialect::of(language), language.grammar()) else {
        return Vec::new();
    };
    // A test asks a fake, or nobody.
    if snippet.job.is_test || !may_aim(source) {
        return Vec::new();
    }
    let script = String::from_utf8_lossy(source);
    let lower = script.to_ascii_lowercase();
    // A program that knows the header is taken to send it; a command that it gives to a shell has its own.
    let sends_tokens = lower.contains("aws-ec2-metadata-token");
    let is_foreign = address::is_foreign(&lower);
    let parsed = match language {
        Language::Perl => without_here_documents(source),
        _ => source.to_vec(),
    };
    let Some(tree) = syntax::parse(&grammar, &parsed, &snippet.job) else { return Vec::new() };
    let has_client = dialect.clients.iter().any(|client| script.contains(client));
    let fetches = has_client || ["curl", "wget"].iter().any(|client| script.contains(client));
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
            let aims = !sends_tokens
                && match address::target(&value) {
                    // A host without a path is an endpoint: somebody else's concern unless this file
                    // has the paths, and no other cloud's.
                    Target::Metadata { path, .. } if path.is_empty() => {
                        fetches && has_path && !is_foreign && !is_listed(string)
                    }
                    Target::Metadata { .. } => value.contains("://") || fetches,
                    Target::Elsewhere | Target::Unknown => false,
                };
            if !aims && !is_worth_reading(&source[string.byte_range()]) {
                return None;
            }
            let is_call = |n: &Node| dialect.calls.contains(&n.kind());
            let calls: Vec<Node> = around(string).skip(1).filter(is_call).collect();
            if is_only_said(string, &calls, source) {
                snippet.shows(string.byte_range());
                return None;
            }
            // Without a client a list is of addresses that something keeps from, as a rule.
            let may_fetch = if is_listed(string) { has_client } else { fetches };
            let is_used = !calls.is_empty() || may_fetch || is_kept(string, &value);
            shell_command(string, dialect, snippet)
                .or_else(|| (aims && is_used).then(|| finding(dialect, string, &value, source)))
        })
        .collect()
}

/// Whether a program may ask for something in the service's tree, or run something that does, as its lines tell
/// that are not comments.
fn may_aim(program: &[u8]) -> bool {
    const HOSTS: [&str; 5] = [
        "169.254.169.254",
        "00:ec2::254]", // fd00:ec2::254
        "00:EC2::254]",
        "instance-data",
        "instance-data.ec2.internal",
    ];
    let is_code = |at: usize| {
        let start = memchr::memrchr(b'\n', &program[..at]).map_or(0, |end| end + 1);
        let line = program[start..at].trim_ascii_start();
        // A statement may begin with a star, too: what it assigns stands in quotes.
        let is_prose = || !line.iter().any(|byte| b"\"'`".contains(byte));
        let is_comment = ["//", "# "].iter().any(|mark| line.starts_with(mark.as_bytes()))
            || line.starts_with(b"* ") && is_prose();
        !is_comment
    };
    // Where the program goes on after `word`, in code.
    let after = |word: &str| {
        let found = memchr::memmem::find_iter(program, word.as_bytes()).collect::<Vec<_>>();
        found.into_iter().filter(|at| is_code(*at)).map(|at| at + word.len()).collect::<Vec<_>>()
    };
    let has_path = |end: usize| {
        let rest = &program[end..];
        let rest = rest.strip_prefix(b":80").unwrap_or(rest);
        // What is put in, a query, or a version: the first part of a path of EC2's tree.
        let first = rest.iter().find(|byte| **byte != b'/');
        first.is_some_and(|byte| b"{$#?12l".contains(byte))
    };
    let has = |word: &&str| !after(word).is_empty();
    let names = || {
        let text = String::from_utf8_lossy(program);
        address::mentioned(&text) || text.contains("ec2metadata")
    };
    PATHS.iter().any(has)
        || HOSTS.iter().any(|host| after(host).into_iter().any(has_path))
        || ["curl ", "wget "].iter().any(has) && names()
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

/// A shell command that fetches metadata, whatever runs it.
fn shell_command(string: Node<'_>, dialect: &Dialect, snippet: &Snippet<'_>) -> Option<Finding> {
    let source: &[u8] = &snippet.text;
    let script = text(string, source);
    if !is_worth_reading(script.as_bytes())
        || !(script.contains("curl ") || script.contains("wget "))
        || is_beside_token(string, dialect, source)
    {
        return None;
    }
    let ticked = matches!(
        string.kind(),
        "subshell" | "command_string" | "shell_command_expression" | "heredoc_body"
    );
    let is_given = ticked || script.contains('\n') || {
        around(string).skip(1).any(|n| dialect.calls.contains(&n.kind()))
    };
    let has_token = || script.to_ascii_lowercase().contains("metadata-token");
    let command = unescaped(&content(string, source));
    let is_tokenless = || !embed::unknown(&mut snippet.decoded(command.as_bytes())).is_empty();
    if (!is_given || has_token()) && !is_tokenless() {
        return None;
    }
    let ends_url =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | '}' | ';' | '\\');
    Some(
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
        .reading(script.split(ends_url).filter_map(|url| address::path(&known(url)))),
    )
}

/// Whether the header of a token stands in what `string` is joined with.
fn is_beside_token(string: Node<'_>, dialect: &Dialect, source: &[u8]) -> bool {
    let joins = |n: &Node| n.kind().contains("binary") || dialect.strings.contains(&n.kind());
    let whole = around(string).take_while(joins).last().unwrap_or(string);
    let beside = [whole.start_byte()..string.start_byte(), string.end_byte()..whole.end_byte()];
    beside.into_iter().any(|part| {
        String::from_utf8_lossy(&source[part]).to_ascii_lowercase().contains("metadata-token")
    })
}

/// The same text without the backslashes that most languages write.
fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some(next @ ('"' | '\'' | '`' | '$' | '\\'))) => text.push(next),
            _ => {
                text.push(c);
                continue;
            }
        }
        chars.next();
    }
    text
}

/// Whether `string` is a whole URL in metadata's tree that a name stands for: what reads it may be a
/// client that is not known.
fn is_kept(string: Node<'_>, value: &str) -> bool {
    let is_tree = PATHS.iter().any(|path| value.contains(path)) && value.starts_with("http://");
    let named = around(string).skip(1).take(3).any(|n| {
        n.kind().contains("declarator")
            || n.kind().contains("assignment")
            || matches!(n.kind(), "const_spec" | "var_spec")
    });
    is_tree && named && !is_listed(string)
}

/// Whether `string` stands in a list, as hosts do that are not to be reached.
fn is_listed(string: Node<'_>) -> bool {
    let holder = around(string).skip(1).find(|n| n.kind() != "literal_element");
    holder.is_some_and(|n| n.kind().contains("array") || n.kind() == "literal_value")
}

/// The text of a string literal up to what is not known.
fn value(string: Node<'_>, source: &[u8]) -> String {
    known(&content(string, source))
}

/// What stands between the quotes of a string literal.
fn content(string: Node<'_>, source: &[u8]) -> String {
    // Ruby's and Perl's quotes are many: what is between them is a node of its own.
    let parts = children(string);
    let mut contents = parts.iter().filter(|n| n.kind() == "string_content");
    let last = parts.iter().rfind(|n| n.kind() == "string_content");
    if let Some((first, last)) = contents.next().zip(last) {
        return String::from_utf8_lossy(&source[first.start_byte()..last.end_byte()]).into_owned();
    }
    let raw = text(string, source);
    raw.trim_start_matches(['$', '@', 'f', 'b']).trim_matches(['"', '\'', '`']).to_owned()
}

/// A text up to what is put into it.
fn known(text: &str) -> String {
    match text.find("#{").into_iter().chain(text.find(['{', '$'])).min() {
        Some(at) => format!("{}{HOLE}", &text[..at]),
        None => text.to_owned(),
    }
}

/// Whether the calls around `string`, innermost first, print it, or expect or fake what it asks for.
fn is_only_said(string: Node<'_>, calls: &[Node<'_>], source: &[u8]) -> bool {
    let near = calls.iter().take_while(|call| !is_cut_off(string, **call));
    let mut names = near.map(|call| called(*call, string, source)).filter(|name| !is_filling(name));
    if is_named_prose(string, source) {
        return true;
    }
    let Some(first) = names.next() else { return false };
    is_speaking(&first) || is_testing(&first) || names.any(|name| is_testing(&name))
}

/// Whether what stands before `string` in its line gives it a name that says it is for people.
fn is_named_prose(string: Node<'_>, source: &[u8]) -> bool {
    let before = &source[..string.start_byte()];
    let line = &before[memchr::memrchr(b'\n', before).map_or(0, |end| end + 1)..];
    let line = String::from_utf8_lossy(line);
    let name = line.trim_end().trim_end_matches(['=', ':', '>', '(']).trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = name.trim_end_matches(['"', '\'']);
    let start = name.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
    name.len() < line.trim_end().len() && embed::names_prose(&name[start..])
}

/// Whether statements of their own stand between `string` and the call around it.
fn is_cut_off(string: Node<'_>, call: Node<'_>) -> bool {
    around(string).take_while(|n| *n != call).any(|n| BLOCKS.contains(&n.kind()))
}

/// The name of the call around `string`, in lower case.
fn called(call: Node<'_>, string: Node<'_>, source: &[u8]) -> String {
    let head = source.get(call.start_byte()..string.start_byte()).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.split('(').next().unwrap_or_default().trim().to_owned()
}

/// Whether a call only fills a text in, for whatever reads it.
fn is_filling(name: &str) -> bool {
    let last = name.rsplit(['.', ':', '>', ' ']).next().unwrap_or_default();
    last.starts_with("sprint") || last.starts_with("format")
}

/// Whether the name of a call says that its text is for people.
fn is_speaking(name: &str) -> bool {
    let last = name.rsplit(['.', ':', '>', ' ']).next().unwrap_or_default();
    let first = name.split(['.', ':']).next().unwrap_or_default().trim();
    // What an object is called says little of its text, but for errors.
    if name.starts_with("new ") {
        return last.ends_with("error") || last.ends_with("exception");
    }
    SPEAKING.iter().any(|s| last.starts_with(s) || last.ends_with(s))
        || matches!(first, "console" | "log" | "logger" | "logging" | "fmt")
}

/// Whether the name of a call says that what it is given is not asked for, but expected or faked.
fn is_testing(name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric();
    name.split(|c| !is_word(c)).any(|word| TESTING.contains(&word))
}
