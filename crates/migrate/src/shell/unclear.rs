//! What may read metadata in a way that cannot be followed.

use std::cell::LazyCell;

use tree_sitter::Node;

use super::callers::PREFIXES;
use super::command::arguments;
use super::fetcher::Fetcher;
use super::names::Names;
use super::request::{Request, SPEAKERS, is_open};
use super::spoken::speaks;
use crate::address::{self, DEFAULT_ENDPOINT, Target};
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::syntax::{nodes, text};
use crate::unread::TREES;

/// Programs whose arguments may be code of theirs.
const LANGUAGES: [&str; 5] = ["perl", "ruby", "php", "node", "lua"];

/// Commands that run the text they are given.
const INTERPRETERS: [&str; 6] = ["eval", "bash", "sh", "ssh", "su", "sudo"];

/// Metadata URLs handed to commands that are not known to fetch, nor to only speak of them.
pub(super) fn unclear<'t>(
    commands: &[Node<'t>],
    requests: &[Request<'t>],
    names: &Names<'t>,
    look_for_built: bool,
    source: &[u8],
) -> Vec<Finding> {
    let is_request = |c: &Node| requests.iter().any(|r| r.command == *c);
    let is_lost = lost(commands, requests, names, source);
    let mut findings = Vec::new();
    for command in commands.iter().filter(|c| !is_request(c)) {
        let Some(name) = command.child_by_field_name("name") else { continue };
        let name = text(name, source);
        let is_function = names.function(&name).is_some();
        // What a function of the script is given, or the script gives itself, is seen where it is read.
        let is_kept = is_function || name == "set" || PREFIXES.contains(&name.as_ref());
        if SPEAKERS.contains(&name.as_ref()) || is_function && speaks(&name, names, source) {
            continue;
        }
        let words: Vec<String> =
            arguments(*command).into_iter().flat_map(|a| names.values(a)).collect();
        let said = words.join("\n");
        if address::is_foreign(&said) || said.contains("aws-ec2-metadata-token") {
            continue;
        }
        let is_url = |w: &str| match address::target(w) {
            Target::Metadata { path, .. } => !path.is_empty() && address::mentioned(w),
            Target::Elsewhere | Target::Unknown => false,
        };
        // A command line in a variable is looked into here; one that stands in the arguments
        // themselves is a script of its own.
        let written = text(*command, source);
        let is_built = look_for_built
            && INTERPRETERS.contains(&name.as_ref())
            && !address::mentioned(&written);
        let is_code = LANGUAGES.contains(&name.as_ref());
        // Code may take the host from the environment.
        let has_tree =
            |w: &String| is_code && TREES.iter().any(|tree| w.contains(&format!("/latest{tree}")));
        let aims = |w: &String| {
            is_url(w)
                || is_built && w.split_whitespace().any(is_url) && w.contains("curl")
                || is_code && w.split(ends_url).any(is_url)
                || has_tree(w)
        };
        if !words.iter().any(|w| aims(w) && (!is_kept || is_lost(w))) || said.contains("api/token")
        {
            continue;
        }
        let reason = if is_kept {
            "it is not seen what reads it"
        } else {
            "it is not known how this program sends a header"
        };
        findings.push(given(*command, &name, reason, &said));
    }
    findings
}

/// A command that is given a metadata URL among the words `said`.
fn given(command: Node<'_>, name: &str, reason: &str, said: &str) -> Finding {
    let advice = Remedy::advice(
        format!(
            "TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
             {DEFAULT_ENDPOINT}/latest/api/token)\nand let the program send the header \
             X-aws-ec2-metadata-token: $TOKEN"
        ),
        reason,
    );
    let what = format!("`{name}` is given a metadata URL");
    Finding::new(Rule::UnclearRequest, command.byte_range(), what, advice)
        .reading(said.split(ends_url).filter_map(address::path))
}

/// Whether something in the script may read any URL, and no request of it is seen to read this one.
fn lost<'t>(
    commands: &[Node<'t>],
    requests: &[Request<'t>],
    names: &Names<'t>,
    source: &[u8],
) -> impl Fn(&str) -> bool {
    let is_request = |c: &Node| requests.iter().any(|r| r.command == *c);
    // Most scripts have no URL for which it matters.
    let is_open = LazyCell::new(move || {
        commands.iter().any(|c| !is_request(c) && is_open(*c, names, source))
    });
    let is_read = |path: &str| requests.iter().flat_map(|r| &r.paths).any(|r| r.starts_with(path));
    move |url| address::path(url).is_some_and(|path| !is_read(&path)) && *is_open
}

/// What no URL in code has.
fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | ',' | ';' | '`')
}

/// Requests that a script writes down itself, for `nc` or `/dev/tcp`.
pub(super) fn by_hand(root: Node<'_>, source: &[u8]) -> Vec<Finding> {
    let script = String::from_utf8_lossy(source);
    let sends_token = || script.to_ascii_lowercase().contains("metadata-token");
    if !script.contains("GET /") || !address::mentioned(&script) || sends_token() {
        return Vec::new();
    }
    let is_text = |n: &Node| matches!(n.kind(), "string" | "raw_string" | "heredoc_body");
    let path = |n: &Node| {
        let said = text(*n, source).into_owned();
        let path = said.split_once("GET /")?.1.split([' ', '\\', '"', '\'']).next()?.to_owned();
        address::path(&format!("{DEFAULT_ENDPOINT}/{path}"))
    };
    let requests = nodes(root).filter(is_text).filter_map(|n| Some((n, path(&n)?)));
    requests
        .map(|(node, path)| {
            Finding::new(
                Rule::UnclearRequest,
                node.byte_range(),
                "a request for instance metadata is written down without a token",
                Remedy::advice(
                    "send the header X-aws-ec2-metadata-token: …, or let curl make the request",
                    "what sends it cannot be followed",
                ),
            )
            .reading([path])
        })
        .collect()
}

