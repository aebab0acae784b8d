//! What Python names stand for, as far as the file tells.

use std::borrow::Cow;
use std::collections::HashMap;

use tree_sitter::Node;

use super::owned;
use crate::address::HOLE;
use crate::syntax::{around, children, nodes};
use crate::values::{MAX_STEPS, MAX_VALUES, product, some_of, unknown};

/// The names of one module.
pub(super) struct Names<'t> {
    pub(super) source: &'t [u8],
    pub(super) root: Node<'t>,
    /// Variable or attribute name → what is assigned to it anywhere.
    assigned: HashMap<String, Vec<Node<'t>>>,
    /// Function name → its calls.
    calls: HashMap<String, Vec<Node<'t>>>,
    /// What a module is called here → the module.
    modules: HashMap<String, String>,
}

impl<'t> Names<'t> {
    pub(super) fn collect(root: Node<'t>, source: &'t [u8]) -> Self {
        let mut names = Self {
            source,
            root,
            assigned: HashMap::new(),
            calls: HashMap::new(),
            modules: HashMap::new(),
        };
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
                        let entry = names.assigned.entry(names.last(left)).or_default();
                        match right.kind() {
                            "list" | "tuple" => entry.extend(children(right)),
                            _ => entry.push(right),
                        }
                    }
                }
                "default_parameter" | "typed_default_parameter" => {
                    let name = node.child_by_field_name("name");
                    let value = node.child_by_field_name("value");
                    if let (Some(name), Some(value)) = (name, value) {
                        names.assigned.entry(names.last(name)).or_default().push(value);
                    }
                }
                "aliased_import" => names.import(node),
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

    /// `import module as name`, and `from package import module as name`.
    fn import(&mut self, node: Node<'t>) {
        let text = |n| owned(n, self.source);
        let (Some(module), Some(alias)) =
            (node.child_by_field_name("name"), node.child_by_field_name("alias"))
        else {
            return;
        };
        let package = node.parent().and_then(|p| p.child_by_field_name("module_name"));
        let package = package.map(|p| format!("{}.", text(p))).unwrap_or_default();
        self.modules.insert(text(alias), format!("{package}{}", text(module)));
    }

    /// What stands before a name, such as `r.` after `import requests as r`, without aliases.
    pub(super) fn module<'a>(&self, prefix: &'a str) -> Cow<'a, str> {
        match prefix.strip_suffix('.').and_then(|alias| self.modules.get(alias)) {
            Some(module) => format!("{module}.").into(),
            None => prefix.into(),
        }
    }

    /// Whether the module defines a function or method `name`.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        nodes(self.root)
            .filter(|n| n.kind() == "function_definition")
            .any(|n| n.child_by_field_name("name").is_some_and(|n| owned(n, self.source) == name))
    }

    /// Whether the function `name` of this module gives a shell what it is given.
    pub(super) fn runs_commands(&self, name: &str) -> bool {
        nodes(self.root).filter(|n| n.kind() == "function_definition").any(|function| {
            let is_named =
                function.child_by_field_name("name").is_some_and(|n| owned(n, self.source) == name);
            is_named && {
                let body = owned(function, self.source);
                ["subprocess", "os.system", "popen", "getoutput"].iter().any(|w| body.contains(w))
            }
        })
    }

    /// Whether some line makes an entry of the dictionary `name` that says `word`.
    pub(super) fn has_entry(&self, name: &str, word: &str) -> bool {
        let text = owned(self.root, self.source);
        let starts = [format!("{name}["), format!("{name}.update(")];
        text.lines().map(str::trim_start).any(|line| {
            starts.iter().any(|s| line.starts_with(s)) && line.to_ascii_lowercase().contains(word)
        })
    }

    /// What is assigned to `name`.
    pub(super) fn assignments(&self, name: &str) -> &[Node<'t>] {
        self.assigned.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.assigned.contains_key(name)
    }

    /// Whether `node` is a list with something in it, as far as the file tells.
    pub(super) fn is_filled(&self, node: Node<'t>) -> bool {
        match node.kind() {
            "list" | "tuple" | "set" | "dictionary" => !children(node).is_empty(),
            "identifier" => {
                let assigned = self.assignments(&owned(node, self.source));
                !assigned.is_empty()
                    && assigned.iter().all(|n| n.kind() != "identifier" && self.is_filled(*n))
            }
            "call" => {
                let function = node.child_by_field_name("function");
                let last = function.map(|f| self.last(f)).unwrap_or_default();
                let object = function.and_then(|f| f.child_by_field_name("object"));
                let arguments = node.child_by_field_name("arguments").map(children);
                let first = arguments.and_then(|a| a.first().copied());
                match last.as_str() {
                    "items" | "keys" | "values" => object.is_some_and(|o| self.is_filled(o)),
                    "enumerate" | "sorted" | "reversed" => first.is_some_and(|f| self.is_filled(f)),
                    _ => false,
                }
            }
            _ => false,
        }
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
        some_of(values)
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
        let parameters: Vec<(String, bool)> = children(parameters)
            .into_iter()
            .map(|p| (owned(p, self.source), p.kind().ends_with("default_parameter")))
            .map(|(p, default)| {
                (p.split([':', '=']).next().unwrap_or_default().trim().to_owned(), default)
            })
            .filter(|(p, _)| p != "self" && p != "cls")
            .collect();
        let Some(position) = parameters.iter().position(|(p, _)| p == name) else {
            return Vec::new();
        };
        let has_default = parameters[position].1;
        let is_method = around(function).any(|n| n.kind() == "class_definition");
        let mut values = Vec::new();
        let calls = self.calls.get(&owned(function, self.source));
        // `answer.read()` is not a call of the function `read`.
        let calls = calls.into_iter().flatten().filter(|call| {
            let called = call.child_by_field_name("function");
            is_method || called.is_some_and(|f| f.kind() == "identifier")
        });
        for call in calls.take(MAX_VALUES) {
            let arguments = call.child_by_field_name("arguments").map(children).unwrap_or_default();
            let given = arguments
                .iter()
                .find(|a| self.keyword(**a).as_deref() == Some(name))
                .and_then(|a| a.child_by_field_name("value"))
                .or_else(|| {
                    arguments.get(position).copied().filter(|a| a.kind() != "keyword_argument")
                });
            match given {
                Some(given) => values.extend(self.evaluate(given, steps - 1)),
                // What its default is worth is known as an assignment.
                None if has_default => {}
                None => values.extend(unknown()),
            }
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
                let texts = self.evaluate(object, steps - 1);
                texts.iter().flat_map(|text| self.fill(text, &arguments, steps - 1)).collect()
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

    /// A text whose `{}`, `{0}` and `{name}` are what `arguments` say.
    fn fill(&self, text: &str, arguments: &[Node<'t>], steps: usize) -> Vec<String> {
        let mut values = vec![String::new()];
        let mut positions = 0..;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (field, after) = after.split_once('}').unwrap_or((after, ""));
            let name = field.split(['!', ':', '.', '[']).next().unwrap_or_default();
            let position = if name.is_empty() { positions.next() } else { name.parse().ok() };
            let named = || arguments.iter().find(|a| self.keyword(**a).as_deref() == Some(name));
            let given = match position {
                Some(position) => arguments.get::<usize>(position).copied(),
                None => named().and_then(|a| a.child_by_field_name("value")),
            };
            let given = given.filter(|_| steps > 0 && !name.starts_with('{'));
            let filling = given.map_or_else(unknown, |node| self.evaluate(node, steps));
            values = product(&product(&values, &[before.to_owned()]), &filling);
            rest = after;
        }
        product(&values, &[rest.to_owned()])
    }
}
