//! Metadata URLs on their way to something that cannot be followed: a function of another module, or whatever
//! reads a name that this module only keeps.

use tree_sitter::Node;

use super::call::{Call, sends_tokens};
use super::names::Names;
use crate::address::{self, DEFAULT_ENDPOINT};
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{around, children, nodes, owned};

/// Parts of the names of functions that fetch what a URL leads to.
const FETCHING: [&str; 11] = [
    "fetch", "http", "url", "request", "download", "retrieve", "curl", "query", "read", "open",
    "metadata",
];

/// Functions that other functions are given to fetch with.
const FETCHERS: [&str; 4] = ["requests.get", "urlopen", "httpx.get", "urlretrieve"];

/// Functions that have such a name and only look at a URL, or take one for later.
const LOOKING: [&str; 12] = [
    "urlparse",
    "urlsplit",
    "urlunparse",
    "urljoin",
    "url_join",
    "is_url",
    "validate_url",
    "set_url",
    "add_url",
    "register_uri",
    "quote",
    "unquote",
];

/// Metadata URLs given to functions of other modules, or if there is nothing else, kept by names.
pub(super) fn scan(
    root: Node<'_>,
    names: &Names<'_>,
    snippet: &Snippet<'_>,
    is_alone: bool,
) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let is_test = snippet.job.is_test || names.fakes_requests();
    if is_test || sends_tokens(source) {
        return Vec::new();
    }
    let calls = nodes(root).filter(|n| n.kind() == "call");
    let given: Vec<Finding> = calls.filter_map(|call| given(call, names)).collect();
    if !is_alone || !given.is_empty() {
        return given;
    }
    nodes(root).filter_map(|n| kept(n, names)).collect()
}

/// A metadata URL as an argument of a function that is not known.
fn given<'t>(call: Node<'t>, names: &Names<'t>) -> Option<Finding> {
    let function = call.child_by_field_name("function")?;
    let last = names.last(function).to_lowercase();
    let arguments = children(call.child_by_field_name("arguments")?);
    // `map(requests.get, urls)`
    let is_fetcher = |n: &Node<'t>| {
        let is_name = matches!(n.kind(), "attribute" | "identifier");
        is_name && FETCHERS.iter().any(|fetcher| owned(*n, names.source).ends_with(fetcher))
    };
    let may_fetch = FETCHING.iter().any(|word| last.contains(word))
        || last.starts_with("get_")
        || arguments.iter().any(is_fetcher);
    if !may_fetch || LOOKING.contains(&last.as_str()) || names.is_defined(&names.last(function)) {
        return None;
    }
    let said = owned(call, names.source);
    if Call::read(call, names).is_some() || address::is_foreign(&said) {
        return None;
    }
    let value = |a: &Node<'t>| match a.kind() {
        "list" | "tuple" => children(*a),
        _ => vec![a.child_by_field_name("value").unwrap_or(*a)],
    };
    let texts = arguments.iter().flat_map(value).flat_map(|argument| names.values(argument));
    let paths: Vec<String> = texts.filter_map(|text| in_tree(&text)).collect();
    let what = format!("`{}` is given a metadata URL", owned(function, names.source));
    let reason = "it is not known what this function does with it";
    (!paths.is_empty()).then(|| finding(call, what, reason).reading(paths))
}

/// A metadata URL that a name or a key stands for.
fn kept<'t>(node: Node<'t>, names: &Names<'t>) -> Option<Finding> {
    let value = match node.kind() {
        "assignment" => node.child_by_field_name("right")?,
        "pair" => node.child_by_field_name("value")?,
        _ => return None,
    };
    if value.kind() != "string" || around(node).any(|n| n.kind() == "call") {
        return None;
    }
    let path = names.values(value).iter().find_map(|text| in_tree(text))?;
    let reason = "nothing in this file is seen to read it";
    Some(finding(value, "a metadata URL is kept here".to_owned(), reason).reading([path]))
}

/// The path of a URL in EC2's tree, as a whole text.
fn in_tree(text: &str) -> Option<String> {
    let is_tree = ["/meta-data", "/user-data", "/dynamic"].iter().any(|tree| text.contains(tree));
    let path = address::path(text).filter(|_| is_tree && address::mentioned(text))?;
    (!path.contains("api/token") && !text.contains(char::is_whitespace)).then_some(path)
}

fn finding(node: Node<'_>, what: String, reason: &str) -> Finding {
    let advice = format!(
        "send the header X-aws-ec2-metadata-token wherever it is asked for, with a token from a PUT to \
         {DEFAULT_ENDPOINT}/latest/api/token"
    );
    Finding::new(Rule::UnclearRequest, node.byte_range(), what, Remedy::advice(advice, reason))
}
