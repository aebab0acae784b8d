//! What a script's names stand for: variables, functions and their callers, and the value a word
//! can take as far as the file tells.

use std::collections::BTreeMap;

use tree_sitter::Node;

use crate::address::HOLE;
use crate::job::Job;
use crate::syntax::{children, nodes, owned, text};
use crate::values::{ROUNDS, bounded, product, some_of, unknown};

/// The names of one script.
pub(crate) struct Names<'t> {
    source: &'t [u8],
    job: &'t Job,
    /// Variable → its assignments anywhere in the script, in the order of the text.
    assigned: BTreeMap<String, Vec<Assignment<'t>>>,
    /// Function → its definition.
    functions: BTreeMap<String, Node<'t>>,
    /// Command name → its calls.
    calls: BTreeMap<String, Vec<Node<'t>>>,
    /// Function and parameter → what its callers give.
    parameters: BTreeMap<(String, Parameter), Vec<String>>,
}

/// One value of a variable.
struct Assignment<'t> {
    value: Node<'t>,
    /// Whether the variable takes one word of the value after the other.
    is_loop: bool,
    texts: Vec<String>,
}

/// A parameter of a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Parameter {
    At(usize),
    /// `$@` and `$*`
    All,
}

impl Parameter {
    fn named(name: &str) -> Option<Self> {
        if matches!(name, "@" | "*") { Some(Self::All) } else { name.parse().ok().map(Self::At) }
    }
}

