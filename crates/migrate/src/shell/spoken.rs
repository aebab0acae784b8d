//! Texts of a script that are for people.

use tree_sitter::Node;

use super::names::Names;
use super::request::SPEAKERS;
use crate::syntax::{around, nodes, text};

/// Commands that show what they are given, where the script does not say what they are.
const SPEAKING: [&str; 12] = [
    "die", "err", "error", "warn", "warning", "info", "debug", "fail", "fatal", "abort", "msg",
    "usage",
];

/// Where redirections go that lead to no file.
const PRINTED: [&str; 6] = ["&1", "&2", "/dev/stdout", "/dev/stderr", "/dev/null", "/dev/tty"];

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

/// Whether what `node` prints goes into a file or another program.
pub(super) fn is_written(node: Node<'_>, source: &[u8]) -> bool {
    let mut statement = around(node).skip(1).take(3);
    statement.any(|n| match n.kind() {
        "pipeline" => true,
        "redirected_statement" => {
            nodes(n).take_while(|n| n.kind() != "heredoc_body").any(|n| {
                let to =
                    || text(n, source).trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
                // To where the script prints anyway is no file.
                n.kind() == "file_redirect" && !PRINTED.iter().any(|end| to().ends_with(end))
            })
        }
        _ => false,
    })
}

/// Whether a here-document is only printed: by `cat`, and to where the script prints.
pub(super) fn is_printed(node: Node<'_>, source: &[u8]) -> bool {
    let statement = around(node).find(|n| n.kind() == "redirected_statement");
    let command = statement.and_then(|s| nodes(s).find(|n| n.kind() == "command_name"));
    command.is_none_or(|name| SPEAKERS.contains(&text(name, source).as_ref()))
        && !around(node).any(|n| n.kind() == "command_substitution")
}
