//! boto 2, which speaks IMDSv1 only: `boto.utils.get_instance_metadata()` and the like.

use tree_sitter::Node;

use super::names::Names;
use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{around, children, is_clean, nodes, owned, text};

/// Keys of the metadata tree whose value is one text.
const LEAVES: [&str; 14] = [
    "ami-id",
    "ami-launch-index",
    "hostname",
    "instance-id",
    "instance-type",
    "local-hostname",
    "local-ipv4",
    "mac",
    "public-hostname",
    "public-ipv4",
    "reservation-id",
    "placement/availability-zone",
    "placement/region",
    "profile",
];

/// Put once before the first statement that needs it. As in boto, no proxy of the environment is used,
/// Python 2 gets bytes, what is not there is a `KeyError`, and missing user data is an empty text.
const READER: &str = r#"def _imds_get(path, *missing):
    """Reads instance metadata with a session token (IMDSv2), past any proxy."""
    try:
        from urllib import request
    except ImportError:
        import urllib2 as request
    direct = request.build_opener(request.ProxyHandler({}))
    base = "http://169.254.169.254/latest/"
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
    ask = request.Request(base + "api/token", headers=lifetime)
    ask.get_method = lambda: "PUT"
    token = direct.open(ask, timeout=5).read().decode()
    ask = request.Request(base + path, headers={"X-aws-ec2-metadata-token": token})
    try:
        value = direct.open(ask, timeout=5).read()
    except request.HTTPError as error:
        if error.code != 404:
            raise
        if not missing:
            raise KeyError(path)
        return missing[0]
    return value if isinstance(value, str) else value.decode()


"#;

pub(super) fn scan(root: Node<'_>, names: &Names<'_>, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    // A test that fakes what boto asks makes no request.
    if snippet.job.is_test && memchr::memmem::find(source, b"mock").is_some() {
        return Vec::new();
    }
    nodes(root)
        .filter(|n| n.kind() == "call")
        .filter_map(|call| {
            let function = owned(call.child_by_field_name("function")?, source);
            let last = function.rsplit('.').next()?;
            let is_boto = function.contains("boto.utils") || imports_boto(names, last);
            let known = matches!(
                last,
                "get_instance_metadata" | "get_instance_userdata" | "get_instance_identity"
            );
            (is_boto && known).then(|| finding(call, last, names, snippet))
        })
        .collect()
}

fn finding(call: Node<'_>, function: &str, names: &Names<'_>, snippet: &Snippet<'_>) -> Finding {
    let remedy = match rewrite(call, function, names, snippet) {
        Ok(edits) => Remedy::Rewrite(edits),
        Err(reason) => Remedy::advice(
            "ec2_metadata (PyPI) or botocore's IMDSFetcher read metadata with a token; or fetch \
             http://169.254.169.254/latest/meta-data/… with the header X-aws-ec2-metadata-token",
            reason,
        ),
    };
    let what = format!("boto 2's `{function}` reads instance metadata without a token");
    let tree = match function {
        "get_instance_userdata" => "/latest/user-data",
        "get_instance_metadata" => "/latest/meta-data/*",
        _ => "/latest/dynamic/*",
    };
    Finding::new(Rule::TokenlessRequest, call.byte_range(), what, remedy).reading([tree.to_owned()])
}

fn rewrite(
    call: Node<'_>,
    function: &str,
    names: &Names<'_>,
    snippet: &Snippet<'_>,
) -> Result<Vec<Edit>, &'static str> {
    let source: &[u8] = &snippet.text;
    if let Some(reason) = snippet.untouched {
        return Err(reason);
    }
    if !is_clean(call) {
        return Err("the code around it does not parse cleanly");
    }
    if snippet.job.is_test {
        return Err(super::call::TEST);
    }
    let arguments = call.child_by_field_name("arguments").map(children).unwrap_or_default();
    if !arguments.is_empty() {
        return Err("its arguments change what is read");
    }
    let (expression, path) = match function {
        "get_instance_userdata" => (call, "\"user-data\", \"\"".to_owned()),
        "get_instance_metadata" => {
            subscripts(call, source).ok_or("its result is used as a whole")?
        }
        _ => return Err("its result is a parsed document"),
    };
    let statement = around(call)
        .find(|n| n.parent().is_some_and(|p| p.kind() == "module"))
        .ok_or("it is not part of a statement")?;
    let mut edits = vec![Edit::replace(expression.byte_range(), format!("_imds_get({path})"))];
    let has_reader = text(names.root, source).contains("def _imds_get(");
    if !has_reader {
        let first = nodes(names.root)
            .find(|n| {
                n.parent().is_some_and(|p| p.kind() == "module")
                    && !matches!(
                        n.kind(),
                        "import_statement"
                            | "import_from_statement"
                            | "comment"
                            | "future_import_statement"
                    )
                    && !is_docstring(*n)
            })
            .map_or(statement, with_comment);
        if snippet.line_start(first.start_byte()).is_none() {
            return Err("there is no line to put a function on");
        }
        let reader = READER.replace('\n', snippet.line_end(first.start_byte()));
        edits.push(Edit::insert(first.start_byte(), reader));
    }
    Ok(edits)
}

/// `call['a']['b']` as the whole expression and `meta-data/a/b`, when that is one text.
fn subscripts<'t>(call: Node<'t>, source: &[u8]) -> Option<(Node<'t>, String)> {
    let mut expression = call;
    let mut keys = Vec::new();
    while let Some(parent) = expression.parent().filter(|p| p.kind() == "subscript") {
        let key = parent.child_by_field_name("subscript")?;
        keys.push(text(key, source).trim_matches(['"', '\'']).to_owned());
        expression = parent;
    }
    let path = keys.join("/");
    LEAVES.contains(&path.as_str()).then(|| (expression, format!("\"meta-data/{path}\"")))
}

/// The first line of the comment that stands right above `statement`, unless the file begins with it:
/// that one may be a `#!` line or name the encoding.
fn with_comment(statement: Node<'_>) -> Node<'_> {
    let mut first = statement;
    while let Some(above) = first.prev_sibling().filter(|n| {
        n.kind() == "comment"
            && n.start_position().column == 0
            && n.end_position().row + 1 == first.start_position().row
    }) {
        first = above;
    }
    if first.prev_sibling().is_some() { first } else { statement }
}

fn is_docstring(node: Node<'_>) -> bool {
    node.kind() == "expression_statement"
        && children(node).first().is_some_and(|n| n.kind() == "string")
}

fn imports_boto(names: &Names<'_>, name: &str) -> bool {
    names.imports.iter().any(|n| {
        let statement = text(*n, names.source);
        statement.contains("boto.utils") && statement.contains(name)
    })
}
