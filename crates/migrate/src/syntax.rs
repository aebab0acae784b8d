//! Parsing: one way into every grammar, and the few questions all of them are asked.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{ControlFlow, Range};

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Point, Tree};

use crate::job::{Job, Obstacle};
use crate::limits;

/// Nesting past which a text is not looked into: no person writes it, and every question about a
/// node's surroundings costs its depth.
const MAX_DEPTH: usize = 300;

thread_local! {
    /// A parser keeps the memory of one tree for the next.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
}

/// Parses `text`; `None` when it is over a limit, or the time of its file is, which `job` is told.
pub(crate) fn parse(language: &Language, text: &[u8], job: &Job) -> Option<Tree> {
    parse_parts(language, text, std::slice::from_ref(&(0..text.len())), job)
}

/// The same of some `parts` of it, in their order, as if nothing stood between them. Its nodes have the
/// places that they have in `text`.
pub(crate) fn parse_parts(
    language: &Language,
    text: &[u8],
    parts: &[Range<usize>],
    job: &Job,
) -> Option<Tree> {
    match parsed(language, text, parts, job) {
        Ok(tree) => {
            if tree.root_node().has_error() {
                job.has_error();
            }
            Some(tree)
        }
        Err(obstacle) => {
            job.obstructed(obstacle);
            None
        }
    }
}

fn parsed(
    language: &Language,
    text: &[u8],
    parts: &[Range<usize>],
    job: &Job,
) -> Result<Tree, Obstacle> {
    for part in parts {
        limits::check(&text[part.clone()])?;
    }
    let go_on = |_: &ParseState| {
        if job.budget.look() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let tree = PARSER.with_borrow_mut(|parser| {
        parser.set_language(language).ok()?;
        parser.set_included_ranges(&ranges(text, parts)).ok()?;
        let mut go_on = go_on;
        let options = ParseOptions::new().progress_callback(&mut go_on);
        let tree = parser.parse_with_options(
            &mut |at, _| &text[at.min(text.len())..],
            None,
            Some(options),
        );
        // What is given up would go on with the next text.
        parser.reset();
        tree
    });
    let tree = tree.ok_or(Obstacle::Time)?;
    if depth(tree.root_node()) > MAX_DEPTH { Err(Obstacle::Nesting) } else { Ok(tree) }
}

/// Parts of a text as the parser takes them; none is the whole text to it.
fn ranges(text: &[u8], parts: &[Range<usize>]) -> Vec<tree_sitter::Range> {
    if let [part] = parts
        && *part == (0..text.len())
    {
        return Vec::new();
    }
    let (mut line, mut start, mut at) = (0, 0, 0);
    let mut point = |to: usize| {
        for end in memchr::memchr_iter(b'\n', &text[at..to]) {
            (line, start) = (line + 1, at + end + 1);
        }
        at = to;
        Point::new(line, to - start)
    };
    let range = |part: &Range<usize>| tree_sitter::Range {
        start_byte: part.start,
        end_byte: part.end,
        start_point: point(part.start),
        end_point: point(part.end),
    };
    parts.iter().map(range).collect()
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

/// Whether `inner` stands in `outer`.
pub(crate) fn holds(outer: Node<'_>, inner: Node<'_>) -> bool {
    outer.start_byte() <= inner.start_byte() && inner.end_byte() <= outer.end_byte()
}

/// Nodes of which some stand in others, such as the functions of a text.
#[derive(Default)]
pub(crate) struct Nest<'t> {
    /// In the order of the text, each with the index of the innermost one around it.
    nodes: Vec<(Node<'t>, Option<usize>)>,
}

impl<'t> Nest<'t> {
    /// A nest of `nodes`, which are in the order of the text.
    pub(crate) fn of(nodes: impl IntoIterator<Item = Node<'t>>) -> Self {
        let mut nest = Self::default();
        for node in nodes {
            let around = nest.innermost(node);
            nest.nodes.push((node, around));
        }
        nest
    }

    /// The index of the innermost one that `node` stands in, or is.
    pub(crate) fn innermost(&self, node: Node<'_>) -> Option<usize> {
        let end = self.nodes.partition_point(|(n, _)| n.start_byte() <= node.start_byte());
        let around = |index: &usize| self.nodes[*index].1;
        std::iter::successors(end.checked_sub(1), around).find(|i| holds(self.nodes[*i].0, node))
    }
}

/// The source text of `node`.
pub(crate) fn text<'s>(node: Node<'_>, source: &'s [u8]) -> Cow<'s, str> {
    String::from_utf8_lossy(&source[node.byte_range()])
}

/// The source text of `node`, to be kept.
pub(crate) fn owned(node: Node<'_>, source: &[u8]) -> String {
    text(node, source).into_owned()
}

/// Whether `node` parsed without error and does not stand inside one.
pub(crate) fn is_clean(node: Node<'_>) -> bool {
    !node.has_error() && around(node).all(|n| !n.is_error())
}

/// Every node under `root` for which [`is_clean`] holds, parents before children.
pub(crate) fn clean_nodes(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = root.walk();
    let mut is_at_end = false;
    std::iter::from_fn(move || {
        while !is_at_end {
            let node = cursor.node();
            let goes_down = !node.is_error() && cursor.goto_first_child();
            while !goes_down && !is_at_end && !cursor.goto_next_sibling() {
                is_at_end = !cursor.goto_parent();
            }
            if !node.has_error() {
                return Some(node);
            }
        }
        None
    })
}

/// How many errors the grammar sees.
pub(crate) fn errors(tree: &Tree) -> usize {
    let root = tree.root_node();
    if !root.has_error() {
        return 0;
    }
    nodes(root).filter(|n| n.is_error() || n.is_missing()).count()
}

/// At most how deep the nodes under `root` stand.
fn depth(root: Node<'_>) -> usize {
    // A few nodes are not deep, in whatever way they stand inside each other.
    if root.descendant_count() <= MAX_DEPTH {
        return root.descendant_count();
    }
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
