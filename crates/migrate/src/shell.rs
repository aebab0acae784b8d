//! Shell scripts: finds curl and wget reading metadata without a token, and gives them one.

mod fetcher;
mod names;
mod place;
mod request;
mod scripts;
mod tool;

use std::ops::Range;

use tree_sitter::{Node, Tree};

use self::fetcher::Fetcher;
use self::names::{Names, arguments};
use self::place::{Join, Place};
use self::request::{Kind, Request, SPEAKERS, recognise};
use crate::address::{self, DEFAULT_ENDPOINT, Target};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy, Rule};
use crate::snippet::Snippet;
use crate::syntax::{self, around, children, is_clean, nodes, text};

/// Names for the token's variable, in order of preference.
const VARIABLES: [&str; 3] = ["IMDS_TOKEN", "EC2_IMDS_TOKEN", "MIGRATED_IMDS_TOKEN"];

/// How often a text is read again where the grammar went wrong.
const REPAIRS: usize = 4;

/// Programs whose arguments may be code of theirs.
const LANGUAGES: [&str; 5] = ["perl", "ruby", "php", "node", "lua"];

/// Commands that run the text they are given.
const INTERPRETERS: [&str; 6] = ["eval", "bash", "sh", "ssh", "su", "sudo"];

/// What is wrong with the shell code in `snippet`.
pub(crate) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = parse(source) else { return Vec::new() };
    let root = tree.root_node();
    let names = Names::collect(root, source);
    let commands: Vec<Node> = nodes(root).filter(|n| n.kind() == "command").collect();
    let requests: Vec<Request> =
        commands.iter().filter_map(|c| recognise(*c, &names, source)).collect();

    let mut findings = tokenless(&requests, &commands, &names, snippet);
    let scripts = scripts::scan(root, &names, snippet);
    findings.extend(unclear(&commands, &requests, &names, scripts.is_empty(), source));
    findings.extend(scripts);
    findings.extend(commands.iter().filter_map(|c| tool::scan(*c, snippet)));
    findings.extend(by_hand(root, source));
    findings.extend(kept_addresses(root, &requests, &findings, source));
    findings
}

/// The tree of `source`, from a copy as long, in which stands what the grammar would misread: a
/// letter for the digit in `$url/$1`, which it takes for a word and a number, and a `;` for line ends
/// that it takes for blanks, before `\curl` and after a pipeline of three.
fn parse(source: &[u8]) -> Option<Tree> {
    let grammar = tree_sitter_bash::LANGUAGE.into();
    let mut text = source.to_vec();
    for at in memchr::memchr_iter(b'$', source) {
        if let Some(digit) = text.get_mut(at + 1).filter(|b| b.is_ascii_digit()) {
            *digit = b'a';
        }
    }
    let may_join = memchr::memmem::find(source, b"\n\\").is_some()
        || memchr::memchr_iter(b'|', source).nth(1).is_some();
    let repairs = if may_join { REPAIRS } else { 0 };
    for _ in 0..repairs {
        let tree = syntax::parse(&grammar, &text)?;
        let commands = nodes(tree.root_node()).filter(|n| n.kind() == "command");
        let ends: Vec<usize> = commands.flat_map(|c| line_ends(c, &text)).collect();
        if ends.is_empty() {
            return Some(tree);
        }
        for at in ends {
            text[at] = b';';
        }
    }
    syntax::parse(&grammar, &text)
}

/// The line ends in and between the words of `command` which no backslash makes blanks.
fn line_ends(command: Node<'_>, source: &[u8]) -> Vec<usize> {
    let words = children(command);
    let gaps = words.windows(2).map(|pair| pair[0].end_byte()..pair[1].start_byte());
    let plain = words.iter().filter(|n| n.kind() == "word").map(Node::byte_range);
    let is_escaped = |at: usize| {
        let before = source.get(..at).unwrap_or_default();
        before.strip_suffix(b"\r").unwrap_or(before).ends_with(b"\\")
    };
    let ends = |span: Range<usize>| {
        let text = source.get(span.clone()).unwrap_or_default();
        memchr::memchr_iter(b'\n', text).map(move |at| span.start + at)
    };
    gaps.chain(plain).flat_map(ends).filter(|at| !is_escaped(*at)).collect()
}

/// The same in a shell whose language only resembles sh: nothing is edited.
pub(crate) fn look(snippet: &Snippet<'_>) -> Vec<Finding> {
    let mut copy = Snippet::file(&snippet.text);
    copy.inherit(snippet);
    copy.untouched = Some("csh and fish scripts are not edited");
    scan(&copy)
}

