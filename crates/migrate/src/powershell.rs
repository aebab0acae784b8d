//! PowerShell: `Invoke-RestMethod`, `Invoke-WebRequest` and their aliases are rewritten;
//! .NET's `WebClient` and `WebRequest` are shown.

mod names;
mod texts;

use tree_sitter::Node;

use self::names::{Names, is_splat};
use crate::address::{self, Target};
use crate::edit::Edit;
use crate::embed::is_worth_reading;
use crate::finding::{Finding, Remedy};
use crate::language::Language;
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{self, around, children, is_clean, nodes, text};

/// Commands that fetch a URL, in lower case; in PowerShell curl and wget are two of them.
const FETCHERS: [&str; 6] =
    ["invoke-restmethod", "invoke-webrequest", "irm", "iwr", "curl", "wget"];

/// How commands begin that only speak of their arguments, or reach no further than TCP.
const SPEAKERS: [&str; 16] = [
    "write-",
    "echo",
    "out-",
    "test-",
    "add-content",
    "set-",
    "new-netroute",
    "get-netroute",
    "new-netfirewall",
    "remove-",
    "route",
    "netsh",
    "ping",
    "select-string",
    "start-transcript",
    "throw",
];

/// .NET methods that fetch a URL.
const METHODS: [&str; 6] =
    ["downloadstring", "downloadfile", "downloaddata", "openread", "create", "getstringasync"];

const VARIABLE: &str = "$ImdsToken";
const TOKEN: &str = "Invoke-RestMethod -Method Put -Uri \
                     http://169.254.169.254/latest/api/token -Headers \
                     @{\"X-aws-ec2-metadata-token-ttl-seconds\" = \"21600\"}";
const ENTRY: &str = "\"X-aws-ec2-metadata-token\" = $ImdsToken";

/// What is wrong with the PowerShell code in `snippet`.
pub(crate) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = syntax::parse(&tree_sitter_powershell::LANGUAGE.into(), source, &snippet.job)
    else {
        return Vec::new();
    };
    let root = tree.root_node();
    let names = Names::collect(root, source, &snippet.job);
    let mut fetched: Vec<(Node, usize)> = Vec::new();
    let mut findings = Vec::new();
    for node in nodes(root) {
        match node.kind() {
            "command" => findings.extend(command(node, &names, snippet, &mut fetched)),
            "invokation_expression" => findings.extend(method(node, &names)),
            _ => {}
        }
    }
    findings.extend(texts::scan(root, snippet, &findings));
    findings
}

/// Windows user data: the script between `<powershell>` and `</powershell>`.
pub(crate) fn user_data(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(open) = memchr::memmem::find(source, b"<powershell>") else { return Vec::new() };
    let start = open + b"<powershell>".len();
    let rest = &source[start..];
    let end = memchr::memmem::find(rest, b"</powershell>").map_or(source.len(), |p| start + p);
    if !is_worth_reading(&source[start..end]) {
        return Vec::new();
    }
    let mut decoder = Decoder::new(snippet);
    decoder.copy(start..end);
    let mut inner = decoder.finish(end, Codec::default());
    inner.multiline = snippet.multiline;
    inner.scan(Language::PowerShell)
}

/// A metadata URL given to a program that is not known.
fn unclear(node: Node<'_>, written: &str, urls: &[String]) -> Finding {
    Finding::new(
        Rule::UnclearRequest,
        node.byte_range(),
        format!("`{written}` is given a metadata URL"),
        Remedy::advice(
            format!("{VARIABLE} = {TOKEN}\nInvoke-RestMethod -Headers @{{{ENTRY}}} -Uri …"),
            "it is not known how this program sends a header",
        ),
    )
    .reading(urls.iter().flat_map(|text| text.split(ends_url)).filter_map(address::path))
}

/// What no URL has.
fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ')' | '}')
}

