//! What a script's names stand for: variables, functions and their callers, and the value a word
//! can take as far as the file tells.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::setters::set_by;
use crate::address::HOLE;
use crate::assigned::{Assigned, learn_all};
use crate::job::Job;
use crate::syntax::{Nest, children, nodes, owned, text};
use crate::values::{ROUNDS, bounded, product, some_of, unknown};

/// The names of one script.
pub(crate) struct Names<'t> {
    pub(super) source: &'t [u8],
    pub(super) job: &'t Job,
    /// Variable → its assignments anywhere in the script.
    pub(super) assigned: BTreeMap<String, Assigned<'t>>,
    /// Values of which a variable takes one word after the other, by the byte they begin at.
    loops: BTreeSet<usize>,
    /// What stands for a value that the text does not say, by the byte it begins at.
    unsaid: BTreeSet<usize>,
    /// Function → its definition.
    pub(super) functions: BTreeMap<String, Node<'t>>,
    /// The names of the functions in the order of the text, and which stands in which.
    pub(super) nest: (Vec<String>, Nest<'t>),
    /// Command name → its calls.
    calls: BTreeMap<String, Vec<Node<'t>>>,
    /// Function and parameter → what its callers give.
    pub(super) parameters: BTreeMap<(String, Parameter), Vec<String>>,
}

/// A parameter of a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Parameter {
    At(usize),
    /// `$@` and `$*`
    All,
}

impl Parameter {
    pub(super) fn named(name: &str) -> Option<Self> {
        if matches!(name, "@" | "*") { Some(Self::All) } else { name.parse().ok().map(Self::At) }
    }
}

impl<'t> Names<'t> {
    pub(crate) fn collect(root: Node<'t>, source: &'t [u8], job: &'t Job) -> Self {
        let mut names = Self {
            source,
            job,
            assigned: BTreeMap::new(),
            loops: BTreeSet::new(),
            unsaid: BTreeSet::new(),
            functions: BTreeMap::new(),
            nest: (Vec::new(), Nest::default()),
            calls: BTreeMap::new(),
            parameters: BTreeMap::new(),
        };
        for node in nodes(root) {
            for (name, by) in set_by(node, source) {
                names.assigned.entry(name).or_default().push(by);
                names.unsaid.insert(by.start_byte());
            }
            match node.kind() {
                "variable_assignment" => {
                    names.assign(node, node.child_by_field_name("value"), false);
                }
                "for_statement" => {
                    let mut cursor = node.walk();
                    for value in node.children_by_field_name("value", &mut cursor) {
                        names.assign(node, Some(value), true);
                    }
                }
                "expansion" => names.assign_default(node),
                "function_definition" => {
                    if let Some(name) = node.child_by_field_name("name") {
                        names.functions.insert(names.text(name), node);
                    }
                }
                "command" => {
                    if let Some(name) = node.child_by_field_name("name") {
                        names.calls.entry(names.text(name)).or_default().push(node);
                    }
                }
                _ => {}
            }
        }
        names.nest();
        names.collect_parameters();
        names.settle();
        names
    }

