//! The texts that a word can be.

use tree_sitter::Node;

use super::command::arguments;
use super::names::Names;
use super::positional::Parameter;
use crate::syntax::children;
use crate::values::{bounded, product, unknown};

impl<'t> Names<'t> {
    /// What is known of `node` so far; empty where that is nothing yet.
    pub(super) fn evaluate(&self, node: Node<'t>) -> Vec<String> {
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
            "array" => self.elements(&children(node)),
            "command_substitution" => self.printed(node),
            _ => unknown(),
        }
    }

    /// A word as it is written, in which `$name` and `${name}` may stand.
    pub(super) fn word(&self, text: &str, node: Node<'t>) -> Vec<String> {
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

    pub(super) fn joined(&self, parts: &[Node<'t>]) -> Vec<String> {
        let blank = [" ".to_owned()];
        parts.iter().fold(vec![String::new()], |values, part| {
            product(&product(&values, &self.evaluate(*part)), &blank)
        })
    }

    /// The elements of an array, without the keys that they may be given: `[key]=element`.
    fn elements(&self, parts: &[Node<'t>]) -> Vec<String> {
        let blank = [" ".to_owned()];
        parts.iter().fold(vec![String::new()], |values, part| {
            let texts = self.evaluate(*part).into_iter().map(|text| {
                let keyed = text.strip_prefix('[').and_then(|rest| rest.split_once("]="));
                keyed.map(|(_, element)| element.to_owned()).unwrap_or(text)
            });
            product(&product(&values, &texts.collect::<Vec<_>>()), &blank)
        })
    }

    fn expansion(&self, node: Node<'t>) -> Vec<String> {
        let parts = children(node);
        let Some(first) = parts.first() else { return unknown() };
        let is_indirect = self.text(node).starts_with("${!");
        let (name, index) = match first.kind() {
            "subscript" if is_indirect => return unknown(),
            "subscript" => (
                first.child_by_field_name("name").unwrap_or(*first),
                first.child_by_field_name("index").map(|n| self.text(n)),
            ),
            _ => (*first, None),
        };
        let mut values = self.variable(name);
        if is_indirect {
            let names = std::mem::take(&mut values);
            values.extend(names.iter().flat_map(|key| self.named(key, node)));
        }
        if index.is_some_and(|index| !matches!(index.as_str(), "@" | "*")) {
            // One element, of which nothing is known but the array.
            let each = values.iter().flat_map(|v| v.split_whitespace().map(str::to_owned));
            values = each.collect();
        }
        let mut cursor = node.walk();
        let operator =
            node.children(&mut cursor).find(|c| !c.is_named() && c.start_byte() >= name.end_byte());
        let has_default = operator.is_some_and(|o| matches!(o.kind(), ":-" | "-" | ":=" | "="));
        if has_default {
            // In its own first assignment it is what the environment says.
            let assigned = self.assigned.get(&self.text(name));
            if assigned.is_some_and(|a| a.around(node) == Some(0)) {
                values.extend(unknown());
            }
            values.retain(|v| !v.is_empty());
            values.extend(match parts.get(1) {
                Some(default) => self.evaluate(*default),
                None => vec![String::new()],
            });
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
            return self.parameter(parameter, node);
        }
        let Some(assigned) = self.assigned.get(key) else { return unknown() };
        // What a variable is in its own assignment was assigned before, as a rule.
        match assigned.around(node) {
            Some(_) if assigned.values().len() == 1 => unknown(),
            Some(0) => assigned.without(0),
            Some(own) => assigned.before(own).to_vec(),
            None => assigned.all().to_vec(),
        }
    }

    /// What a command prints that only says, or finds, what it is given; any other's output is not known.
    fn printed(&self, node: Node<'t>) -> Vec<String> {
        let [command] = children(node)[..] else { return unknown() };
        let name = command.child_by_field_name("name").map(|n| self.text(n));
        let words = arguments(command);
        let option = words.first().map(|n| self.text(*n));
        let mut values = match (name.as_deref(), option.as_deref()) {
            (Some("echo"), _) => self.joined(&words),
            (Some("printf"), Some(option)) if !option.starts_with('-') => self.formatted(&words),
            (Some("command"), Some("-v")) | (Some("type"), Some("-P")) => self.joined(&words[1..]),
            (Some("which"), Some(option)) if !option.starts_with('-') => self.joined(&words),
            _ => return unknown(),
        };
        for value in &mut values {
            value.truncate(value.trim_end().len());
        }
        values
    }

    /// What `printf` makes of a format and words, as far as that is known.
    fn formatted(&self, words: &[Node<'t>]) -> Vec<String> {
        let Some((format, words)) = words.split_first() else { return unknown() };
        let fill = |format: String| {
            let format = format.strip_suffix("\\n").unwrap_or(&format);
            if format.replace("%s", "").contains(['%', '\\']) {
                return unknown();
            }
            let mut words = words.iter();
            let mut parts = format.split("%s").map(str::to_owned);
            let head: Vec<String> = parts.next().into_iter().collect();
            let filled = parts.fold(head, |values, part| {
                let word = words.next().map_or_else(|| vec![String::new()], |n| self.evaluate(*n));
                product(&product(&values, &word), &[part])
            });
            // What is left over repeats the format.
            if words.next().is_some() { unknown() } else { filled }
        };
        self.evaluate(*format).into_iter().flat_map(fill).collect()
    }

    fn double_quoted(&self, node: Node<'t>) -> String {
        unescape(&self.text(node), |c| matches!(c, '"' | '$' | '`' | '\\' | '\n'))
    }
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
