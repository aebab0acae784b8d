//! The texts that an expression can be.

use tree_sitter::Node;

use super::names::{Function, Names};
use crate::address::HOLE;
use crate::syntax::{children, nodes, owned};
use crate::values::{bounded, product, unknown};

/// How many names are followed to a table.
const MAX_TABLES: usize = 4;

impl<'t> Names<'t> {
    /// What is known of `node` so far; empty where that is nothing yet.
    pub(super) fn evaluate(&self, node: Node<'t>) -> Vec<String> {
        if !self.job.budget.step() {
            return unknown();
        }
        match node.kind() {
            "string" | "concatenated_string" | "parenthesized_expression" => {
                self.sequence(&children(node))
            }
            "string_content" => vec![owned(node, self.source)],
            "string_start" | "string_end" | "comment" => vec![String::new()],
            "interpolation" => {
                node.child_by_field_name("expression").map_or_else(unknown, |e| self.evaluate(e))
            }
            "binary_operator" => self.operator(node),
            "boolean_operator" => {
                let sides = ["left", "right"].map(|side| node.child_by_field_name(side));
                bounded(sides.into_iter().flatten().flat_map(|n| self.evaluate(n)).collect())
            }
            // `a if condition else b` has no fields: the condition is in the middle.
            "conditional_expression" => {
                let parts = children(node);
                let sides = parts.iter().step_by(2);
                bounded(sides.flat_map(|side| self.evaluate(*side)).collect())
            }
            "named_expression" => {
                node.child_by_field_name("value").map_or_else(unknown, |value| self.evaluate(value))
            }
            "identifier" | "attribute" => self.variable(node),
            "subscript" => self.entry(node),
            "call" => self.formatted(node),
            _ => unknown(),
        }
    }