/// Calls of curl and wget that read their URLs from a file or a pipe, in a script that writes down a metadata
/// URL outside of all requests.
pub(super) fn listed(
    root: Node<'_>,
    commands: &[Node<'_>],
    requests: &[Request<'_>],
    source: &[u8],
) -> Vec<Finding> {
    let is_listed = |command: &&Node| {
        let name = command.child_by_field_name("name");
        let fetcher = name.and_then(|name| Fetcher::named(&text(name, source)));
        fetcher.is_some_and(|f| {
            arguments(**command).into_iter().any(|a| f.reads_list(&text(a, source)))
        })
    };
    let is_request = |command: &Node| requests.iter().any(|r| r.command == *command);
    let callers: Vec<&Node> = commands
        .iter()
        .filter(|c| !is_request(c) && (is_listed(c) || is_fed(**c, source)))
        .collect();
    if callers.is_empty() {
        return Vec::new();
    }
    let is_read =
        |n: &Node| requests.iter().any(|r| r.command.byte_range().contains(&n.start_byte()));
    let kinds = ["word", "string", "raw_string", "heredoc_body"];
    let urls = nodes(root).filter(|n| kinds.contains(&n.kind()) && !is_read(n));
    let written: Vec<String> = urls.map(|n| text(n, source).into_owned()).collect();
    let sends_token = |w: &String| w.to_ascii_lowercase().contains("metadata-token");
    let paths: Vec<String> =
        written.iter().flat_map(|w| w.split(ends_value)).filter_map(address::path).collect();
    if paths.is_empty() || written.iter().any(sends_token) {
        return Vec::new();
    }
    callers
        .into_iter()
        .map(|command| {
            Finding::new(
                Rule::UnclearRequest,
                command.byte_range(),
                "URLs are read from a file or a pipe, and this script writes down a metadata URL",
                Remedy::advice(
                    "send the header X-aws-ec2-metadata-token: in a file for curl -K as \
                     `header = \"X-aws-ec2-metadata-token: …\"`, with wget as --header",
                    "what is in a file cannot be followed",
                ),
            )
            .reading(paths.clone())
        })
        .collect()
}

/// Whether `xargs` or GNU parallel gives the program in `command`, which fetches, its URLs.
fn is_fed(command: Node<'_>, source: &[u8]) -> bool {
    let name = command.child_by_field_name("name").map(|n| text(n, source));
    let words: Vec<_> = arguments(command).into_iter().map(|a| text(a, source)).collect();
    name.is_some_and(|name| matches!(name.rsplit('/').next(), Some("xargs" | "parallel")))
        && words.iter().any(|w| matches!(w.rsplit('/').next(), Some("curl" | "wget")))
        && !words.iter().any(|w| w.contains("://"))
}

/// The same as [`ends_url`] where a URL may be the value of a key.
fn ends_value(c: char) -> bool {
    c == '=' || ends_url(c)
}

/// Variables that keep a metadata URL which nothing in the script is seen to read.
pub(super) fn kept_addresses<'t>(
    root: Node<'t>,
    commands: &[Node<'t>],
    requests: &[Request<'t>],
    findings: &[Finding],
    names: &Names<'t>,
    source: &[u8],
) -> Vec<Finding> {
    let is_first = requests.is_empty() && findings.is_empty();
    let is_lost = lost(commands, requests, names, source);
    let assignments = nodes(root).filter(|n| n.kind() == "variable_assignment");
    let mut kept = Vec::new();
    for assignment in assignments {
        let Some(value) = assignment.child_by_field_name("value") else { continue };
        let is_tree = |url: &String| {
            matches!(address::target(url), Target::Metadata { path, .. }
                if path.starts_with("latest/") && !path.contains("api/token"))
        };
        let is_list = value.kind() == "array";
        let urls = constants(value, source).into_iter();
        let urls: Vec<String> = urls.filter(is_tree).collect();
        if !urls.is_empty() && (is_first || is_list && urls.iter().any(|url| is_lost(url))) {
            kept.push(
                Finding::new(
                    Rule::UnclearRequest,
                    assignment.byte_range(),
                    "a variable keeps a metadata URL",
                    Remedy::advice(
                        "send the header X-aws-ec2-metadata-token wherever this variable is read",
                        "nothing in this file reads it",
                    ),
                )
                .reading(urls.iter().filter_map(|url| address::path(url))),
            );
        }
    }
    kept
}

/// The texts that are written down in a value, or as keys and elements of a list.
fn constants(value: Node<'_>, source: &[u8]) -> Vec<String> {
    let said = text(value, source);
    match value.kind() {
        "word" | "string" | "raw_string" | "concatenation" => vec![said.into_owned()],
        "array" => {
            let ends = |c: char| matches!(c, '[' | ']') || ends_value(c);
            said.split(ends).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