fn command<'t>(
    node: Node<'t>,
    names: &Names<'t>,
    snippet: &Snippet<'_>,
    fetched: &mut Vec<(Node<'t>, usize)>,
) -> Option<Finding> {
    let source: &[u8] = &snippet.text;
    let name = node.child_by_field_name("command_name")?;
    let written = text(name, source).into_owned();
    let lower = written.to_ascii_lowercase();
    let is_fetcher = FETCHERS.contains(&lower.as_str());
    let is_speaker = SPEAKERS.iter().any(|s| lower.starts_with(s));
    if is_speaker && !is_fetcher {
        return None;
    }
    let elements: Vec<Node> = node
        .child_by_field_name("command_elements")
        .map(children)
        .unwrap_or_default()
        .into_iter()
        .filter(|n| n.kind() != "command_argument_sep")
        .collect();
    let urls: Vec<String> = elements
        .iter()
        .filter(|e| e.kind() != "command_parameter")
        .flat_map(|e| names.values(*e).into_iter().chain(names.splatted(*e)))
        .collect();
    let is_url =
        |url: &str| matches!(address::target(url), Target::Metadata { endpoint: Some(_), .. });
    // `cmd /c "curl …"`
    let is_command = |text: &String| {
        !is_fetcher && is_worth_reading(text.as_bytes()) && text.split_whitespace().any(is_url)
    };
    let is_metadata = urls.iter().any(|text| is_url(text) || is_command(text));
    let said = elements.iter().map(|e| names.said(*e)).collect::<Vec<_>>().join(" ");
    if !is_metadata
        || said.contains("api/token")
        || said.contains("x-aws-ec2-metadata-token")
        || address::is_foreign(&said)
    {
        return None;
    }
    if !is_fetcher {
        return Some(unclear(node, &written, &urls));
    }
    let remedy = match rewrite(node, name, &elements, names, snippet, fetched) {
        Ok(edits) => Remedy::Rewrite(edits),
        Err(reason) => Remedy::advice(
            format!("{VARIABLE} = {TOKEN}\nInvoke-RestMethod -Headers @{{{ENTRY}}} -Uri …"),
            reason,
        ),
    };
    let what = format!("`{written}` reads instance metadata without a token");
    let finding = Finding::new(Rule::TokenlessRequest, node.byte_range(), what, remedy);
    Some(finding.reading(urls.iter().filter_map(|url| address::path(url))))
}

// long function: every place that a token can be put, from the safest on.
fn rewrite<'t>(
    node: Node<'t>,
    name: Node<'t>,
    elements: &[Node<'t>],
    names: &Names<'t>,
    snippet: &Snippet<'_>,
    fetched: &mut Vec<(Node<'t>, usize)>,
) -> Result<Vec<Edit>, &'static str> {
    let source: &[u8] = &snippet.text;
    if let Some(reason) = snippet.untouched {
        return Err(reason);
    }
    let is_program = matches!(&*text(name, source).to_ascii_lowercase(), "curl" | "wget");
    if is_program && (snippet.system.pwsh || source.starts_with(b"#!")) {
        return Err("from PowerShell 6 on this is a program, which takes other options");
    }
    let (list, statement) = seat(node).ok_or("it is not part of a statement")?;
    if !is_clean(statement) {
        return Err("the code around it does not parse cleanly");
    }
    if names.is_assigned("imdstoken") {
        return Err("the name `$ImdsToken` is already used here");
    }
    let parameter = |wanted: &str| {
        let at = elements.iter().position(|e| {
            e.kind() == "command_parameter" && text(*e, source).eq_ignore_ascii_case(wanted)
        });
        at.and_then(|at| elements.get(at + 1)).copied()
    };
    let is_shortened = |e: &&Node| {
        let written = text(**e, source).to_ascii_lowercase();
        e.kind() == "command_parameter"
            && written.len() > 2
            && written != "-headers"
            && "-headers".starts_with(&written)
    };
    if elements.iter().any(|e| is_shortened(&e)) {
        return Err("its headers are named by a short form");
    }
    if elements.iter().any(|e| names.begins_with_parameter(*e)) {
        return Err("a parameter says which host it asks, and may say another one");
    }
    if elements.iter().any(|e| is_splat(&text(*e, source))) {
        return Err("its parameters are made elsewhere");
    }
    if is_conditional(node, statement) {
        return Err("it is run only sometimes, where no line can be added");
    }
    if reads_status(statement, source) {
        return Err("its statement reads the status of the command before it");
    }
    let mut edits = Vec::new();
    match parameter("-Headers") {
        None => edits.push(Edit::insert(name.end_byte(), format!(" -Headers @{{{ENTRY}}}"))),
        Some(headers) if text(headers, source).starts_with("@{") => {
            let separator = if text(headers, source).trim() == "@{}" { "" } else { "; " };
            edits.push(Edit::insert(headers.start_byte() + 2, format!("{ENTRY}{separator}")));
        }
        Some(_) => return Err("its headers are made elsewhere"),
    }
    let at = statement.start_byte();
    let covered = fetched.iter().any(|(block, start)| {
        *start <= at && around(statement).take_while(|n| !renews(*n)).any(|n| n == *block)
    });
    if !covered {
        let kept = KEPT.iter().filter_map(|name| {
            parameter(name).map(|value| format!(" {name} {}", text(value, source)))
        });
        let token = format!("{VARIABLE} = {TOKEN}{}", kept.collect::<String>());
        let text = match snippet.line_start(at) {
            Some(indent) => format!("{token}{}{indent}", snippet.line_end(at)),
            None => format!("{token}; "),
        };
        edits.push(Edit::insert(at, text));
        fetched.push((list, at));
    }
    Ok(edits)
}

