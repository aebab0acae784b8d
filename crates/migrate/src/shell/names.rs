//! What a script's names stand for: variables, functions and their callers, and the value a word
//! can take as far as the file tells.

use std::collections::HashMap;

use tree_sitter::Node;

use crate::address::HOLE;
use crate::syntax::{around, children, nodes, text};
use crate::values::{MAX_STEPS, MAX_VALUES, product, some_of, unknown};

/// The names of one script.
pub(crate) struct Names<'t> {
    source: &'t [u8],
    /// Variable → the nodes assigned to it anywhere in the script.
    assigned: HashMap<String, Vec<Node<'t>>>,
    /// Function → its definition.
    functions: HashMap<String, Node<'t>>,
    /// Command name → its calls.
    calls: HashMap<String, Vec<Node<'t>>>,
}

impl<'t> Names<'t> {
    pub(crate) fn collect(root: Node<'t>, source: &'t [u8]) -> Self {
        let mut names = Self {
            source,
            assigned: HashMap::new(),
            functions: HashMap::new(),
            calls: HashMap::new(),
        };
        for node in nodes(root) {
            match node.kind() {
                "variable_assignment" => names.assign(node, node.child_by_field_name("value")),
                "for_statement" => {
                    let mut cursor = node.walk();
                    for value in node.children_by_field_name("value", &mut cursor) {
                        names.assign(node, Some(value));
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
        self.evaluate(node, MAX_STEPS)
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
        self.word(&raw, *first, MAX_STEPS)
    }

    /// Whether `variable` is used as the name of a command.
    pub(crate) fn is_command(&self, variable: &str) -> bool {
        let starts = [format!("${variable}"), format!("${{{variable}}}")];
        self.calls.keys().any(|name| {
            let name = name.trim_start_matches('"');
            starts.iter().any(|s| {
                name.strip_prefix(s.as_str()).is_some_and(|rest| {
                    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            })
        })
    }

    fn assign(&mut self, node: Node<'t>, value: Option<Node<'t>>) {
        let name = node.child_by_field_name("name").or(node.child_by_field_name("variable"));
        let Some(name) = name else { return };
        let values = self.assigned.entry(text(name, self.source).into_owned()).or_default();
        values.extend(value);
    }

    /// `${NAME:=value}`
    fn assign_default(&mut self, node: Node<'t>) {
        if let [name, value] = children(node)[..]
            && matches!(&self.source[name.end_byte()..value.start_byte()], b":=" | b"=")
        {
            self.assigned.entry(self.text(name)).or_default().push(value);
        }
    }

    fn text(&self, node: Node<'_>) -> String {
        text(node, self.source).into_owned()
    }

    fn evaluate(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        if steps == 0 {
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
            "string" | "concatenation" => self.sequence(node, steps),
            "command_name" => {
                children(node).first().map_or_else(unknown, |n| self.evaluate(*n, steps))
            }
            "simple_expansion" => match children(node).first() {
                Some(name) => self.variable(*name, steps),
                None => unknown(),
            },
            "expansion" => self.expansion(node, steps),
            "array" => self.joined(&children(node), steps),
            "command_substitution" => self.echoed(node, steps),
            _ => unknown(),
        }
    }

    /// A word as it is written, in which `$name` and `${name}` may stand.
    fn word(&self, text: &str, node: Node<'t>, steps: usize) -> Vec<String> {
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
                name => self.named(name, node, steps),
            };
            values = product(&product(&values, &[unescape(before, |_| true)]), &value);
            rest = tail;
        }
        product(&values, &[unescape(rest, |_| true)])
    }

    /// Parts that follow each other, with the text between them where the grammar leaves a gap.
    fn sequence(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        let quoted = node.kind() == "string";
        let mut values = vec![String::new()];
        let mut at = node.start_byte() + usize::from(quoted);
        for part in children(node) {
            if quoted && part.start_byte() > at {
                let gap = String::from_utf8_lossy(&self.source[at..part.start_byte()]);
                for value in &mut values {
                    value.push_str(&gap);
                }
            }
            values = product(&values, &self.evaluate(part, steps));
            at = part.end_byte();
        }
        values
    }

    fn joined(&self, parts: &[Node<'t>], steps: usize) -> Vec<String> {
        let mut values = vec![String::new()];
        for part in parts {
            values = product(&values, &self.evaluate(*part, steps));
            for value in &mut values {
                value.push(' ');
            }
        }
        values
    }

    fn expansion(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        let parts = children(node);
        let Some(first) = parts.first() else { return unknown() };
        let name = match first.kind() {
            "subscript" => first.child_by_field_name("name").unwrap_or(*first),
            _ => *first,
        };
        let mut values = self.variable(name, steps);
        let mut cursor = node.walk();
        let operator =
            node.children(&mut cursor).find(|c| !c.is_named() && c.start_byte() >= name.end_byte());
        let has_default = operator.is_some_and(|o| matches!(o.kind(), ":-" | "-" | ":=" | "="));
        if has_default && let Some(default) = parts.get(1) {
            // What the environment may say instead is not counted: the default tells what is meant.
            values.retain(|v| v.chars().any(|c| c != HOLE));
            values.extend(self.evaluate(*default, steps - 1));
        } else if let Some(operator) = operator.filter(|o| o.kind() != "}") {
            values = self.changed(values, operator.kind(), parts.get(1));
        }
        some_of(values)
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

    fn variable(&self, name: Node<'t>, steps: usize) -> Vec<String> {
        self.named(&self.text(name), name, steps)
    }

    /// What the variable `key` is in the place of `node`.
    fn named(&self, key: &str, node: Node<'t>, steps: usize) -> Vec<String> {
        if matches!(key, "@" | "*") {
            return self.parameters(node, steps);
        }
        if let Ok(position) = key.parse::<usize>() {
            return self.parameter(node, position, steps);
        }
        let mut values: Vec<String> = Vec::new();
        for value in self.assigned.get(key).into_iter().flatten().take(MAX_VALUES) {
            // An assignment that uses its own name says nothing new about it.
            if around(node).any(|n| n == *value) {
                continue;
            }
            let texts = self.evaluate(*value, steps - 1);
            if value.parent().is_some_and(|n| n.kind() == "for_statement") {
                // `"${paths[@]}"` is as many words as the array has.
                values.extend(texts.iter().flat_map(|t| t.split_whitespace()).map(str::to_owned));
            } else {
                values.extend(texts);
            }
        }
        some_of(values)
    }

    /// What the callers of the function around `node` give as argument number `position`.
    fn parameter(&self, node: Node<'t>, position: usize, steps: usize) -> Vec<String> {
        let mut values = Vec::new();
        for call in self.callers(node).iter().take(MAX_VALUES) {
            let argument = arguments(*call).into_iter().nth(position.wrapping_sub(1));
            values.extend(argument.map_or_else(unknown, |a| self.evaluate(a, steps - 1)));
        }
        some_of(values)
    }

    /// All the arguments of each caller of the function around `node`.
    fn parameters(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        let mut values = Vec::new();
        for call in self.callers(node).iter().take(MAX_VALUES) {
            values.extend(self.joined(&arguments(*call), steps - 1));
        }
        some_of(values)
    }

    fn callers(&self, node: Node<'t>) -> &[Node<'t>] {
        let function = around(node).find(|n| n.kind() == "function_definition");
        let name = function.and_then(|f| f.child_by_field_name("name"));
        name.map_or(&[], |name| self.calls(&self.text(name)))
    }

    /// `$(echo word…)` is its words; any other command's output is not known.
    fn echoed(&self, node: Node<'t>, steps: usize) -> Vec<String> {
        match children(node).as_slice() {
            [command] if command.kind() == "command" => {
                let name = command.child_by_field_name("name").map(|n| self.text(n));
                if name.as_deref() != Some("echo") {
                    return unknown();
                }
                let mut values = self.joined(&arguments(*command), steps - 1);
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