    pub(crate) fn function(&self, name: &str) -> Option<Node<'t>> {
        self.functions.get(name).copied()
    }

    pub(crate) fn calls(&self, name: &str) -> &[Node<'t>] {
        self.calls.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether `name` is assigned anywhere in the script.
    pub(crate) fn is_assigned(&self, name: &str) -> bool {
        self.assigned.contains_key(name)
    }

    /// The values `node` can take; what is not known stands as `HOLE`. Never empty.
    pub(crate) fn values(&self, node: Node<'t>) -> Vec<String> {
        some_of(self.evaluate(node))
    }

    /// The values that `parts` can take together. They are one word, of which the grammar made
    /// several, as it does of `$url/$tree/$key`.
    pub(crate) fn joint_values(&self, parts: &[Node<'t>]) -> Vec<String> {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return unknown() };
        let raw = String::from_utf8_lossy(&self.source[first.start_byte()..last.end_byte()]);
        if parts.len() == 1 || raw.contains(['"', '\'', '`', '(']) {
            let values = vec![String::new()];
            return parts.iter().fold(values, |values, part| product(&values, &self.values(*part)));
        }
        some_of(self.word(&raw, *first))
    }

    /// The nodes that `$variable` and `${variable}` are, wherever they stand.
    pub(crate) fn is_expansion_of(&self, node: Node<'_>, variable: &str) -> bool {
        matches!(node.kind(), "simple_expansion" | "expansion")
            && children(node).first().is_some_and(|name| self.text(*name) == variable)
    }

    /// Goes through all names until nothing new is learned of any.
    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            let mut is_settled =
                !learn_all(self, |names| &mut names.assigned, Self::assigned_texts);
            let parameters: Vec<(String, Parameter)> = self.parameters.keys().cloned().collect();
            for key in parameters {
                let texts = self.passed(&key.0, key.1);
                if self.parameters.get(&key) != Some(&texts) {
                    self.parameters.insert(key, texts);
                    is_settled = false;
                }
            }
            if is_settled || !self.job.budget.look() {
                return;
            }
        }
    }

    fn assigned_texts(&self, value: Node<'t>) -> Vec<String> {
        if self.unsaid.contains(&value.start_byte()) {
            return unknown();
        }
        let texts = self.evaluate(value);
        if self.loops.contains(&value.start_byte()) {
            // `"${paths[@]}"` is as many words as the array has.
            let texts = self.split(texts, value);
            let words = texts.iter().flat_map(|t| t.split_whitespace());
            return bounded(words.map(str::to_owned).collect());
        }
        bounded(self.appended(texts, value))
    }

    /// What a variable is with `texts`, its new value, where that is added to those before it. The elements of
    /// an array stay as they are.
    fn appended(&self, texts: Vec<String>, value: Node<'t>) -> Vec<String> {
        let assignment = value.parent().filter(|n| n.kind() == "variable_assignment");
        let name = assignment.and_then(|n| n.child_by_field_name("name"));
        let Some(name) = name.filter(|_| value.kind() != "array") else { return texts };
        let adds = self.source[name.end_byte()..value.start_byte()] == *b"+=";
        let assigned = self.assigned.get(&self.text(name)).filter(|_| adds);
        let own = assigned.and_then(|a| Some(a.before(a.around(value)?)));
        match own {
            Some(before) if !before.is_empty() => product(before, &texts),
            _ => texts,
        }
    }

    /// The values of a word, and those of which `IFS` makes several words.
    pub(super) fn split(&self, mut values: Vec<String>, word: Node<'t>) -> Vec<String> {
        let is_split = matches!(word.kind(), "simple_expansion" | "expansion" | "concatenation");
        let Some(assigned) = self.assigned.get("IFS").filter(|_| is_split) else { return values };
        let ends_word = |c: char| c != HOLE && assigned.all().iter().any(|v| v.contains(c));
        let several: Vec<String> =
            values.iter().map(|v| v.split(ends_word).collect::<Vec<_>>().join(" ")).collect();
        values.extend(several);
        bounded(values)
    }

    /// What the callers of `function` give for `parameter`.
    fn passed(&self, function: &str, parameter: Parameter) -> Vec<String> {
        let calls = self.calls(function).iter();
        let texts = calls.flat_map(|call| match parameter {
            Parameter::All => self.joined(&arguments(*call)),
            Parameter::At(position) => {
                let argument = arguments(*call).into_iter().nth(position.wrapping_sub(1));
                argument.map_or_else(unknown, |a| self.evaluate(a))
            }
        });
        bounded(texts.collect())
    }

    fn nest(&mut self) {
        let mut functions: Vec<(&String, &Node)> = self.functions.iter().collect();
        functions.sort_by_key(|(_, node)| node.start_byte());
        let names = functions.iter().map(|(name, _)| (*name).clone()).collect();
        self.nest = (names, Nest::of(functions.iter().map(|(_, node)| **node)));
    }

    fn collect_parameters(&mut self) {
        let functions: Vec<(String, Node<'t>)> =
            self.functions.iter().map(|(name, node)| (name.clone(), *node)).collect();
        // What is in two functions inside each other is the inner one's, and asked for there.
        for (function, definition) in functions {
            let expansions = nodes(definition)
                .filter(|n| matches!(n.kind(), "simple_expansion" | "expansion"))
                .filter_map(|n| Parameter::named(&self.text(*children(n).first()?)))
                .collect::<Vec<_>>();
            // A word such as `$url/$1` is read as text.
            let digits = (1..10).map(Parameter::At);
            let all = expansions.into_iter().chain(digits).chain([Parameter::All]);
            self.parameters
                .extend(all.map(|parameter| ((function.clone(), parameter), Vec::new())));
        }
    }

    fn assign(&mut self, node: Node<'t>, value: Option<Node<'t>>, is_loop: bool) {
        let name = node.child_by_field_name("name").or(node.child_by_field_name("variable"));
        let Some(name) = name else { return };
        // `urls[1]=…`: what one element is, any may be.
        let name = name.child_by_field_name("name").unwrap_or(name);
        let assigned = self.assigned.entry(text(name, self.source).into_owned()).or_default();
        let Some(value) = value else { return };
        assigned.push(value);
        if is_loop {
            self.loops.insert(value.start_byte());
        }
    }

    /// `${NAME:=value}`
    fn assign_default(&mut self, node: Node<'t>) {
        if let [name, value] = children(node)[..]
            && matches!(&self.source[name.end_byte()..value.start_byte()], b":=" | b"=")
        {
            self.assigned.entry(self.text(name)).or_default().push(value);
        }
    }

    pub(super) fn text(&self, node: Node<'_>) -> String {
        owned(node, self.source)
    }
}

/// The arguments of a command, in order.
pub(crate) fn arguments(command: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = command.walk();
    command.children_by_field_name("argument", &mut cursor).collect()
}
