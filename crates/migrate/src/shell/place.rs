//! Where a script fetches its token: once per scope, before the first request that needs it, and
//! only on paths that make a request.

use std::ops::Range;

use tree_sitter::Node;

use super::names::arguments;
use super::request::{Kind, Request};
use crate::syntax::{around, children, nodes, text};

/// Where an assignment of the token goes, and how far it reaches.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The byte before which it is inserted.
    pub(crate) at: usize,
    /// How it is joined to what follows.
    pub(crate) join: Join,
    /// The bytes whose requests can use the token.
    pub(crate) reach: Range<usize>,
}

impl Place {
    /// Right before `node`, for it alone.
    pub(crate) fn before(node: Node<'_>) -> Self {
        let at = node.start_byte();
        Self { at, join: Join::Statement, reach: at..at }
    }
}

/// How the assignment is joined to the code after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// As a statement of its own.
    Statement,
    /// As one more condition of an `&&` chain.
    And,
}

/// A token that the script fetches already.
#[derive(Clone, Debug)]
pub(crate) struct Existing {
    pub(crate) variable: String,
    pub(crate) reach: Range<usize>,
}

/// A list of statements and the one in it that holds a request.
#[derive(Clone, Copy)]
struct Seat<'t> {
    block: Node<'t>,
    statement: Node<'t>,
}

impl Seat<'_> {
    /// Where the statements of the list end; a `then` branch ends where the next branch starts.
    fn end(&self) -> usize {
        let branches = children(self.block).into_iter();
        let mut others = branches.filter(|n| matches!(n.kind(), "elif_clause" | "else_clause"));
        match others.next() {
            Some(branch) if self.block.kind() == "if_statement" => branch.start_byte(),
            _ => self.block.end_byte(),
        }
    }
}

/// The scope whose requests share one token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope<'t> {
    /// The script or a function.
    Body(Node<'t>),
    /// A loop that sleeps: it may outlive a token, or wait for the service to come up.
    Poll(Node<'t>),
    /// The right side of `&&`: what is left of it may have to happen first.
    Chained(Node<'t>),
}

/// One place for each request, in their order; requests of one scope share theirs.
pub(crate) fn plan<'t>(requests: &[&Request<'t>], source: &[u8]) -> Vec<Place> {
    let scopes: Vec<Scope<'t>> = requests.iter().map(|r| scope(r.command, source)).collect();
    let mut places: Vec<Option<Place>> = vec![None; requests.len()];
    // Bodies and loops first: a token fetched there serves the chains after it.
    for chained in [false, true] {
        for i in 0..requests.len() {
            if places[i].is_some() || matches!(scopes[i], Scope::Chained(_)) != chained {
                continue;
            }
            let at = requests[i].command.start_byte();
            let body = body(requests[i].command);
            let served = places.iter().enumerate().find_map(|(j, place)| {
                let place = place.as_ref()?;
                let same_body = body == self::body(requests[j].command);
                let may_share = match scopes[i] {
                    Scope::Poll(_) => scopes[i] == scopes[j],
                    Scope::Body(_) => matches!(scopes[j], Scope::Body(_) | Scope::Poll(_)),
                    Scope::Chained(_) => true,
                };
                (same_body && may_share && place.reach.contains(&at)).then(|| place.clone())
            });
            if served.is_some() {
                places[i] = served;
                continue;
            }
            let members: Vec<usize> = (i..requests.len())
                .filter(|j| places[*j].is_none() && scopes[*j] == scopes[i])
                .collect();
            let commands: Vec<Node> = members.iter().map(|j| requests[*j].command).collect();
            let place = place(scopes[i], &commands, source);
            for j in members {
                places[j] = Some(place.clone());
            }
        }
    }
    places.into_iter().flatten().collect()
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
            Some(assignment) => found.extend(assigned(assignment, commands, source)),
            None => fetching_functions.extend(function_around(fetch.command)),
        }
    }
    // `TOKEN=$(get_token)`, where the function prints the token.
    for function in fetching_functions {
        let name = function.child_by_field_name("name").map(|n| text(n, source));
        for command in commands {
            let called = command.child_by_field_name("name").map(|n| text(n, source));
            if name.is_some() && called == name {
                let assignment = assignment_of(*command);
                found.extend(assignment.into_iter().flat_map(|a| assigned(a, &[], source)));
            }
        }
    }
    found
}