/// Requests without a token, each with the edits that give it one.
fn tokenless<'t>(
    requests: &[Request<'t>],
    commands: &[Node<'t>],
    names: &Names<'t>,
    snippet: &Snippet<'_>,
) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let existing = place::existing(requests, commands, source);
    let reusable = |r: &Request| {
        let at = r.command.start_byte();
        existing.iter().rfind(|e| e.reach.contains(&at)).map(|e| e.variable.clone())
    };
    let blocked = |r: &Request| blocked(r, snippet);
    let needy: Vec<&Request> = requests
        .iter()
        .filter(|r| r.kind == Kind::Tokenless && !r.is_scheduled)
        .filter(|r| blocked(r).is_none() && reusable(r).is_none())
        .collect();
    let places = place::plan(&needy, source);
    let variable = VARIABLES.iter().find(|v| !names.is_assigned(v)).unwrap_or(&VARIABLES[0]);

    let mut findings = Vec::new();
    for request in requests {
        if is_fallback(request, requests, source) {
            continue;
        }
        let reason = match request.kind {
            Kind::WithToken | Kind::TokenFetch => continue,
            Kind::TokenlessUnsafe(reason) => Some(unparsed(request).unwrap_or(reason)),
            Kind::Tokenless => blocked(request),
        };
        let after = request.program.end_byte();
        let remedy = if let Some(reason) = reason {
            Remedy::advice(example(request), reason)
        } else if let Some(variable) = reusable(request).filter(|_| !request.is_scheduled) {
            Remedy::Rewrite(vec![Edit::insert(
                after,
                format!(" {}", request.fetcher.header(&variable)),
            )])
        } else if request.is_scheduled {
            let place = Place::before(request.program);
            Remedy::Rewrite(vec![
                fetch(&place, &[request], variable, snippet),
                Edit::insert(after, format!(" {}", request.fetcher.header(variable))),
            ])
        } else {
            let own = needy.iter().position(|r| r.command == request.command);
            let Some(place) = own.and_then(|i| places.get(i)) else { continue };
            let sharing: Vec<&Request> = needy
                .iter()
                .zip(&places)
                .filter(|(_, p)| p.at == place.at)
                .map(|(r, _)| *r)
                .collect();
            Remedy::Rewrite(vec![
                fetch(place, &sharing, variable, snippet),
                Edit::insert(after, format!(" {}", request.fetcher.header(variable))),
            ])
        };
        let what = format!("{} reads instance metadata without a token", request.fetcher.name());
        findings.push(
            Finding::new(Rule::TokenlessRequest, request.command.byte_range(), what, remedy)
                .reading(request.paths.iter().cloned()),
        );
    }
    findings
}

/// Whether the same is asked for with a token first, and without one only where there is none: in the
/// `else` of an `if` that looks at the token, or to the right of `||`.
fn is_fallback(request: &Request<'_>, requests: &[Request<'_>], source: &[u8]) -> bool {
    let mut others =
        requests.iter().filter(|r| r.kind == Kind::WithToken && r.paths == request.paths);
    others.any(|other| {
        let shared = around(other.command).find(|n| around(request.command).any(|m| m == *n));
        shared.is_some_and(|choice| falls_back(choice, other, source))
    })
}

/// Whether `choice` is made by whether there is the token that `request` sends.
fn falls_back(choice: Node<'_>, request: &Request<'_>, source: &[u8]) -> bool {
    let mut cursor = choice.walk();
    if choice.kind() == "list" {
        return choice.children(&mut cursor).any(|n| n.kind() == "||");
    }
    let command = text(request.command, source).to_lowercase();
    let Some((_, token)) = command.split_once("metadata-token:") else { return false };
    let token = token.trim_start().trim_start_matches(['$', '{']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let token = token.split(|c| !is_name(c)).next().unwrap_or_default();
    let mut conditions = choice.children_by_field_name("condition", &mut cursor);
    choice.kind() == "if_statement"
        && conditions
            .any(|n| text(n, source).to_lowercase().split(|c| !is_name(c)).any(|w| w == token))
}

/// Why a tokenless request is left to a person.
fn blocked(request: &Request<'_>, snippet: &Snippet<'_>) -> Option<&'static str> {
    if let Some(reason) = unparsed(request) {
        return Some(reason);
    }
    let busybox = snippet.busybox || snippet.says("busybox") || snippet.says("apk add");
    if request.fetcher == Fetcher::Wget && busybox {
        return Some("BusyBox wget cannot send the PUT that fetches a token; use curl");
    }
    snippet.untouched.or(snippet.no_shell)
}

fn unparsed(request: &Request<'_>) -> Option<&'static str> {
    let statement = around(request.command)
        .take_while(|n| !matches!(n.kind(), "do_group" | "compound_statement" | "program"))
        .last();
    let is_parsed = statement.is_none_or(is_clean) && is_clean(request.command);
    (!is_parsed).then_some("the code around it does not parse cleanly")
}

/// The edit that fetches the token for the requests that share a place, each program in its turn.
///
/// It never fails: a script under `set -e` goes on to its own request, whose failure it may
/// expect. curl drops a header whose value is empty, so the request is then as it was.
fn fetch(place: &Place, requests: &[&Request<'_>], variable: &str, snippet: &Snippet<'_>) -> Edit {
    let of = |fetcher| requests.iter().find(|r| r.fetcher == fetcher);
    let commands: Vec<String> = [Fetcher::Curl, Fetcher::Wget]
        .into_iter()
        .filter_map(of)
        .map(|r| r.fetcher.token(&r.again, &r.endpoint, &r.network))
        .collect();
    let token = format!("{variable}=$({}) || true", commands.join(" || "));
    let text = match place.join {
        Join::And => format!("{{ {token}; }} && "),
        Join::Statement => match snippet.line_start(place.at) {
            Some(indent) => format!("{token}{}{indent}", snippet.line_end(place.at)),
            None => format!("{token}; "),
        },
    };
    Edit::insert(place.at, text)
}

/// What to write by hand.
fn example(request: &Request<'_>) -> String {
    let name = request.fetcher.name();
    let token = request.fetcher.token(name, &request.endpoint, "");
    format!("TOKEN=$({token})\n{name} {} …", request.fetcher.header("TOKEN"))
}

/// Metadata URLs handed to commands that are not known to fetch, nor to only speak of them.
fn unclear<'t>(
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
        let aims = |w: &String| {
            is_url(w)
                || is_built && w.split_whitespace().any(is_url) && w.contains("curl")
                || is_code && w.split(ends_url).any(is_url)
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
fn by_hand(root: Node<'_>, source: &[u8]) -> Vec<Finding> {
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

/// Variables that keep a metadata URL which nothing in the script is seen to read.
fn kept_addresses(
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
