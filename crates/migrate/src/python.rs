//! Python: `requests`, `urllib`, boto 2, and shell commands in `subprocess` calls.

mod boto;
mod call;
mod commands;
mod names;
mod unclear;
mod values;

use std::cell::LazyCell;

use tree_sitter::Node;

use self::call::{Call, Client, HTTP_CLIENT, TEST, VARIABLE, headers_edit, sends_tokens};
use self::names::Names;
use crate::address::{self, Target};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{self, around, children, is_clean, nodes, owned};

/// What is wrong with the Python code in `snippet`.
pub(crate) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = syntax::parse(&tree_sitter_python::LANGUAGE.into(), source, &snippet.job)
    else {
        return Vec::new();
    };
    let root = tree.root_node();
    let names = Names::collect(root, source, &snippet.job);
    // Few files have a text that it is asked about.
    let run_by_name = LazyCell::new(|| commands::run_by_name(root, &names));
    let mut fetched: Vec<Fetched> = Vec::new();
    let mut findings = Vec::new();
    for node in nodes(root) {
        match node.kind() {
            "call" => {
                let call = Call::read(node, &names);
                let found = call.and_then(|c| request(&c, &names, snippet, &mut fetched));
                findings.extend(found);
                findings.extend(commands::built(node, &names));
            }
            "string" => findings.extend(commands::scan(node, &names, &run_by_name, snippet)),
            "list" => findings.extend(commands::list(node, source)),
            _ => {}
        }
        findings.extend(commands::joined(node, &names, snippet));
    }
    findings.extend(boto::scan(root, &names, snippet));
    findings.extend(unclear::scan(root, &names, snippet, findings.is_empty()));
    findings
}

/// A token already fetched by a statement of the rewritten code.
struct Fetched<'t> {
    /// The list of statements it stands in.
    block: Node<'t>,
    at: usize,
}

/// Whether it stands in an `except` whose `try` sends a token.
fn is_fallback(call: Node<'_>, source: &[u8]) -> bool {
    around(call).filter(|n| n.kind() == "except_clause").any(|handler| {
        let tried = handler.parent().and_then(|n| n.child_by_field_name("body"));
        tried.is_some_and(|body| sends_tokens(&source[body.byte_range()]))
    })
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
    let is_known = targets.iter().any(is_metadata);
    // A path of EC2's tree says enough where nothing is tested.
    let is_meant = is_known || {
        let has_tree = targets.iter().any(|t| matches!(t, Target::Metadata { .. }));
        has_tree && !snippet.job.is_test && !names.fakes_requests()
    };
    if !is_meant {
        return None;
    }
    let said = call.said(names).to_ascii_lowercase();
    let speaks_v2 = said.contains("aws-ec2-metadata-token")
        || said.contains("api/token")
        || call.has_hidden_headers(names) && sends_tokens(&snippet.text)
        || is_fallback(call.node, &snippet.text);
    if speaks_v2
        || call.gets_header_later(names)
        || address::is_foreign(&call.said_beside_url(names))
    {
        return None;
    }
    let what = format!("`{}` reads instance metadata without a token", call.name);
    let remedy = match rewrite(call, names, snippet, fetched, targets.iter().all(is_metadata)) {
        _ if !is_known => Remedy::advice(call.client.example(), UNKNOWN_HOST),
        Ok(edits) => Remedy::Rewrite(edits),
        Err(reason) => Remedy::advice(call.client.example(), reason),
    };
    let finding = Finding::new(Rule::TokenlessRequest, call.node.byte_range(), what, remedy);
    // A URL that a method of another class is given is no path of this one's.
    let paths = urls.iter().filter_map(|url| address::path(url)).filter(|p| !p.contains("://"));
    // A connection is asked for its paths elsewhere.
    let is_connection = call.name.ends_with("HTTPConnection");
    Some(finding.reading(paths.map(|path| if is_connection { "/*".to_owned() } else { path })))
}

/// Why a request for a path of EC2's tree is not rewritten.
const UNKNOWN_HOST: &str = "the file does not say which host serves the token";

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
    if snippet.job.is_test || names.fakes_requests() {
        return Err(TEST);
    }
    if !only_metadata {
        return Err("the same call also reads other hosts, which must not see a token");
    }
    if call.client == Client::Other {
        return Err(HTTP_CLIENT);
    }
    let (block, statement) = place(call.node, names).ok_or("it is not part of a statement")?;
    if !is_clean(statement) {
        return Err("the code around it does not parse cleanly");
    }
    if around(call.node).any(|n| n.kind() == "await") {
        return Err("asynchronous calls are not rewritten");
    }
    let at = statement.start_byte();
    let token = call.token(source).ok_or(HTTP_CLIENT)?;
    // A name in the body of a class would be an attribute of it.
    let in_class = block.parent().is_some_and(|n| n.kind() == "class_definition");
    let inline = in_class || is_conditional(call.node, statement);
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

/// Whether `statement` can be run without the call in it, so that a token before it may be in vain.
fn is_conditional(call: Node<'_>, statement: Node<'_>) -> bool {
    let inside: Vec<Node> = around(call).take_while(|n| *n != statement).collect();
    let is_on = |holder: Node<'_>, fields: &[&str]| {
        fields
            .iter()
            .filter_map(|f| holder.child_by_field_name(f))
            .any(|part| inside.contains(&part))
    };
    statement.kind() == "while_statement"
        || inside.iter().any(|n| match n.kind() {
            "lambda"
            | "default_parameter"
            | "elif_clause"
            | "list_comprehension"
            | "set_comprehension"
            | "dictionary_comprehension"
            | "generator_expression" => true,
            "boolean_operator" => is_on(*n, &["right"]),
            // `a if condition else b` has no fields: the condition is in the middle.
            "conditional_expression" => {
                let parts = children(*n);
                parts.get(1).is_none_or(|condition| !inside.contains(condition))
            }
            "assert_statement" => children(*n).get(1).is_some_and(|m| inside.contains(m)),
            _ => false,
        })
}

/// Where the token for the request `node` is fetched: before its statement, or before the `for`
/// loops around it that make the request for certain. It is never fetched where no request may
/// follow: that a host has no metadata would end a program that does not read any there.
fn place<'t>(node: Node<'t>, names: &Names<'t>) -> Option<(Node<'t>, Node<'t>)> {
    let (mut block, mut statement) = seat(node)?;
    while let Some(lap) = block.parent().filter(|n| n.kind() == "for_statement") {
        let is_first = children(block)
            .into_iter()
            .take_while(|n| *n != statement)
            .all(|n| matches!(n.kind(), "expression_statement" | "comment"));
        let runs = lap.child_by_field_name("right").is_some_and(|r| names.is_filled(r));
        if !is_first || !runs || sleeps(lap, names) {
            break;
        }
        (block, statement) = seat(lap)?;
    }
    Some((block, statement))
}

/// Whether a loop waits: it may outlive a token.
fn sleeps(lap: Node<'_>, names: &Names<'_>) -> bool {
    nodes(lap).filter(|n| n.kind() == "call").any(|call| {
        let function = call.child_by_field_name("function");
        function.is_some_and(|f| owned(f, names.source).ends_with("sleep"))
    })
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