impl<'t> Names<'t> {
    pub(crate) fn collect(root: Node<'t>, source: &'t [u8], job: &'t Job) -> Self {
        let mut names = Self {
            source,
            job,
            assigned: BTreeMap::new(),
            functions: BTreeMap::new(),
            calls: BTreeMap::new(),
            parameters: BTreeMap::new(),
        };
        for node in nodes(root) {
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

    /// The values `node` can take; what is not known stands as [`HOLE`]. Never empty.
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
            let mut is_settled = true;
            let names: Vec<String> = self.assigned.keys().cloned().collect();
            for name in names {
                let count = self.assigned.get(&name).map_or(0, Vec::len);
                for i in 0..count {
                    let texts = self.assigned_texts(&name, i);
                    if let Some(assignment) =
                        self.assigned.get_mut(&name).and_then(|a| a.get_mut(i))
                        && assignment.texts != texts
                    {
                        assignment.texts = texts;
                        is_settled = false;
                    }
                }
            }
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

    fn assigned_texts(&self, name: &str, i: usize) -> Vec<String> {
        let Some(assignment) = self.assigned.get(name).and_then(|a| a.get(i)) else {
            return Vec::new();
        };
        let texts = self.evaluate(assignment.value);
        if assignment.is_loop {
            // `"${paths[@]}"` is as many words as the array has.
            let words = texts.iter().flat_map(|t| t.split_whitespace());
            return bounded(words.map(str::to_owned).collect());
        }
        bounded(texts)
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
        let values = self.assigned.entry(text(name, self.source).into_owned()).or_default();
        values.extend(value.map(|value| Assignment { value, is_loop, texts: Vec::new() }));
    }

    /// `${NAME:=value}`
    fn assign_default(&mut self, node: Node<'t>) {
        if let [name, value] = children(node)[..]
            && matches!(&self.source[name.end_byte()..value.start_byte()], b":=" | b"=")
        {
            let assignment = Assignment { value, is_loop: false, texts: Vec::new() };
            self.assigned.entry(self.text(name)).or_default().push(assignment);
        }
    }

    fn text(&self, node: Node<'_>) -> String {
        owned(node, self.source)
    }

    /// What is known of `node` so far; empty where that is nothing yet.
    fn evaluate(&self, node: Node<'t>) -> Vec<String> {
        if !self.job.budget.step() {
            return unknown();
        }
        match node.kind() {
            "word" | "number" | "extglob_pattern" => {
                vec![unescape(&self.text(node), |_| true)]
            }
            "string_content" | "heredoc_content" => vec![self.double_quoted(node)],
            "raw_string" => vec![self.text(node).trim_matches('\'').to_owned()],
            "ansi_c_string" => {
                let text = self.text(node);
                let inner = text.strip_prefix("$'").and_then(|t| t.strip_suffix('\''));
                vec![unescape(inner.unwrap_or(&text), |_| true)]
            }
            "string" | "concatenation" => self.sequence(node),
            "command_name" => children(node).first().map_or_else(unknown, |n| self.evaluate(*n)),
            "simple_expansion" => {
                children(node).first().map_or_else(unknown, |name| self.variable(*name))
            }
            "expansion" => self.expansion(node),
            "array" => self.joined(&children(node)),
            "command_substitution" => self.echoed(node),
            _ => unknown(),
        }
    }

    /// A word as it is written, in which `$name` and `${name}` may stand.
    fn word(&self, text: &str, node: Node<'t>) -> Vec<String> {
        let mut values = vec![String::new()];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            let braced = after.strip_prefix('{').and_then(|after| after.split_once('}'));
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            let (name, tail) = braced.unwrap_or_else(|| after.split_at(end));
            let value = match name {
                "" => vec!["$".to_owned()],
                _ if before.ends_with('\\') => vec![format!("${name}")],
                name if name.contains(|c| !is_name(c)) => unknown(),
                name => self.named(name, node),
            };
            values = product(&product(&values, &[unescape(before, |_| true)]), &value);
            rest = tail;
        }
        product(&values, &[unescape(rest, |_| true)])
    }

    /// Parts that follow each other, with the text between them where the grammar leaves a gap.
    fn sequence(&self, node: Node<'t>) -> Vec<String> {
        let quoted = node.kind() == "string";
        let mut values = vec![String::new()];
        let mut at = node.start_byte() + usize::from(quoted);
        for part in children(node) {
            if quoted && part.start_byte() > at {
                let gap = String::from_utf8_lossy(&self.source[at..part.start_byte()]);
                values = product(&values, &[gap.into_owned()]);
            }
            values = product(&values, &self.evaluate(part));
            at = part.end_byte();
        }
        values
    }

    fn joined(&self, parts: &[Node<'t>]) -> Vec<String> {
        let blank = [" ".to_owned()];
        parts.iter().fold(vec![String::new()], |values, part| {
            product(&product(&values, &self.evaluate(*part)), &blank)
        })
    }

    fn expansion(&self, node: Node<'t>) -> Vec<String> {
        let parts = children(node);
        let Some(first) = parts.first() else { return unknown() };
        let name = match first.kind() {
            "subscript" => first.child_by_field_name("name").unwrap_or(*first),
            _ => *first,
        };
        let mut values = self.variable(name);
        let mut cursor = node.walk();
        let operator =
            node.children(&mut cursor).find(|c| !c.is_named() && c.start_byte() >= name.end_byte());
        let has_default = operator.is_some_and(|o| matches!(o.kind(), ":-" | "-" | ":=" | "="));
        if has_default && let Some(default) = parts.get(1) {
            // What the environment may say instead is not counted: the default tells what is meant.
            values.retain(|v| v.chars().any(|c| c != HOLE));
            values.extend(self.evaluate(*default));
        } else if let Some(operator) = operator.filter(|o| o.kind() != "}") {
            values = self.changed(values, operator.kind(), parts.get(1));
        }
        bounded(values)
    }

    /// What `#` and `%` leave of texts; of what else is done to them nothing is known, so that
    /// they count as they were, and as anything.
    fn changed(&self, mut values: Vec<String>, by: &str, what: Option<&Node<'t>>) -> Vec<String> {
        let fixed = what.map(|n| self.text(*n)).filter(|what| !what.contains(['*', '?', '[', '$']));
        match (by, fixed) {
            ("#" | "##", Some(head)) => values.iter_mut().for_each(|value| {
                if let Some(rest) = value.strip_prefix(&*head) {
                    *value = rest.to_owned();
                }
            }),
            ("%" | "%%", Some(tail)) => values.iter_mut().for_each(|value| {
                if let Some(rest) = value.strip_suffix(&*tail) {
                    *value = rest.to_owned();
                }
            }),
            _ => values.extend(unknown()),
        }
        values
    }

    fn variable(&self, name: Node<'t>) -> Vec<String> {
        self.named(&self.text(name), name)
    }

    /// What the variable `key` is in the place of `node`.
    fn named(&self, key: &str, node: Node<'t>) -> Vec<String> {
        if let Some(parameter) = Parameter::named(key) {
            let function = self.function_around(node);
            let passed = function.and_then(|f| self.parameters.get(&(f.to_owned(), parameter)));
            let is_called = function.is_some_and(|f| !self.calls(f).is_empty());
            return passed.filter(|_| is_called).cloned().unwrap_or_else(unknown);
        }
        let Some(assigned) = self.assigned.get(key) else { return unknown() };
        // What a variable is in its own assignment was assigned before, as a rule.
        let own = assigned.iter().position(|a| holds(a.value, node));
        let earlier = &assigned[..own.unwrap_or(assigned.len())];
        let others =
            || assigned.iter().enumerate().filter(|(i, _)| Some(*i) != own).map(|(_, a)| a);
        let texts: Vec<String> = if earlier.is_empty() {
            others().flat_map(|a| a.texts.iter().cloned()).collect()
        } else {
            earlier.iter().flat_map(|a| a.texts.iter().cloned()).collect()
        };
        if own.is_some() && assigned.len() == 1 { unknown() } else { bounded(texts) }
    }

    /// The name of the innermost function around `node`.
    fn function_around(&self, node: Node<'t>) -> Option<&str> {
        let around = self.functions.iter().filter(|(_, definition)| holds(**definition, node));
        around
            .min_by_key(|(_, definition)| definition.byte_range().len())
            .map(|(name, _)| name.as_str())
    }

    /// `$(echo word…)` is its words; any other command's output is not known.
    fn echoed(&self, node: Node<'t>) -> Vec<String> {
        match children(node).as_slice() {
            [command] if command.kind() == "command" => {
                let name = command.child_by_field_name("name").map(|n| self.text(n));
                if name.as_deref() != Some("echo") {
                    return unknown();
                }
                let mut values = self.joined(&arguments(*command));
                for value in &mut values {
                    value.truncate(value.trim_end().len());
                }
                values
            }
            _ => unknown(),
        }
    }

    fn double_quoted(&self, node: Node<'t>) -> String {
        unescape(&self.text(node), |c| matches!(c, '"' | '$' | '`' | '\\' | '\n'))
    }
}

/// Whether `inner` stands in `outer`.
fn holds(outer: Node<'_>, inner: Node<'_>) -> bool {
    outer.start_byte() <= inner.start_byte() && inner.end_byte() <= outer.end_byte()
}

/// The arguments of a command, in order.
pub(crate) fn arguments(command: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = command.walk();
    command.children_by_field_name("argument", &mut cursor).collect()
}

/// Removes the backslashes that quote a character for which `quotes` holds; a quoted line end
/// disappears.
fn unescape(text: &str, quotes: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && quotes(next) => {
                chars.next();
                if next != '\n' {
                    out.push(next);
                }
            }
            _ => out.push(c),
        }
    }
    out
}
