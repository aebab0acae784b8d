//! Texts of a script that are for people.

use tree_sitter::Node;

use super::names::Names;
use super::request::SPEAKERS;
use super::scripts::is_written;
use crate::syntax::{around, nodes, text};

/// Commands that show what they are given, where the script does not say what they are.
const SPEAKING: [&str; 12] = [
    "die", "err", "error", "warn", "warning", "info", "debug", "fail", "fatal", "abort", "msg",
    "usage",
];

/// Whether `node` is an argument of a command that only speaks of it.
pub(super) fn is_spoken(node: Node<'_>, names: &Names<'_>, source: &[u8]) -> bool {
    let command = around(node).find(|n| n.kind() == "command");
    let name = command.and_then(|n| n.child_by_field_name("name"));
    name.is_some_and(|name| speaks(&text(name, source), names, source))
        && !command.is_some_and(|command| is_written(command, source))
}

/// Whether a command of this name only speaks of its arguments: it is known to, or is a function that prints them.
pub(super) fn speaks(name: &str, names: &Names<'_>, source: &[u8]) -> bool {
    match names.function(name) {
        Some(function) => prints(function, source),
        None => SPEAKERS.contains(&name) || SPEAKING.contains(&name),
    }
}

/// Whether all that a function does with its arguments is to print them.
fn prints(function: Node<'_>, source: &[u8]) -> bool {
    const ARGUMENTS: [&str; 8] = ["$1", "$2", "$@", "$*", "${1", "${2", "${@", "${*"];
    let takes = |n: &Node| ARGUMENTS.iter().any(|argument| text(*n, source).contains(argument));
    let mut commands = nodes(function).filter(|n| n.kind() == "command").filter(takes).peekable();
    commands.peek().is_some()
        && commands.all(|command| {
            let name = command.child_by_field_name("name").map(|n| text(n, source));
            name.is_some_and(|name| SPEAKERS.contains(&name.as_ref()))
        })
}
