//! What sets variables otherwise than by an assignment: to what, the text does not say.

use tree_sitter::Node;

use super::command::arguments;
use crate::syntax::{children, text};

/// Commands that set the variables whose names they are given, and the option after which alone a name
/// stands.
const SETTERS: [(&str, Option<&str>); 5] = [
    ("read", None),
    ("mapfile", None),
    ("readarray", None),
    ("getopts", None),
    ("printf", Some("-v")),
];

/// The variables that `node` sets, each with the node that says so.
pub(super) fn set_by<'t>(node: Node<'t>, source: &[u8]) -> Vec<(String, Node<'t>)> {
    match node.kind() {
        "command" => {
            let name = node.child_by_field_name("name").map(|n| text(n, source));
            let name = name.as_deref().unwrap_or_default();
            if name == "eval" {
                return arguments(node).into_iter().flat_map(|a| evaluated(a, source)).collect();
            }
            let setter = SETTERS.iter().find(|(setter, _)| *setter == name);
            setter.map_or_else(Vec::new, |(_, option)| given(node, *option, source))
        }
        "declaration_command" => referred(node, source),
        _ => Vec::new(),
    }
}

/// The names among the arguments of a command, all of them or those right after an option.
fn given<'t>(command: Node<'t>, after: Option<&str>, source: &[u8]) -> Vec<(String, Node<'t>)> {
    let mut before = None;
    let mut names = Vec::new();
    for argument in arguments(command) {
        let word = text(argument, source).into_owned();
        if is_name(&word) && (after.is_none() || before.as_deref() == after) {
            names.push((word.clone(), argument));
        }
        before = Some(word);
    }
    names
}

/// The names that `eval` assigns to in `argument`.
fn evaluated<'t>(argument: Node<'t>, source: &[u8]) -> Vec<(String, Node<'t>)> {
    let said = text(argument, source);
    let heads = said.match_indices('=').map(|(at, _)| said[..at].trim_end_matches('+'));
    let names = heads.map(|head| {
        head.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    names.filter(|name| is_name(name)).map(|name| (name.to_owned(), argument)).collect()
}

/// A reference and what it refers to: each may be set by the name of the other.
fn referred<'t>(declaration: Node<'t>, source: &[u8]) -> Vec<(String, Node<'t>)> {
    let parts = children(declaration);
    let is_option = |n: &Node| {
        let word = text(*n, source);
        n.kind() == "word" && word.starts_with('-') && word.contains('n')
    };
    if !parts.iter().any(is_option) {
        return Vec::new();
    }
    let assignments = parts.iter().filter(|n| n.kind() == "variable_assignment");
    let pairs = assignments
        .filter_map(|n| Some((n.child_by_field_name("name")?, n.child_by_field_name("value")?)));
    pairs
        .flat_map(|(name, value)| [name, value].map(|n| (text(n, source).into_owned(), value)))
        .collect()
}

fn is_name(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