/// The variable that an assignment fills, after the assignment and after calls of its function.
fn assigned<'t>(assignment: Node<'t>, commands: &[Node<'t>], source: &[u8]) -> Vec<Existing> {
    let Some(variable) = assignment.child_by_field_name("name") else { return Vec::new() };
    let variable = text(variable, source).into_owned();
    let reach = |node: Node<'t>| Existing {
        variable: variable.clone(),
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

fn function_around(node: Node<'_>) -> Option<Node<'_>> {
    around(node).find(|n| n.kind() == "function_definition")
}

/// The script or function that holds `node`.
fn body(node: Node<'_>) -> Node<'_> {
    function_around(node).or_else(|| around(node).last()).unwrap_or(node)
}

fn scope<'t>(command: Node<'t>, source: &[u8]) -> Scope<'t> {
    let body = body(command);
    let inside = || around(command).take_while(move |n| *n != body);
    if let Some(poll) = inside().find(|n| is_poll(*n, source)) {
        return Scope::Poll(poll);
    }
    let backticks = inside().any(|n| n.kind() == "command_substitution" && starts(n, b'`', source));
    let operand = inside().find(|n| is_right_of_and(*n));
    match operand {
        Some(operand) if !backticks => Scope::Chained(operand),
        _ => Scope::Body(body),
    }
}

fn place(scope: Scope<'_>, commands: &[Node<'_>], source: &[u8]) -> Place {
    if let Scope::Chained(operand) = scope {
        return Place {
            at: operand.start_byte(),
            join: Join::And,
            reach: operand.start_byte()..chain_end(operand),
        };
    }
    if let Scope::Poll(poll) = scope
        && let Some(condition) = condition_with(poll, commands)
    {
        // A statement that is the loop itself runs its condition at least once, so what follows
        // can use the token; inside a pipeline or a subshell it cannot.
        let end = seat(poll).filter(|s| s.statement == poll).map_or(poll.end_byte(), |s| s.end());
        return Place {
            at: condition.start_byte(),
            join: Join::Statement,
            reach: condition.start_byte()..end,
        };
    }
    let seats: Vec<Vec<Seat>> = commands.iter().map(|c| seats(*c)).collect();
    let shared = seats.first().and_then(|first| {
        first.iter().find(|seat| {
            seats.iter().all(|others| others.iter().any(|other| other.block == seat.block))
        })
    });
    if let Some(seat) = shared {
        let seat = before_loops(*seat, source);
        Place {
            at: seat.statement.start_byte(),
            join: Join::Statement,
            reach: seat.statement.start_byte()..seat.end(),
        }
    } else {
        commands
            .first()
            .map_or(Place { at: 0, join: Join::Statement, reach: 0..0 }, |c| Place::before(*c))
    }
}

/// The seat of the outermost loop around `seat` that goes through a list, and so does not outlive
/// a token: one token serves all its rounds.
fn before_loops<'t>(seat: Seat<'t>, source: &[u8]) -> Seat<'t> {
    let lap = seat.block.parent().filter(|lap| {
        seat.block.kind() == "do_group"
            && !is_poll(*lap, source)
            && goes_through_a_list(*lap, source)
    });
    match lap.and_then(self::seat) {
        Some(outer) => before_loops(outer, source),
        None => seat,
    }
}

fn goes_through_a_list(lap: Node<'_>, source: &[u8]) -> bool {
    match lap.kind() {
        "for_statement" => text(lap, source).starts_with("for"),
        "while_statement" => lap.child_by_field_name("condition").is_some_and(|condition| {
            let name = condition.child_by_field_name("name");
            name.is_some_and(|name| text(name, source) == "read")
        }),
        _ => false,
    }
}

/// The statement lists around `node`, innermost first.
fn seats(node: Node<'_>) -> Vec<Seat<'_>> {
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

fn seat(node: Node<'_>) -> Option<Seat<'_>> {
    seats(node).into_iter().next()
}

/// Whether `node` stands in `parent` where any statement could stand.
fn holds_statements<'t>(parent: Node<'t>, node: Node<'t>) -> bool {
    match parent.kind() {
        "program" | "compound_statement" | "subshell" | "do_group" | "else_clause"
        | "elif_clause" => true,
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

fn is_poll(node: Node<'_>, source: &[u8]) -> bool {
    matches!(node.kind(), "while_statement" | "for_statement" | "c_style_for_statement")
        && nodes(node).any(|n| n.kind() == "command_name" && text(n, source) == "sleep")
}

/// The first statement of the loop's condition, when one of `commands` runs in the condition.
fn condition_with<'t>(poll: Node<'t>, commands: &[Node<'_>]) -> Option<Node<'t>> {
    let mut cursor = poll.walk();
    let conditions: Vec<Node> = poll.children_by_field_name("condition", &mut cursor).collect();
    let is_used = poll.kind() == "while_statement"
        && commands.iter().any(|c| {
            conditions
                .iter()
                .any(|n| n.start_byte() <= c.start_byte() && c.end_byte() <= n.end_byte())
        });
    conditions.first().copied().filter(|_| is_used)
}

fn is_right_of_and(node: Node<'_>) -> bool {
    let Some(list) = node.parent().filter(|p| p.kind() == "list") else { return false };
    let mut cursor = list.walk();
    let parts: Vec<Node> = list.children(&mut cursor).collect();
    parts.last() == Some(&node) && parts.iter().any(|p| p.kind() == "&&")
}

/// How far the `&&`s go on to the right of `operand`.
fn chain_end(operand: Node<'_>) -> usize {
    let mut chain = operand;
    while let Some(list) = chain.parent().filter(|p| p.kind() == "list") {
        let mut cursor = list.walk();
        if !list.children(&mut cursor).any(|p| p.kind() == "&&") {
            break;
        }
        chain = list;
    }
    chain.end_byte()
}

fn starts(node: Node<'_>, byte: u8, source: &[u8]) -> bool {
    source.get(node.start_byte()) == Some(&byte)
}
