//! Commands: a name and its arguments.

use tree_sitter::Node;

/// The arguments of a command, in order.
pub(crate) fn arguments(command: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = command.walk();
    command.children_by_field_name("argument", &mut cursor).collect()
}
