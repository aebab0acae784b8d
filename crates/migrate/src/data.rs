//! YAML and JSON as one tree of texts, lists and maps that knows where each stands.

mod entries;
mod template;

use std::ops::Range;

use tree_sitter::Node;

use crate::edit::touching;
use crate::job::Job;
use crate::syntax::{self, children, text};
pub(crate) use entries::{key, needed};

/// One value of a document.
pub(crate) struct Data {
    pub(crate) span: Range<usize>,
    /// A YAML tag such as `!Sub`; empty without one.
    pub(crate) tag: String,
    pub(crate) content: Content,
}

/// What a value is.
pub(crate) enum Content {
    Text(Style),
    List(Vec<Data>),
    Map(Vec<Pair>),
    /// An alias, a number in JSON, nothing at all.
    Other,
}

/// One entry of a map.
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) key_start: usize,
    pub(crate) value: Data,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// A plain scalar inside `[…]` or `{…}`, where more characters mean something.
    PlainInFlow,
    Single,
    Double,
    Literal,
    Folded,
}

/// The documents of a YAML text, of which only the parts are parsed that `wanted` names; none of one that is not
/// wanted.
pub(crate) fn yaml(
    source: &[u8],
    job: &Job,
    wanted: impl Fn(Range<usize>) -> Vec<Range<usize>>,
) -> Vec<Data> {
    let grammar = tree_sitter_yaml::LANGUAGE.into();
    let documents = documents(source);
    let mut parts: Vec<Range<usize>> = documents.iter().cloned().flat_map(wanted).collect();
    if parts.is_empty() {
        return Vec::new();
    }
    if parts == documents {
        parts = std::iter::once(0..source.len()).collect();
    }
    // A template is not YAML before it is filled in.
    let blank = template::blanked(source);
    let text = blank.as_deref().unwrap_or(source);
    let Some(tree) = syntax::parse_parts(&grammar, text, &parts, job) else {
        return Vec::new();
    };
    let mut documents = children(tree.root_node());
    documents.retain(|n| n.kind() == "document");
    let nodes = documents.into_iter().flat_map(children);
    nodes.filter(|n| n.kind().ends_with("_node")).map(|n| yaml_value(n, false, source)).collect()
}

/// Where the documents of a YAML text stand.
fn documents(source: &[u8]) -> Vec<Range<usize>> {
    let is_mark = |at: &usize| source.get(at + 3).is_none_or(u8::is_ascii_whitespace);
    let marks = memchr::memmem::find_iter(source, b"\n---").map(|at| at + 1).filter(is_mark);
    let starts: Vec<usize> = std::iter::once(0).chain(marks).chain([source.len()]).collect();
    starts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// The documents of a YAML text that something at one of `places` stands in, each without what is not around them.
pub(crate) fn around(source: &[u8], places: &[Range<usize>]) -> Vec<Range<usize>> {
    let is_touched = |part: &Range<usize>| !touching(places, part).is_empty();
    let documents = documents(source).into_iter().filter(is_touched);
    documents.flat_map(|d| needed(source, d, &|_, _, entry| is_touched(entry))).collect()
}

/// The value of a JSON text.
pub(crate) fn json(source: &[u8], job: &Job) -> Vec<Data> {
    let Some(tree) = syntax::parse(&tree_sitter_json::LANGUAGE.into(), source, job) else {
        return Vec::new();
    };
    children(tree.root_node()).into_iter().map(|n| json_value(n, source)).collect()
}

fn yaml_value(node: Node<'_>, in_flow: bool, source: &[u8]) -> Data {
    let mut tag = String::new();
    let mut data = Data { span: node.byte_range(), tag: String::new(), content: Content::Other };
    for part in children(node) {
        match part.kind() {
            "tag" => tag = text(part, source).into_owned(),
            "comment" | "anchor" => {}
            kind => {
                data.span = part.byte_range();
                data.content = match kind {
                    "plain_scalar" if in_flow => Content::Text(Style::PlainInFlow),
                    "plain_scalar" => Content::Text(Style::Plain),
                    "single_quote_scalar" => Content::Text(Style::Single),
                    "double_quote_scalar" => Content::Text(Style::Double),
                    "block_scalar" if source.get(part.start_byte()) == Some(&b'>') => {
                        Content::Text(Style::Folded)
                    }
                    "block_scalar" => Content::Text(Style::Literal),
                    "block_sequence" => yaml_list(part, false, source),
                    "flow_sequence" => yaml_list(part, true, source),
                    "block_mapping" => yaml_map(part, false, source),
                    "flow_mapping" => yaml_map(part, true, source),
                    _ => Content::Other,
                };
            }
        }
    }
    data.tag = tag;
    data
}

fn yaml_list(node: Node<'_>, in_flow: bool, source: &[u8]) -> Content {
    let items = children(node).into_iter().filter_map(|item| match item.kind() {
        "block_sequence_item" => children(item).into_iter().find(|n| n.kind().ends_with("_node")),
        "flow_node" => Some(item),
        _ => None,
    });
    Content::List(items.map(|n| yaml_value(n, in_flow, source)).collect())
}

fn yaml_map(node: Node<'_>, in_flow: bool, source: &[u8]) -> Content {
    let pairs = children(node).into_iter().filter_map(|pair| {
        let key = pair.child_by_field_name("key")?;
        let value = pair.child_by_field_name("value");
        Some(Pair {
            key: text(key, source).trim_matches(['"', '\'']).to_owned(),
            key_start: pair.start_byte(),
            value: match value {
                Some(value) => yaml_value(value, in_flow, source),
                None => empty(pair.end_byte()),
            },
        })
    });
    Content::Map(pairs.collect())
}

fn json_value(node: Node<'_>, source: &[u8]) -> Data {
    let content = match node.kind() {
        "string" => Content::Text(Style::Double),
        "array" => Content::List(
            children(node)
                .into_iter()
                .filter(|n| n.kind() != "comment")
                .map(|n| json_value(n, source))
                .collect(),
        ),
        "object" => Content::Map(
            children(node).into_iter().filter_map(|pair| json_pair(pair, source)).collect(),
        ),
        _ => Content::Other,
    };
    Data { span: node.byte_range(), tag: String::new(), content }
}

fn json_pair(pair: Node<'_>, source: &[u8]) -> Option<Pair> {
    let key = pair.child_by_field_name("key")?;
    let value = pair.child_by_field_name("value")?;
    Some(Pair {
        key: text(key, source).trim_matches('"').to_owned(),
        key_start: pair.start_byte(),
        value: json_value(value, source),
    })
}

fn empty(at: usize) -> Data {
    Data { span: at..at, tag: String::new(), content: Content::Other }
}

impl Data {
    /// The value under `key`, when this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().find(|p| p.key == key).map(|p| &p.value)
    }

    /// The value under a path of keys.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |data, key| data.get(key))
    }

    pub(crate) fn pairs(&self) -> &[Pair] {
        match &self.content {
            Content::Map(pairs) => pairs,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// A short text or number as written, without its quotes.
    pub(crate) fn word<'s>(&self, source: &'s [u8]) -> &'s str {
        let raw = source.get(self.span.clone()).unwrap_or_default();
        std::str::from_utf8(raw).unwrap_or_default().trim().trim_matches(['"', '\''])
    }
}
