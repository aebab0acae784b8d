//! What a script's names stand for: variables, functions and their callers, and the value a word
//! can take as far as the file tells.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tree_sitter::Node;

use super::positional::{Change, Giver, Parameter};
use super::setters::set_by;
use crate::address::HOLE;
use crate::assigned::{Assigned, learn_all};
use crate::job::Job;
use crate::syntax::{Nest, around, children, nodes, owned, text};
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
    /// Values that a variable has only where its environment does not set it, by the byte they begin at.
    defaults: BTreeSet<usize>,
    /// Function → its definition.
    pub(super) functions: BTreeMap<String, Node<'t>>,
    /// The names of the functions in the order of the text, and which stands in which.
    pub(super) nest: (Vec<String>, Nest<'t>),
    /// Command name → its calls.
    pub(super) calls: BTreeMap<String, Vec<Node<'t>>>,
    /// Function → the words that each call gives which is seen to be one of it.
    pub(super) given: BTreeMap<String, Vec<Vec<Node<'t>>>>,
    /// Functions that others may call than those that are seen to.
    pub(super) strangers: BTreeSet<String>,
    /// Programs by whose names the script may call something else.
    pub(super) shadowed: BTreeSet<&'static str>,
    /// What changes parameters, in the order of the text.
    pub(super) changes: Vec<Change<'t>>,
    /// What gives a parameter, and what it gives for it.
    pub(super) parameters: BTreeMap<(Giver, Parameter), Vec<String>>,
}

impl<'t> Names<'t> {
    pub(crate) fn collect(root: Node<'t>, source: &'t [u8], job: &'t Job) -> Self {
        let mut names = Self {
            source,
            job,
            assigned: BTreeMap::new(),
            loops: BTreeSet::new(),
            unsaid: BTreeSet::new(),
            defaults: BTreeSet::new(),
            functions: BTreeMap::new(),
            nest: (Vec::new(), Nest::default()),
            calls: BTreeMap::new(),
            given: BTreeMap::new(),
            strangers: BTreeSet::new(),
            shadowed: BTreeSet::new(),
            changes: Vec::new(),
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
                    let mut values = node.children_by_field_name("value", &mut cursor).peekable();
                    if values.peek().is_none() {
                        names.assign(node, node.child_by_field_name("variable"), true);
                    }
                    for value in values {
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
                    names.note_change(node);
                }
                _ => {}
            }
        }
        names.nest();
        names.collect_calls(root);
        names.collect_parameters();
        names.settle();
        names.collect_shadows(root);
        names
    }

    pub(crate) fn function(&self, name: &str) -> Option<Node<'t>> {
        self.functions.get(name).copied()
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

    /// Whether the variable in `endpoint`, if there is one, keeps its value in the bytes `span` around `request`.
    pub(crate) fn is_steady(&self, endpoint: &str, span: Range<usize>, request: Node<'t>) -> bool {
        let Some((_, name)) = endpoint.split_once('$') else { return true };
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = name.trim_start_matches('{').split(|c| !is_part(c)).next().unwrap_or_default();
        let Some(assigned) = self.assigned.get(name) else { return true };
        let own = self.nest.1.innermost(request);
        let is_local = |value: Node<'t>| {
            let declaration = around(value).find(|n| n.kind() == "declaration_command");
            declaration.is_some_and(|d| {
                ["local", "declare", "typeset"].iter().any(|word| self.text(d).starts_with(word))
            })
        };
        assigned.values().iter().all(|value| {
            let scope = self.nest.1.innermost(*value);
            let is_inside = scope == own && span.contains(&value.start_byte());
            // A function may be called in between.
            let is_others = scope.is_some() && scope != own && !is_local(*value);
            !is_inside && !is_others
        })
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
            for function in self.called_by_value() {
                is_settled &= !self.strangers.insert(function);
            }
            let parameters: Vec<(Giver, Parameter)> = self.parameters.keys().cloned().collect();
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
        let mut texts = match value.kind() {
            // `for each; do`
            "variable_name" => self.parameter(Parameter::All(0), value),
            _ => self.evaluate(value),
        };
        if self.defaults.contains(&value.start_byte()) {
            texts.extend(unknown());
        }
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

    fn nest(&mut self) {
        let mut functions: Vec<(&String, &Node)> = self.functions.iter().collect();
        functions.sort_by_key(|(_, node)| node.start_byte());
        let names = functions.iter().map(|(name, _)| (*name).clone()).collect();
        self.nest = (names, Nest::of(functions.iter().map(|(_, node)| **node)));
    }

    fn assign(&mut self, node: Node<'t>, value: Option<Node<'t>>, is_loop: bool) {
        let name = node.child_by_field_name("name").or(node.child_by_field_name("variable"));
        let Some(name) = name else { return };
        // `urls[1]=…`: what one element is, any may be.
        let name = name.child_by_field_name("name").unwrap_or(name);
        let variable = text(name, self.source).into_owned();
        let is_first = self.assigned.get(&variable).is_none_or(|a| a.values().is_empty());
        let is_default = is_first && value.is_some() && is_guarded(node, &variable, self.source);
        let assigned = self.assigned.entry(variable).or_default();
        let Some(value) = value else { return };
        assigned.push(value);
        if is_default {
            self.defaults.insert(value.start_byte());
        }
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
            self.defaults.insert(value.start_byte());
        }
    }

    pub(super) fn text(&self, node: Node<'_>) -> String {
        owned(node, self.source)
    }
}

/// Whether a variable gets a value only after a look at what it is: `[ -n "$HOST" ] || HOST=…`.
fn is_guarded(assignment: Node<'_>, variable: &str, source: &[u8]) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let asks = |n: &Node| {
        n.kind() == "test_command" && text(*n, source).split(|c| !is_part(c)).any(|w| w == variable)
    };
    let choices = around(assignment).filter(|n| matches!(n.kind(), "list" | "if_statement"));
    { choices }
        .filter_map(|choice| children(choice).first().copied())
        .any(|c| c.end_byte() <= assignment.start_byte() && nodes(c).any(|n| asks(&n)))
}
