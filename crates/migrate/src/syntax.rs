//! Parsing: one way into every grammar, and the few questions all of them are asked.

use std::borrow::Cow;
use std::cell::RefCell;

use tree_sitter::{Language, Node, Parser, Tree};

/// Nesting past which a text is not looked into: no person writes it, and every question about a
/// node's surroundings costs its depth.
const MAX_DEPTH: usize = 300;

thread_local! {
    /// A parser keeps the memory of one tree for the next.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// Parses `text`; `None` when the grammar gives up or the nesting is absurd.
pub(crate) fn parse(language: &Language, text: &[u8]) -> Option<Tree> {
    let tree = PARSER.with_borrow_mut(|parser| {
        parser.set_language(language).ok()?;
        parser.parse(text, None)
    })?;
    (depth(tree.root_node()) <= MAX_DEPTH).then_some(tree)
}

/// Every node under `root`, parents before children.
pub(crate) fn nodes(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = root.walk();
    let mut next = Some(root);
    std::iter::from_fn(move || {
        let node = next?;
        next = if cursor.goto_first_child() {
            Some(cursor.node())
        } else {
            loop {
                if cursor.goto_next_sibling() {
                    break Some(cursor.node());
                }
                if !cursor.goto_parent() {
                    break None;
                }
            }
        };
        Some(node)
    })
}

/// The named children of `node`.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// `node` and the nodes around it, innermost first.
pub(crate) fn around(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(Some(node), Node::parent)
}

/// The source text of `node`.
pub(crate) fn text<'s>(node: Node<'_>, source: &'s [u8]) -> Cow<'s, str> {
    String::from_utf8_lossy(&source[node.byte_range()])
}

/// Whether `node` parsed without error and does not stand inside one.
pub(crate) fn is_clean(node: Node<'_>) -> bool {
    !node.has_error() && around(node).all(|n| !n.is_error())
}

/// How many errors the grammar sees.
pub(crate) fn errors(tree: &Tree) -> usize {
    let root = tree.root_node();
    if !root.has_error() {
        return 0;
    }
    nodes(root).filter(|n| n.is_error() || n.is_missing()).count()
}

fn depth(root: Node<'_>) -> usize {
    let mut cursor = root.walk();
    let (mut depth, mut deepest) = (0usize, 0);
    loop {
        if cursor.goto_first_child() {
            depth += 1;
            deepest = deepest.max(depth);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return deepest;
            }
            depth -= 1;
        }
    }
}
