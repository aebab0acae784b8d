//! Where a script fetches its token: once per scope, before the first request that needs it, and
//! only on paths that make a request.

use std::ops::Range;

use tree_sitter::Node;

use super::flow::{Flow, holds};
use super::request::Request;
use super::seat::{Seat, body, holds_statements, seat, seats};
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
    fn new(at: usize, join: Join, reach: Range<usize>) -> Self {
        Self { at, join, reach }
    }

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
    /// In braces with one command that ends at `end`: the rest of its statement may not run it.
    Braces { end: usize },
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

/// One place for each request, in their order; requests of one scope share theirs. There is none where
/// a request reads the status of the command before it.
///
/// A token is fetched as far out as a request is certain to follow: what asks for nothing does not wait
/// for a token.
pub(crate) fn plan<'t>(requests: &[&Request<'t>], flow: &Flow<'_, 't>) -> Vec<Option<Place>> {
    let commands: Vec<Node> = requests.iter().map(|r| r.command).collect();
    let scopes: Vec<Scope<'t>> = commands.iter().map(|c| scope(*c, flow.source)).collect();
    let seats = commands.iter().map(|c| seats(*c)).collect();
    let mut plan = Plan { flow, commands, seats, places: vec![None; requests.len()] };
    // Loops first, then bodies: a token fetched there serves the chains after it.
    let is_first: [fn(&Scope) -> bool; 3] = [
        |scope| matches!(scope, Scope::Poll(_)),
        |scope| matches!(scope, Scope::Body(_)),
        |scope| matches!(scope, Scope::Chained(_)),
    ];
    for is_next in is_first {
        let mut done: Vec<Scope> = Vec::new();
        for scope in scopes.iter().filter(|scope| is_next(scope)) {
            if done.contains(scope) {
                continue;
            }
            done.push(*scope);
            let members = (0..requests.len()).filter(|i| scopes[*i] == *scope);
            let needy = members.filter(|i| is_first[0](scope) || !plan.serve(*i)).collect();
            plan.place(*scope, needy);
        }
    }
    plan.places
}

/// Places as they are found.
struct Plan<'a, 't> {
    flow: &'a Flow<'a, 't>,
    commands: Vec<Node<'t>>,
    /// For each request the statement lists around it, innermost first.
    seats: Vec<Vec<Seat<'t>>>,
    places: Vec<Option<Place>>,
}

