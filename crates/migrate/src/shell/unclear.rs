//! What may read metadata in a way that cannot be followed.

use tree_sitter::Node;

use super::fetcher::Fetcher;
use super::names::{Names, arguments};
use super::request::{Request, SPEAKERS};
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
    let mut findings = Vec::new();
    for command in commands.iter().filter(|c| !is_request(c)) {
        let Some(name) = command.child_by_field_name("name") else { continue };
        let name = text(name, source);
        if SPEAKERS.contains(&name.as_ref()) || names.function(&name).is_some() {
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
        if !words.iter().any(aims) || said.contains("api/token") {
            continue;
        }
        findings.push(Finding::new(
            Rule::UnclearRequest,
            command.byte_range(),
            format!("`{name}` is given a metadata URL"),
            Remedy::advice(
                format!(
                    "TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
                     {DEFAULT_ENDPOINT}/latest/api/token)\nand let the program send the header \
                     X-aws-ec2-metadata-token: $TOKEN"
                ),
                "it is not known how this program sends a header",
            ),
        ).reading(said.split(ends_url).filter_map(address::path)));
    }
    findings
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
pub(super) fn kept_addresses(
    root: Node<'_>,
    requests: &[Request<'_>],
    findings: &[Finding],
    source: &[u8],
) -> Vec<Finding> {
    if !requests.is_empty() || !findings.is_empty() {
        return Vec::new();
    }
    let assignments = nodes(root).filter(|n| n.kind() == "variable_assignment");
    let mut kept = Vec::new();
    for assignment in assignments {
        let Some(value) = assignment.child_by_field_name("value") else { continue };
        let Some(url) = constant(value, source) else { continue };
        let is_tree = matches!(address::target(&url), Target::Metadata { path, .. }
            if path.starts_with("latest/") && !path.contains("api/token"));
        if is_tree {
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
                .reading(address::path(&url)),
            );
        }
    }
    kept
}

fn constant(value: Node<'_>, source: &[u8]) -> Option<String> {
    matches!(value.kind(), "word" | "string" | "raw_string" | "concatenation")
        .then(|| text(value, source).into_owned())
}
