//! What Python names stand for, as far as the file tells.

use std::collections::HashMap;

use tree_sitter::Node;

use super::owned;
use crate::address::HOLE;
use crate::syntax::{around, children, nodes};

const MAX_VALUES: usize = 16;
const MAX_STEPS: usize = 8;

/// The names of one module.
pub(super) struct Names<'t> {
    pub(super) source: &'t [u8],
    pub(super) root: Node<'t>,
    /// Variable or attribute name → what is assigned to it anywhere.
    assigned: HashMap<String, Vec<Node<'t>>>,
    /// Function name → its calls.
    calls: HashMap<String, Vec<Node<'t>>>,
}

impl<'t> Names<'t> {
    pub(super) fn collect(root: Node<'t>, source: &'t [u8]) -> Self {
        let mut names = Self { source, root, assigned: HashMap::new(), calls: HashMap::new() };
        for node in nodes(root) {
            match node.kind() {
                "assignment" => {
                    let left = node.child_by_field_name("left");
                    let right = node.child_by_field_name("right");
                    if let (Some(left), Some(right)) = (left, right) {
                        names.assigned.entry(names.last(left)).or_default().push(right);
                    }
                }
                "for_statement" => {
                    let left = node.child_by_field_name("left");
                    let right = node.child_by_field_name("right");
                    if let (Some(left), Some(right)) = (left, right) {
                        let items = children(right);
                        let is_list = matches!(right.kind(), "list" | "tuple");
                        let entry = names.assigned.entry(names.last(left)).or_default();
                        entry.extend(items.into_iter().filter(|_| is_list));
                    }
                }
                "default_parameter" => {
                    let name = node.child_by_field_name("name");
                    let value = node.child_by_field_name("value");
                    if let (Some(name), Some(value)) = (name, value) {
                        names.assigned.entry(names.last(name)).or_default().push(value);
                    }
                }
                "call" => {
                    if let Some(function) = node.child_by_field_name("function") {
                        names.calls.entry(names.last(function)).or_default().push(node);
                    }
                }
                _ => {}
            }
        }
        names
    }