/// Whether `statement` can be run without `node`, a command in it.
fn is_conditional(node: Node<'_>, statement: Node<'_>) -> bool {
    around(node).take_while(|n| *n != statement).any(|n| {
        n.kind() == "elseif_clause"
            || n.kind() == "logical_expression"
                && children(n)
                    .first()
                    .is_some_and(|first| !around(node).any(|outer| outer == *first))
    })
}

/// Whether a statement reads what the one before it left behind; in a string as well.
fn reads_status(statement: Node<'_>, source: &[u8]) -> bool {
    let said = text(statement, source);
    said.contains("$?") || said.contains("$^") || said.contains("$$")
}

/// Parameters of a request that its token's request has, too.
const KEPT: [&str; 4] = ["-TimeoutSec", "-ErrorAction", "-Proxy", "-MaximumRetryCount"];

/// A token is fetched again in each function and in each round of a loop that may outlive it.
fn renews(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "function_statement" | "while_statement" | "do_statement" | "script_block_expression"
    )
}

fn seat(node: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let mut statement = node;
    loop {
        let parent = statement.parent()?;
        if parent.kind() == "statement_list" {
            return Some((parent, statement));
        }
        statement = parent;
    }
}

/// `$client.DownloadString("…")` and the like.
fn method<'t>(node: Node<'t>, names: &Names<'t>) -> Option<Finding> {
    let parts = children(node);
    let name = parts.iter().find(|n| n.kind() == "member_name")?;
    let method = text(*name, names.source).to_ascii_lowercase();
    let arguments = parts.iter().find(|n| n.kind() == "argument_list")?;
    let argument = nodes(*arguments).find(|n| n.kind() == "argument_expression")?;
    let urls = names.values(argument);
    let is_metadata = urls
        .iter()
        .any(|url| matches!(address::target(url), Target::Metadata { endpoint: Some(_), .. }));
    let said = names.said(node);
    let speaks_v2 = said.contains("api/token") || said.contains("x-aws-ec2-metadata-token");
    if !METHODS.contains(&method.as_str()) || !is_metadata || speaks_v2 {
        return None;
    }
    Some(
        Finding::new(
            Rule::TokenlessRequest,
            node.byte_range(),
            format!("`{}` reads instance metadata without a token", text(*name, names.source)),
            Remedy::advice(
                format!("{VARIABLE} = {TOKEN}\nInvoke-RestMethod -Headers @{{{ENTRY}}} -Uri …"),
                ".NET web calls are not rewritten",
            ),
        )
        .reading(urls.iter().filter_map(|url| address::path(url))),
    )
}