impl<'t> Plan<'_, 't> {
    /// Gives a request the place of another one whose token reaches it.
    fn serve(&mut self, i: usize) -> bool {
        let at = self.commands[i].start_byte();
        let own = body(self.commands[i]);
        let reaching = self.places.iter().zip(&self.commands).find_map(|(place, command)| {
            let place = place.as_ref().filter(|p| p.reach.contains(&at))?;
            (body(*command) == own).then(|| place.clone())
        });
        self.places[i].clone_from(&reaching);
        reaching.is_some()
    }

    fn place(&mut self, scope: Scope<'t>, members: Vec<usize>) {
        let commands = self.commands_of(&members);
        let Some(first) = members.first().copied() else { return };
        match scope {
            Scope::Chained(operand)
                if self.flow.is_certain(operand, &commands) && !self.flow.reads_status(operand) =>
            {
                let reach = operand.start_byte()..chain_end(operand);
                self.put(&members, &Place::new(operand.start_byte(), Join::And, reach));
            }
            Scope::Chained(operand) => self.inside(operand, members),
            Scope::Poll(poll) => match condition_with(poll, &commands) {
                Some(condition) if !self.flow.reads_status(condition) => {
                    // A statement that is the loop itself runs its condition at least once, so what
                    // follows can use the token; inside a pipeline or a subshell it cannot.
                    let outer = seat(poll).filter(|s| s.statement == poll);
                    let end = outer.map_or(poll.end_byte(), |s| s.end());
                    let reach = condition.start_byte()..end;
                    self.put(&members, &Place::new(condition.start_byte(), Join::Statement, reach));
                }
                _ => self.inside(poll, members),
            },
            Scope::Body(body) => {
                let mut seats = self.seats[first].iter();
                let outermost = seats.rfind(|s| holds(body, s.block));
                match outermost.copied() {
                    Some(seat) => self.within(seat.block, members),
                    None => self.inside(body, members),
                }
            }
        }
    }

    /// Places for `members`, which all stand in the statement list `block`.
    fn within(&mut self, block: Node<'t>, members: Vec<usize>) {
        let mut rest = members;
        while let Some(first) = rest.first().copied() {
            let Some(seat) = self.seats[first].iter().find(|s| s.block == block).copied() else {
                return;
            };
            let all = self.commands_of(&rest);
            let following: Vec<Node> = children(block)
                .into_iter()
                .filter(|n| {
                    holds_statements(block, *n) && n.start_byte() >= seat.statement.start_byte()
                })
                .collect();
            let is_certain = self.flow.is_certain_sequence(&following, &all);
            if is_certain && !self.flow.reads_status(seat.statement) {
                if let Some(deeper) = self.deeper(block, &rest, &all) {
                    self.within(deeper, rest);
                } else {
                    let at = seat.statement.start_byte();
                    self.put(&rest, &Place::new(at, Join::Statement, at..seat.end()));
                }
                return;
            }
            let here = |i: &usize| holds(seat.statement, self.commands[*i]);
            let (here, later): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(here);
            self.inside(seat.statement, here);
            rest = later;
        }
    }

    /// The one statement list in `block` that holds all of `members`, if it is certain to ask, too. The
    /// body of a loop is none: it would ask for a token in each round.
    fn deeper(
        &self,
        block: Node<'t>,
        members: &[usize],
        commands: &[Node<'t>],
    ) -> Option<Node<'t>> {
        let next = |i: &usize| {
            let inner = self.seats[*i].iter().take_while(|s| s.block != block);
            inner.last().map(|s| s.block)
        };
        let found = next(members.first()?)?;
        let is_list =
            !matches!(found.kind(), "do_group" | "command_substitution" | "while_statement");
        let list: Vec<Node> =
            children(found).into_iter().filter(|n| holds_statements(found, *n)).collect();
        let starts = list.first().is_some_and(|n| !self.flow.reads_status(*n));
        (is_list
            && starts
            && members.iter().all(|i| next(i) == Some(found))
            && self.flow.is_certain_sequence(&list, commands))
        .then_some(found)
    }

    /// Places for `members`, which are somewhere in `statement`, and not made whenever it is run: in the
    /// statement lists in it, or around each request alone.
    fn inside(&mut self, statement: Node<'t>, members: Vec<usize>) {
        let mut rest = members;
        while let Some(first) = rest.first().copied() {
            let next = |seats: &Vec<Seat<'t>>| {
                let inner = seats.iter().take_while(|s| holds(statement, s.block));
                inner.filter(|s| s.statement != statement).last().map(|s| s.block)
            };
            let block = next(&self.seats[first]);
            let (here, later): (Vec<usize>, Vec<usize>) = rest
                .into_iter()
                .partition(|i| block.is_some() && next(&self.seats[*i]) == block || *i == first);
            match block {
                Some(block) => self.within(block, here),
                None => self.around(first),
            }
            rest = later;
        }
    }

    /// A place for one request alone.
    fn around(&mut self, i: usize) {
        let command = self.commands[i];
        if !self.flow.reads_status(command) {
            let (at, end) = (command.start_byte(), command.end_byte());
            self.places[i] = Some(Place::new(at, Join::Braces { end }, at..end));
        }
    }

    fn put(&mut self, members: &[usize], place: &Place) {
        for i in members {
            self.places[*i] = Some(place.clone());
        }
    }

    fn commands_of(&self, members: &[usize]) -> Vec<Node<'t>> {
        members.iter().map(|i| self.commands[*i]).collect()
    }
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
