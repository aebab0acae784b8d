//! Python: `requests`, `urllib`, boto 2, and shell commands in `subprocess` calls.

mod boto;
mod call;
mod commands;
mod names;

use tree_sitter::Node;

use self::call::{Call, Client, HTTP_CLIENT, headers_edit};
use self::names::Names;
use crate::address::{self, Target};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy, Rule};
use crate::snippet::Snippet;
use crate::syntax::{self, around, is_clean, nodes, text};

/// The variable that holds the token in rewritten code.
const VARIABLE: &str = "imds_token";

/// What is wrong with the Python code in `snippet`.
pub(crate) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = syntax::parse(&tree_sitter_python::LANGUAGE.into(), source) else {
        return Vec::new();
    };
    let root = tree.root_node();
    let names = Names::collect(root, source);
    let mut fetched: Vec<Fetched> = Vec::new();
    let mut findings = Vec::new();
    for node in nodes(root).filter(|n| n.kind() == "call") {
        if let Some(call) = Call::read(node, &names) {
            findings.extend(request(&call, &names, snippet, &mut fetched));
        }
        findings.extend(commands::scan(node, snippet));
    }
    findings.extend(boto::scan(root, &names, snippet));
    findings
}

/// A token already fetched by a statement of the rewritten code.
struct Fetched<'t> {
    /// The list of statements it stands in.
    block: Node<'t>,
    at: usize,
}

/// A call that reads metadata without a token, as a finding.
fn request<'t>(
    call: &Call<'t>,
    names: &Names<'t>,
    snippet: &Snippet<'_>,
    fetched: &mut Vec<Fetched<'t>>,
) -> Option<Finding> {
    let urls = names.values(call.url);
    let targets: Vec<Target> = urls.iter().map(|u| address::target(u)).collect();
    let is_metadata = |t: &Target| matches!(t, Target::Metadata { endpoint: Some(_), .. });
    if !targets.iter().any(is_metadata) {
        return None;
    }
    let said = call.said(names).to_ascii_lowercase();
    let speaks_v2 = said.contains("aws-ec2-metadata-token") || said.contains("api/token");
    if speaks_v2 || call.gets_header_later(names) || address::is_foreign(&said) {
        return None;
    }
    let what = format!("`{}` reads instance metadata without a token", call.name);
    let remedy = match rewrite(call, names, snippet, fetched, targets.iter().all(is_metadata)) {
        Ok(edits) => Remedy::Rewrite(edits),
        Err(reason) => Remedy::advice(call.client.example(), reason),
    };
    Some(Finding::new(Rule::TokenlessRequest, call.node.byte_range(), what, remedy))
}

fn rewrite<'t>(
    call: &Call<'t>,
    names: &Names<'t>,
    snippet: &Snippet<'_>,
    fetched: &mut Vec<Fetched<'t>>,
    only_metadata: bool,
) -> Result<Vec<Edit>, &'static str> {
    let source: &[u8] = &snippet.text;
    if let Some(reason) = snippet.untouched {
        return Err(reason);
    }
    if !only_metadata {
        return Err("the same call also reads other hosts, which must not see a token");
    }
    if call.client == Client::Other {
        return Err(HTTP_CLIENT);
    }
    let (block, statement) = seat(call.node).ok_or("it is not part of a statement")?;
    if !is_clean(statement) {
        return Err("the code around it does not parse cleanly");
    }
    if around(call.node).any(|n| n.kind() == "await") {
        return Err("asynchronous calls are not rewritten");
    }
    let at = statement.start_byte();
    let token = call.token(source).ok_or(HTTP_CLIENT)?;
    let inline = around(call.node)
        .take_while(|n| *n != statement)
        .any(|n| matches!(n.kind(), "lambda" | "default_parameter"))
        || statement.kind() == "while_statement";
    let covered = fetched.iter().any(|f| {
        f.at <= at
            && around(statement).take_while(|n| !is_loop_or_function(*n)).any(|n| n == f.block)
    });
    let own_line = snippet.line_start(at).filter(|_| !inline);
    let mut edits = Vec::new();
    let value = match (covered && !inline, own_line) {
        (true, _) => VARIABLE.to_owned(),
        (false, Some(indent)) => {
            let end = format!("{}{indent}", snippet.line_end(at));
            let lines: Vec<String> = token.statements.iter().map(|s| format!("{s}{end}")).collect();
            edits.push(Edit::insert(at, lines.concat()));
            fetched.push(Fetched { block, at });
            VARIABLE.to_owned()
        }
        (false, None) => token.expression.ok_or("there is no line to fetch the token on")?,
    };
    if names.is_assigned(VARIABLE) {
        return Err("the name `imds_token` is already used here");
    }
    edits.extend(headers_edit(call, &value, source)?);
    edits.extend(call.import_edit(names));
    Ok(edits)
}

/// The list of statements around `node` and the statement in it.
fn seat(node: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let mut statement = node;
    loop {
        let parent = statement.parent()?;
        if matches!(parent.kind(), "module" | "block") {
            return Some((parent, statement));
        }
        statement = parent;
    }
}

/// A token must be fetched again in each round of a `while`, which may outlive it.
fn is_loop_or_function(node: Node<'_>) -> bool {
    matches!(node.kind(), "while_statement" | "function_definition" | "lambda" | "class_definition")
}

/// The source text of `node`.
fn owned(node: Node<'_>, source: &[u8]) -> String {
    text(node, source).into_owned()
}