    /// Whether the module defines a function or method `name`.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        nodes(self.root)
            .filter(|n| n.kind() == "function_definition")
            .any(|n| n.child_by_field_name("name").is_some_and(|n| owned(n, self.source) == name))
    }

    /// What is assigned to `name`.
    pub(super) fn assignments(&self, name: &str) -> &[Node<'t>] {
        self.assigned.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.assigned.contains_key(name)
    }

    /// The last part of a dotted name.
    pub(super) fn last(&self, node: Node<'t>) -> String {
        let name = node.child_by_field_name("attribute").unwrap_or(node);
        owned(name, self.source)
    }

    /// The texts that `node` can be; what is not known stands as [`HOLE`].
    pub(super) fn values(&self, node: Node<'t>) -> Vec<String> {
        self.evaluate(node, MAX_STEPS)
    }

    fn evaluate(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        if steps == 0 {
            return unknown();
        }
        match node.kind() {
            "string" | "concatenated_string" | "parenthesized_expression" => {
                self.sequence(&children(node), steps)
            }
            "string_content" => vec![owned(node, self.source)],
            "string_start" | "string_end" | "comment" => vec![String::new()],
            "interpolation" => match node.child_by_field_name("expression") {
                Some(expression) => self.evaluate(expression, steps - 1),
                None => unknown(),
            },
            "binary_operator" => self.operator(node, steps),
            "identifier" | "attribute" => self.variable(node, steps),
            "call" => self.formatted(node, steps),
            _ => unknown(),
        }
    }

    fn sequence(&self, parts: &[Node<'t>], steps: usize) -> Vec<String> {
        parts.iter().fold(vec![String::new()], |values, part| {
            product(&values, &self.evaluate(*part, steps - 1))
        })
    }

    fn operator(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        let side = |name| node.child_by_field_name(name);
        let (Some(left), Some(right)) = (side("left"), side("right")) else { return unknown() };
        let operator = side("operator").map(|n| owned(n, self.source));
        let left = self.evaluate(left, steps - 1);
        match operator.as_deref() {
            Some("+") => product(&left, &self.evaluate(right, steps - 1)),
            Some("%") => {
                // The first mark takes the value; what others take is not known.
                let filling = match right.kind() {
                    "tuple" => children(right).first().copied(),
                    _ => Some(right),
                };
                let first = filling.map_or_else(unknown, |f| self.evaluate(f, steps - 1));
                let hole = HOLE.to_string();
                let fill = |text: &String| {
                    let filled = first.iter().map(|v| text.replacen("%s", v, 1));
                    filled.map(|t| t.replace("%s", &hole).replace("%d", &hole)).collect::<Vec<_>>()
                };
                left.iter().flat_map(fill).collect()
            }
            _ => unknown(),
        }
    }

    fn variable(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        let name = self.last(node);
        let mut values = Vec::new();
        for value in self.assignments(&name).iter().take(MAX_VALUES) {
            if !around(node).any(|n| n == *value) {
                values.extend(self.evaluate(*value, steps - 1));
            }
        }
        values.extend(self.argument(node, &name, steps));
        values.sort();
        values.dedup();
        values.truncate(MAX_VALUES);
        if values.is_empty() { unknown() } else { values }
    }

    /// What callers of the function around `node` give for its parameter `name`.
    fn argument(&self, node: Node<'t>, name: &str, steps: usize) -> Vec<String> {
        let Some(function) = around(node).find(|n| n.kind() == "function_definition") else {
            return Vec::new();
        };
        let field = |f| function.child_by_field_name(f);
        let (Some(function), Some(parameters)) = (field("name"), field("parameters")) else {
            return Vec::new();
        };
        let parameters: Vec<String> = children(parameters)
            .into_iter()
            .map(|p| owned(p, self.source))
            .map(|p| p.split([':', '=']).next().unwrap_or_default().trim().to_owned())
            .filter(|p| p != "self" && p != "cls")
            .collect();
        let Some(position) = parameters.iter().position(|p| p == name) else { return Vec::new() };
        let mut values = Vec::new();
        let calls = self.calls.get(&owned(function, self.source));
        for call in calls.into_iter().flatten().take(MAX_VALUES) {
            let arguments = call.child_by_field_name("arguments").map(children).unwrap_or_default();
            let given = arguments
                .iter()
                .find(|a| self.keyword(**a).as_deref() == Some(name))
                .and_then(|a| a.child_by_field_name("value"))
                .or_else(|| arguments.get(position).copied());
            values.extend(given.map_or_else(unknown, |a| self.evaluate(a, steps - 1)));
        }
        values
    }

    /// The name of a keyword argument.
    pub(super) fn keyword(&self, argument: Node<'t>) -> Option<String> {
        let name = argument.child_by_field_name("name")?;
        (argument.kind() == "keyword_argument").then(|| owned(name, self.source))
    }

    /// `"…{}…".format(…)`, and calls that only join or trim.
    fn formatted(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        let Some(function) = node.child_by_field_name("function") else { return unknown() };
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let object = function.child_by_field_name("object");
        match (self.last(function).as_str(), object) {
            ("format", Some(object)) => {
                self.evaluate(object, steps - 1).iter().map(|v| fill(v)).collect()
            }
            ("strip" | "rstrip" | "lstrip" | "replace", Some(object)) => {
                self.evaluate(object, steps - 1)
            }
            ("urljoin", _) => self.sequence(&arguments, steps),
            ("getenv", _) | ("get", Some(_)) => match arguments.get(1) {
                Some(default) => self.evaluate(*default, steps - 1),
                None => unknown(),
            },
            _ => unknown(),
        }
    }
}

/// Every `{…}` becomes a hole.
fn fill(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => {
                depth -= 1;
                out.push(HOLE);
            }
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn unknown() -> Vec<String> {
    vec![HOLE.to_string()]
}

fn product(heads: &[String], tails: &[String]) -> Vec<String> {
    let pairs = heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")));
    pairs.take(MAX_VALUES).collect()
}
