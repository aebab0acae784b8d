//! Lists of statements: where a statement can be added.

use tree_sitter::Node;

use crate::syntax::{around, children};

/// A list of statements and the one in it that holds a request.
#[derive(Clone, Copy)]
pub(super) struct Seat<'t> {
    pub(super) block: Node<'t>,
    pub(super) statement: Node<'t>,
}

impl Seat<'_> {
    /// Where the statements of the list end; a `then` branch ends where the next branch starts.
    pub(super) fn end(&self) -> usize {
        let branches = children(self.block).into_iter();
        let mut others = branches.filter(|n| matches!(n.kind(), "elif_clause" | "else_clause"));
        match others.next() {
            Some(branch) if self.block.kind() == "if_statement" => branch.start_byte(),
            _ => self.block.end_byte(),
        }
    }
}

/// The statement lists around `node`, innermost first.
pub(super) fn seats(node: Node<'_>) -> Vec<Seat<'_>> {
    let mut seats = Vec::new();
    let mut statement = node;
    while let Some(parent) = statement.parent() {
        if holds_statements(parent, statement) {
            seats.push(Seat { block: parent, statement });
        }
        statement = parent;
    }
    seats
}

pub(super) fn seat(node: Node<'_>) -> Option<Seat<'_>> {
    seats(node).into_iter().next()
}

/// Whether `node` stands in `parent` where any statement could stand.
pub(super) fn holds_statements<'t>(parent: Node<'t>, node: Node<'t>) -> bool {
    match parent.kind() {
        "program"
        | "compound_statement"
        | "subshell"
        | "do_group"
        | "else_clause"
        | "elif_clause"
        | "command_substitution" => true,
        "if_statement" => {
            field_of(parent, node) != Some("condition")
                && !matches!(node.kind(), "elif_clause" | "else_clause")
        }
        "case_item" => field_of(parent, node) != Some("value"),
        "while_statement" => field_of(parent, node) == Some("condition"),
        _ => false,
    }
}

fn field_of<'t>(parent: Node<'t>, child: Node<'t>) -> Option<&'t str> {
    let mut cursor = parent.walk();
    if !cursor.goto_first_child() {
        return None;
    }
    loop {
        if cursor.node() == child {
            return cursor.field_name();
        }
        if !cursor.goto_next_sibling() {
            return None;
        }
    }
}

pub(super) fn function_around(node: Node<'_>) -> Option<Node<'_>> {
    around(node).find(|n| n.kind() == "function_definition")
}

/// The script or function that holds `node`.
pub(super) fn body(node: Node<'_>) -> Node<'_> {
    function_around(node).or_else(|| around(node).last()).unwrap_or(node)
}
