//! What positional parameters can be: what callers give, and what `shift` and `set` make of it.

use tree_sitter::Node;

use super::command::arguments;
use super::names::Names;
use super::positional::{Change, ChangeKind, Giver, Parameter};
use crate::address::HOLE;
use crate::syntax::{children, holds};
use crate::values::{bounded, unknown};

/// How many parameters are told apart.
const MAX_POSITION: usize = 9;

impl<'t> Names<'t> {
    /// Notes `command` where it changes the parameters.
    pub(super) fn note_change(&mut self, command: Node<'t>) {
        let name = command.child_by_field_name("name").map(|n| self.text(n));
        let kind = match name.as_deref() {
            Some("shift") => ChangeKind::Shift(match arguments(command)[..] {
                [] => Some(1),
                [count] => self.text(count).parse().ok(),
                _ => None,
            }),
            Some("set") => match self.set_words(command) {
                Some(words) => ChangeKind::Set(words),
                None => return,
            },
            _ => return,
        };
        self.changes.push(Change { command, kind });
    }

    /// Whether `function` gives itself other parameters.
    pub(super) fn sets_parameters(&self, function: Node<'t>) -> bool {
        self.changes.iter().any(|c| c.set().is_some() && holds(function, c.command))
    }

    /// The words that a `set` makes the parameters, if it does.
    fn set_words(&self, command: Node<'t>) -> Option<Vec<Node<'t>>> {
        let words = arguments(command);
        let mut at = 0;
        while let Some(word) = words.get(at).map(|w| self.text(*w)) {
            if word == "--" {
                return Some(words[at + 1..].to_vec());
            } else if !word.starts_with(['-', '+']) {
                return Some(words[at..].to_vec());
            }
            at += if word.ends_with('o') { 2 } else { 1 };
        }
        None
    }

    /// The table of what is to be learned of parameters.
    pub(super) fn collect_parameters(&mut self) {
        let is_changed = !self.changes.is_empty();
        let functions = self.functions.keys().cloned().map(Giver::Callers);
        let sets = self.changes.iter().filter(|c| c.set().is_some());
        let sets = sets.map(|c| Giver::Set(c.command.start_byte()));
        for giver in functions.chain(sets) {
            let skips = 0..=if is_changed { MAX_POSITION } else { 0 };
            let positions = 1..=MAX_POSITION;
            let loose = positions.clone().filter(|_| is_changed).map(Parameter::From);
            let all = positions.map(Parameter::At).chain(loose).chain(skips.map(Parameter::All));
            self.parameters.extend(all.map(|parameter| ((giver.clone(), parameter), Vec::new())));
        }
    }

    /// What `parameter` is in the place of `node`.
    pub(super) fn parameter(&self, parameter: Parameter, node: Node<'t>) -> Vec<String> {
        let own = self.nest.1.innermost(node);
        let callers = own.and_then(|index| self.nest.0.get(index));
        let given = |giver: &Giver, parameter| {
            self.parameters.get(&(giver.clone(), parameter)).cloned().unwrap_or_else(unknown)
        };
        let by_callers = |parameter| match callers {
            Some(function) if !self.calls_of(function).is_empty() => {
                given(&Giver::Callers(function.clone()), parameter)
            }
            _ => unknown(),
        };
        let set = |change: &Change| Giver::Set(change.command.start_byte());
        let changes: Vec<&Change> =
            self.changes.iter().filter(|c| self.nest.1.innermost(c.command) == own).collect();
        if changes.iter().all(|c| self.is_step(c)) {
            let before = changes.iter().rev().filter(|c| c.command.end_byte() <= node.start_byte());
            let mut dropped = 0;
            for change in before {
                match change.kind {
                    ChangeKind::Set(_) => return given(&set(change), parameter.shifted(dropped)),
                    ChangeKind::Shift(count) => dropped += count.unwrap_or_default(),
                }
            }
            return by_callers(parameter.shifted(dropped));
        }
        let sets = changes.iter().filter(|c| c.set().is_some());
        let mut texts = by_callers(parameter.loose());
        texts.extend(sets.flat_map(|c| given(&set(c), parameter.loose())));
        bounded(texts)
    }

    /// Whether a change is one of the steps that its function, or the script, takes one after the other.
    fn is_step(&self, change: &Change<'t>) -> bool {
        let is_known = !matches!(change.kind, ChangeKind::Shift(None));
        let list = change.command.parent();
        let own = list.filter(|_| self.nest.1.innermost(change.command).is_some());
        let is_top = match own {
            Some(list) => list.parent().is_some_and(|n| n.kind() == "function_definition"),
            None => list.is_some_and(|n| n.kind() == "program"),
        };
        is_known && is_top
    }

    /// What `giver` gives for `parameter`.
    pub(super) fn passed(&self, giver: &Giver, parameter: Parameter) -> Vec<String> {
        let mut texts = Vec::new();
        match giver {
            Giver::Callers(function) => {
                for words in self.calls_of(function) {
                    texts.extend(self.given(words, parameter));
                }
                if self.strangers.contains(function) {
                    texts.extend(unknown());
                }
            }
            Giver::Set(at) => {
                let change = self.changes.iter().find(|c| c.command.start_byte() == *at);
                let words = change.and_then(Change::set).unwrap_or_default();
                texts.extend(self.given(words, parameter));
            }
        }
        bounded(texts)
    }

    /// What one call with these words gives for `parameter`.
    fn given(&self, words: &[Node<'t>], parameter: Parameter) -> Vec<String> {
        // From a word on that may be several, or none, nobody knows where the next ones stand.
        let known = words.iter().position(|word| self.is_several(*word)).unwrap_or(words.len());
        let any_from = |first: usize| {
            let words = words.get(first.min(known)..).unwrap_or_default();
            let texts = words.iter().flat_map(|word| {
                let texts = self.evaluate(*word);
                let is_several = self.is_several(*word);
                let split = |text: String| -> Vec<String> {
                    if is_several {
                        text.split_whitespace().map(str::to_owned).collect()
                    } else {
                        vec![text]
                    }
                };
                texts.into_iter().flat_map(split).collect::<Vec<_>>()
            });
            texts.collect::<Vec<_>>()
        };
        match parameter {
            Parameter::At(0) => unknown(),
            Parameter::At(position) if position <= known => self.evaluate(words[position - 1]),
            Parameter::At(_) if known == words.len() => vec![String::new()],
            Parameter::At(position) | Parameter::From(position) => {
                any_from(position.saturating_sub(1))
            }
            Parameter::All(skipped) => {
                self.joined(words.get(skipped.min(known)..).unwrap_or_default())
            }
        }
    }

    /// Whether a word may be none or several to the command that it is given to.
    fn is_several(&self, word: Node<'t>) -> bool {
        const EXPANSIONS: [&str; 3] = ["simple_expansion", "expansion", "command_substitution"];
        let said = self.text(word);
        if ["[@]", "$@", "${@"].iter().any(|list| said.contains(list)) {
            return true;
        }
        let is_bare = |n: &Node| EXPANSIONS.contains(&n.kind());
        let is_split =
            is_bare(&word) || word.kind() == "concatenation" && children(word).iter().any(is_bare);
        let may_split = |text: &String| {
            text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == HOLE)
        };
        is_split && self.evaluate(word).iter().any(may_split)
    }

    /// The words that each call gives which is seen to be one of `function`.
    fn calls_of(&self, function: &str) -> &[Vec<Node<'t>>] {
        self.given.get(function).map_or(&[], Vec::as_slice)
    }
}
