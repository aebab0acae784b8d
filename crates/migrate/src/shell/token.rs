//! The tokens that a script fetches itself.

use std::ops::Range;

use tree_sitter::Node;

use super::command::arguments;
use super::request::{Kind, Request};
use super::seat::{function_around, seat};
use crate::syntax::{around, children, text};

/// A token that the script fetches already.
#[derive(Clone, Debug)]
pub(crate) struct Existing {
    pub(crate) variable: String,
    /// Where it was asked for, as in [`Request::endpoint`].
    pub(crate) endpoint: String,
    pub(crate) reach: Range<usize>,
}

/// The tokens a script fetches itself, with the code that can use each.
pub(crate) fn existing<'t>(
    fetches: &[Request<'t>],
    commands: &[Node<'t>],
    source: &[u8],
) -> Vec<Existing> {
    let mut found = Vec::new();
    let mut fetching_functions = Vec::new();
    for fetch in fetches.iter().filter(|r| r.kind == Kind::TokenFetch) {
        match assignment_of(fetch.command) {
            Some(assignment) => found.extend(assigned(assignment, fetch, commands, source)),
            None => {
                fetching_functions.extend(function_around(fetch.command).map(|f| (f, fetch)));
            }
        }
    }
    // `TOKEN=$(get_token)`, where the function prints the token.
    for (function, fetch) in fetching_functions {
        let name = function.child_by_field_name("name").map(|n| text(n, source));
        for command in commands {
            let called = command.child_by_field_name("name").map(|n| text(n, source));
            if name.is_some() && called == name {
                let assignment = assignment_of(*command);
                found.extend(assignment.into_iter().flat_map(|a| assigned(a, fetch, &[], source)));
            }
        }
    }
    found
}

/// The variable that an assignment fills, after the assignment and after calls of its function.
fn assigned<'t>(
    assignment: Node<'t>,
    fetch: &Request<'t>,
    commands: &[Node<'t>],
    source: &[u8],
) -> Vec<Existing> {
    let Some(variable) = assignment.child_by_field_name("name") else { return Vec::new() };
    let variable = text(variable, source).into_owned();
    let reach = |node: Node<'t>| Existing {
        variable: variable.clone(),
        endpoint: fetch.endpoint.clone(),
        reach: node.end_byte()..seat(node).map_or(node.end_byte(), |s| s.end()),
    };
    let mut found = vec![reach(assignment)];
    let is_local = assignment
        .parent()
        .is_some_and(|p| p.kind() == "declaration_command" && text(p, source).starts_with("local"));
    if let Some(function) = function_around(assignment).filter(|_| !is_local) {
        let name = function.child_by_field_name("name").map(|n| text(n, source));
        let calls = commands.iter().filter(|c| {
            c.child_by_field_name("name").map(|n| text(n, source)) == name
                && arguments(**c).len() < 2
                && !around(**c).any(|n| n.kind() == "command_substitution")
        });
        found.extend(calls.map(|c| reach(*c)));
    }
    found
}

/// The assignment whose whole value is the output of `command`.
fn assignment_of(command: Node<'_>) -> Option<Node<'_>> {
    let substitution = around(command).find(|n| n.kind() == "command_substitution")?;
    let value = around(substitution)
        .take_while(|n| n.kind() != "variable_assignment")
        .find(|n| n.kind() == "string" || n == &substitution)?;
    let outer = value.parent()?;
    let holder = if outer.kind() == "string" { outer } else { value };
    let alone = holder == value || children(holder).len() == 1;
    holder.parent().filter(|n| n.kind() == "variable_assignment" && alone)
}