    fn sequence(&self, parts: &[Node<'t>]) -> Vec<String> {
        parts
            .iter()
            .fold(vec![String::new()], |values, part| product(&values, &self.evaluate(*part)))
    }

    fn operator(&self, node: Node<'t>) -> Vec<String> {
        let side = |name| node.child_by_field_name(name);
        let (Some(left), Some(right)) = (side("left"), side("right")) else { return unknown() };
        let operator = side("operator").map(|n| owned(n, self.source));
        let left = self.evaluate(left);
        match operator.as_deref() {
            Some("+") => product(&left, &self.evaluate(right)),
            Some("%") => {
                // The first mark takes the value; what others take is not known.
                let filling = match right.kind() {
                    "tuple" => children(right).first().copied(),
                    _ => Some(right),
                };
                let first = filling.map_or_else(unknown, |f| self.evaluate(f));
                let hole = HOLE.to_string();
                let fill = |text: &String| {
                    let filled = first.iter().map(|v| text.replacen("%s", v, 1));
                    filled.map(|t| t.replace("%s", &hole).replace("%d", &hole)).collect::<Vec<_>>()
                };
                bounded(left.iter().flat_map(fill).collect())
            }
            _ => unknown(),
        }
    }

    fn variable(&self, node: Node<'t>) -> Vec<String> {
        let name = self.last(node);
        let assigned = self.assigned.get(&name);
        // In its own assignment a name is what was assigned before, as a rule.
        let own = assigned.and_then(|a| a.around(node));
        let mut values = match (assigned, own) {
            (Some(assigned), Some(own)) => assigned.without(own),
            (Some(assigned), None) => assigned.all().to_vec(),
            (None, _) => Vec::new(),
        };
        let parameter =
            self.function_around(node).filter(|f| f.parameters.iter().any(|(p, _)| *p == name));
        if let Some(function) = parameter {
            let key = (function.name.clone(), name);
            values.extend(self.arguments.get(&key).into_iter().flatten().cloned());
            return bounded(values);
        }
        let others = assigned.map_or(0, |a| a.values().len()) - usize::from(own.is_some());
        if others == 0 { unknown() } else { values }
    }

    fn function_around(&self, node: Node<'t>) -> Option<&Function<'t>> {
        self.nest.innermost(node).and_then(|index| self.functions.get(index))
    }

    /// `table["key"]`: what stands under the key, at any depth of the tables that it may be.
    fn entry(&self, node: Node<'t>) -> Vec<String> {
        let (Some(object), Some(key)) =
            (node.child_by_field_name("value"), node.child_by_field_name("subscript"))
        else {
            return unknown();
        };
        let wanted = (key.kind() == "string").then(|| self.evaluate(key));
        let mut values = Vec::new();
        for table in self.tables(object, MAX_TABLES) {
            for pair in nodes(table).filter(|n| n.kind() == "pair") {
                let (Some(key), Some(value)) =
                    (pair.child_by_field_name("key"), pair.child_by_field_name("value"))
                else {
                    continue;
                };
                if value.kind() != "dictionary"
                    && wanted.as_ref().is_none_or(|w| *w == self.evaluate(key))
                {
                    values.extend(self.evaluate(value));
                }
            }
        }
        if values.is_empty() { unknown() } else { bounded(values) }
    }

    /// The dictionaries that `node` may be, or be in.
    fn tables(&self, node: Node<'t>, steps: usize) -> Vec<Node<'t>> {
        if steps == 0 || !self.job.budget.step() {
            return Vec::new();
        }
        match node.kind() {
            "dictionary" => vec![node],
            "list" | "tuple" => {
                children(node).into_iter().filter(|n| n.kind() == "dictionary").collect()
            }
            "identifier" | "attribute" => {
                let assigned: Vec<Node> = self.assignments(&self.last(node)).collect();
                assigned.into_iter().flat_map(|value| self.tables(value, steps - 1)).collect()
            }
            "subscript" => {
                let object = node.child_by_field_name("value");
                object.map(|o| self.tables(o, steps - 1)).unwrap_or_default()
            }
            "call" => {
                let function = node.child_by_field_name("function");
                let object = function.and_then(|f| f.child_by_field_name("object"));
                object.map(|o| self.tables(o, steps - 1)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// `"…{}…".format(…)`, and calls that only join or trim.
    fn formatted(&self, node: Node<'t>) -> Vec<String> {
        let Some(function) = node.child_by_field_name("function") else { return unknown() };
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let object = function.child_by_field_name("object");
        match (self.last(function).as_str(), object) {
            ("format", Some(object)) => {
                let texts = self.evaluate(object);
                bounded(texts.iter().flat_map(|text| self.fill(text, &arguments)).collect())
            }
            ("strip" | "rstrip" | "lstrip" | "replace", Some(object)) => self.evaluate(object),
            ("urljoin", _) => self.sequence(&arguments),
            ("getenv", _) | ("get", Some(_)) => {
                arguments.get(1).map_or_else(unknown, |default| self.evaluate(*default))
            }
            _ => unknown(),
        }
    }

    /// A text whose `{}`, `{0}` and `{name}` are what `arguments` say.
    fn fill(&self, text: &str, arguments: &[Node<'t>]) -> Vec<String> {
        let mut values = vec![String::new()];
        let mut positions = 0..;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (field, after) = after.split_once('}').unwrap_or((after, ""));
            let name = field.split(['!', ':', '.', '[']).next().unwrap_or_default();
            let position = if name.is_empty() { positions.next() } else { name.parse().ok() };
            let named = || arguments.iter().find(|a| self.keyword(**a).as_deref() == Some(name));
            let argument = match position {
                Some(position) => arguments.get::<usize>(position).copied(),
                None => named().and_then(|a| a.child_by_field_name("value")),
            };
            let argument = argument.filter(|_| !name.starts_with('{'));
            let filling = argument.map_or_else(unknown, |node| self.evaluate(node));
            values = product(&product(&values, &[before.to_owned()]), &filling);
            rest = after;
        }
        product(&values, &[rest.to_owned()])
    }
}
