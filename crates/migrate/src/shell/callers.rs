//! Who calls the functions of a script: what is seen to, and whether others may.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::command::arguments;
use super::names::Names;
use super::request::SPEAKERS;
use super::spoken::{is_printed, is_spoken};
use crate::address::HOLE;
use crate::syntax::{around, children, holds, nodes};

/// Words of the shell that run the function behind them.
pub(super) const PREFIXES: [&str; 2] = ["time", "coproc"];

impl<'t> Names<'t> {
    /// Notes the calls of all functions: by their names, and by those of functions that only run what they are given.
    /// Whose name stands anywhere else, others may call.
    pub(super) fn collect_calls(&mut self, root: Node<'t>) {
        let mut understood = BTreeSet::new();
        for definition in self.functions.values() {
            understood.extend(definition.child_by_field_name("name").map(|n| n.start_byte()));
        }
        let mut given = BTreeMap::<String, Vec<Vec<Node>>>::new();
        for (name, calls) in &self.calls {
            let is_function = self.functions.contains_key(name);
            let runs = PREFIXES.contains(&name.as_str())
                || self.function(name).is_some_and(|f| self.only_runs_its_words(f));
            for call in calls {
                let words = arguments(*call);
                if is_function {
                    understood.extend(call.child_by_field_name("name").map(|n| n.start_byte()));
                    given.entry(name.clone()).or_default().push(words.clone());
                }
                let inner = words.iter().position(|w| self.functions.contains_key(&self.text(*w)));
                if let Some(at) = inner.filter(|_| runs) {
                    understood.insert(words[at].start_byte());
                    let rest = words[at + 1..].to_vec();
                    given.entry(self.text(words[at])).or_default().push(rest);
                }
            }
        }
        self.given = given;
        let functions = self.functions.keys().cloned();
        self.strangers =
            functions.filter(|name| self.is_named_elsewhere(name, &understood, root)).collect();
    }

    /// Whether a function does no more with its parameters than to run them as a command, or to print them.
    fn only_runs_its_words(&self, function: Node<'t>) -> bool {
        let is_all = |n: &Node| {
            matches!(n.kind(), "simple_expansion" | "expansion")
                && children(*n).first().is_some_and(|name| matches!(&*self.text(*name), "@" | "*"))
        };
        let is_run = |n: &Node<'t>| {
            let command = around(*n).find(|c| c.kind() == "command");
            let name = command.and_then(|c| c.child_by_field_name("name"));
            command.zip(name).is_some_and(|(command, name)| {
                self.text(name) == "\"$@\"" && arguments(command).is_empty()
                    || SPEAKERS.contains(&&*self.text(name))
            })
        };
        let mut uses = nodes(function).filter(is_all).peekable();
        let starts = |n: &Node<'t>| n.kind() == "command_name" && self.text(*n) == "\"$@\"";
        let names_one = |n: &Node<'t>| {
            n.kind() == "command_name" && self.text(*n) != "\"$@\"" && self.text(*n).contains('$')
        };
        uses.peek().is_some()
            && uses.all(|n| is_run(&n))
            && nodes(function).any(|n| starts(&n))
            && !nodes(function).any(|n| names_one(&n))
            && !self.sets_parameters(function)
    }

    /// Whether `name` stands where it may be a command that is not `understood`.
    fn is_named_elsewhere(&self, name: &str, understood: &BTreeSet<usize>, root: Node<'t>) -> bool {
        let is_named = |at: usize| {
            let end = at + name.len();
            let Some(node) = root.descendant_for_byte_range(at, end) else { return false };
            let is_whole = node.byte_range() == (at..end);
            (is_whole || self.is_word(at, end)) && !understood.contains(&at) && self.may_run(node)
        };
        memchr::memmem::find_iter(self.source, name.as_bytes()).any(is_named)
    }

    /// Whether what stands there may be a word of its own to a shell that reads it.
    fn is_word(&self, at: usize, end: usize) -> bool {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"_-./:,@%+$~".contains(b);
        let before = at.checked_sub(1).and_then(|at| self.source.get(at));
        let after = self.source.get(end);
        !before.is_some_and(is_part)
            && !after.is_some_and(|b| *b != b'$' && (is_part(b) || *b == b'='))
    }

    /// Whether the text of `node` may come to be run: it is no comment, name or pattern, and not only said.
    fn may_run(&self, node: Node<'t>) -> bool {
        const OTHERS: [&str; 3] = ["comment", "variable_name", "test_command"];
        if around(node).any(|n| OTHERS.contains(&n.kind())) || is_spoken(node, self, self.source) {
            return false;
        }
        let is_pattern = |n: Node<'t>| {
            let item = n.parent().filter(|p| p.kind() == "case_item");
            item.is_some_and(|item| {
                let mut cursor = item.walk();
                item.children_by_field_name("value", &mut cursor).any(|v| holds(v, node))
            })
        };
        let text = around(node).find(|n| n.kind() == "heredoc_body");
        !around(node).any(is_pattern) && !text.is_some_and(|text| is_printed(text, self.source))
    }

    /// The functions that a command may call by a name which is not written down: `"$@"`, `run_$1`.
    pub(super) fn called_by_value(&self) -> BTreeSet<String> {
        let mut called = BTreeSet::new();
        for (name, calls) in &self.calls {
            if !name.contains('$') && name != "eval" {
                continue;
            }
            for call in calls {
                let word = match name.as_str() {
                    "eval" => arguments(*call).first().copied(),
                    _ => call.child_by_field_name("name"),
                };
                let Some(word) = word.filter(|w| !self.text(*w).contains("$(")) else { continue };
                for value in self.evaluate(word) {
                    let program = value.split_whitespace().next().unwrap_or_default();
                    let is_known = name == "\"$@\"" && !program.contains(HOLE);
                    let names = self.functions.keys().filter(|f| !is_known && fits(program, f));
                    called.extend(names.cloned());
                }
            }
        }
        called
    }
}

/// Whether `text`, in which something may be unknown, can be `name`.
fn fits(text: &str, name: &str) -> bool {
    match (text.split_once(HOLE), text.rsplit_once(HOLE)) {
        (Some((head, _)), Some((_, tail))) => {
            name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        }
        _ => text == name,
    }
}
