//! What a statement does for certain, and what it reads before it does anything: which decides where a
//! line can be added before it.

use tree_sitter::Node;

use super::command::arguments;
use super::names::Names;
use crate::syntax::{children, nodes, text};

/// Parameters that hold what the command before left behind.
const STATUS: [&str; 4] = ["?", "_", "PIPESTATUS", "pipestatus"];

/// Commands that leave the code around them, or may.
const LEAVING: [&str; 6] = ["exit", "return", "break", "continue", "exec", "die"];

/// How many functions are followed into each other.
const MAX_CALLS: usize = 4;

/// A script, as far as its flow is asked about.
pub(super) struct Flow<'a, 't> {
    pub(super) names: &'a Names<'t>,
    pub(super) source: &'t [u8],
}

impl<'t> Flow<'_, 't> {
    /// Whether one of `requests` is made whenever `node` is run.
    pub(super) fn is_certain(&self, node: Node<'t>, requests: &[Node<'t>]) -> bool {
        if requests.contains(&node) {
            return true;
        }
        if !requests.iter().any(|r| holds(node, *r)) {
            return false;
        }
        let parts = children(node);
        let any = |parts: &[Node<'t>]| parts.iter().any(|n| self.is_certain(*n, requests));
        match node.kind() {
            "list" => parts.first().is_some_and(|n| self.is_certain(*n, requests)),
            "if_statement" => self.is_certain_choice(node, requests),
            "case_statement" => {
                let value = node.child_by_field_name("value");
                let items: Vec<Node> =
                    parts.iter().copied().filter(|n| n.kind() == "case_item").collect();
                let is_default = |item: &Node| {
                    item.child_by_field_name("value").is_some_and(|v| text(v, self.source) == "*")
                };
                value.is_some_and(|v| self.is_certain(v, requests))
                    || items.iter().any(is_default)
                        && items
                            .iter()
                            .all(|item| self.is_certain_sequence(&branch(*item), requests))
            }
            "while_statement" => any(&fields(node, "condition")),
            "for_statement" => {
                let values = fields(node, "value");
                any(&values)
                    || values.iter().any(|v| self.is_filled(*v))
                        && node
                            .child_by_field_name("body")
                            .is_some_and(|b| self.is_certain_sequence(&children(b), requests))
            }
            "c_style_for_statement" | "function_definition" | "ternary_expression" => false,
            "program" | "compound_statement" | "subshell" | "do_group" | "command_substitution" => {
                self.is_certain_sequence(&parts, requests)
            }
            // `${NAME:-$(…)}` is asked only where there is no name.
            "expansion" => !node_text_has_default(node, self.source) && any(&parts),
            "test_command" | "binary_expression" => {
                let said = text(node, self.source);
                let is_choice = said.contains("&&") || said.contains("||") || said.contains('?');
                !is_choice && any(&parts)
            }
            _ => any(&parts),
        }
    }

    /// Whether one of `requests` is made whenever `statements` are run one after the other.
    pub(super) fn is_certain_sequence(
        &self,
        statements: &[Node<'t>],
        requests: &[Node<'t>],
    ) -> bool {
        for statement in statements {
            if self.is_certain(*statement, requests) {
                return true;
            }
            if self.may_leave(*statement) {
                return false;
            }
        }
        false
    }

    fn is_certain_choice(&self, node: Node<'t>, requests: &[Node<'t>]) -> bool {
        let conditions = fields(node, "condition");
        if conditions.iter().any(|n| self.is_certain(*n, requests)) {
            return true;
        }
        let parts = children(node);
        let has_else = parts.iter().any(|n| n.kind() == "else_clause");
        let others = parts.iter().filter(|n| matches!(n.kind(), "elif_clause" | "else_clause"));
        let then: Vec<Node> = parts
            .iter()
            .copied()
            .filter(|n| {
                !conditions.contains(n) && !matches!(n.kind(), "elif_clause" | "else_clause")
            })
            .collect();
        has_else && self.is_certain_sequence(&then, requests) && { others }
            .all(|n| self.is_certain_sequence(&children(*n), requests))
    }

    /// Whether the words of a loop are some for certain.
    fn is_filled(&self, value: Node<'t>) -> bool {
        match value.kind() {
            "word" | "number" | "raw_string" | "concatenation" | "brace_expression" => true,
            "string" => {
                !children(value)
                    .iter()
                    .any(|n| n.kind() == "expansion" && text(*n, self.source).contains("[@]"))
                    || self.is_filled_array(value)
            }
            "expansion" | "simple_expansion" => self.is_filled_array(value),
            "command_substitution" => text(value, self.source)
                .trim_start_matches(['$', '(', '`', ' '])
                .starts_with("seq "),
            _ => false,
        }
    }

    /// Whether the variable in `value` is a list that the file writes down.
    fn is_filled_array(&self, value: Node<'t>) -> bool {
        let values = self.names.values(value);
        values.iter().all(|v| {
            let known = v.trim_matches(crate::address::HOLE);
            !known.trim().is_empty()
        })
    }

    /// Whether code after `node` may not be reached.
    fn may_leave(&self, node: Node<'t>) -> bool {
        nodes(node)
            .any(|n| n.kind() == "command_name" && LEAVING.contains(&text(n, self.source).as_ref()))
    }

    /// Whether `node` reads what the command before it left behind, before it runs one of its own.
    pub(super) fn reads_status(&self, node: Node<'t>) -> bool {
        self.reads_status_through(node, MAX_CALLS)
    }

    fn reads_status_through(&self, node: Node<'t>, calls: usize) -> bool {
        let parts = children(node);
        let through = |n: Node<'t>| self.reads_status_through(n, calls);
        match node.kind() {
            "list" | "pipeline" | "redirected_statement" | "negated_command" | "program" => {
                parts.iter().find(|n| n.kind() != "comment").is_some_and(|n| through(*n))
                    || node.kind() == "redirected_statement"
                        && parts.iter().skip(1).any(|n| self.expands_status(*n))
            }
            "compound_statement" | "subshell" | "do_group" | "else_clause" => {
                parts.iter().find(|n| n.kind() != "comment").is_some_and(|n| through(*n))
            }
            "if_statement" | "while_statement" | "elif_clause" => {
                fields(node, "condition").first().is_some_and(|n| through(*n))
            }
            "for_statement" => {
                fields(node, "value").iter().any(|n| self.expands_status(*n))
                    || node.child_by_field_name("body").is_some_and(through)
            }
            "case_statement" => {
                node.child_by_field_name("value").is_some_and(|n| self.expands_status(n))
                    || parts
                        .iter()
                        .filter(|n| n.kind() == "case_item")
                        .any(|item| branch(*item).first().is_some_and(|n| through(*n)))
            }
            "function_definition" => false,
            "command" => {
                let name = node.child_by_field_name("name").map(|n| text(n, self.source));
                let called = name.and_then(|name| self.names.function(&name));
                let body = called.and_then(|f| f.child_by_field_name("body")).filter(|_| calls > 0);
                self.expands_status(node)
                    || body.is_some_and(|body| self.reads_status_through(body, calls - 1))
                    || arguments(node).iter().any(|a| self.expands_status(*a))
            }
            _ => self.expands_status(node),
        }
    }

    fn expands_status(&self, node: Node<'t>) -> bool {
        nodes(node).any(|n| {
            let is_expansion = matches!(n.kind(), "simple_expansion" | "expansion" | "subscript");
            let name = children(n).first().map(|name| text(*name, self.source).into_owned());
            is_expansion && name.is_some_and(|name| STATUS.contains(&name.as_str()))
        }) || node.kind() == "subscript"
    }
}

/// The statements of a branch of `case`.
fn branch(item: Node<'_>) -> Vec<Node<'_>> {
    let values = fields(item, "value");
    children(item).into_iter().filter(|n| !values.contains(n)).collect()
}

pub(super) fn fields<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).collect()
}

fn node_text_has_default(node: Node<'_>, source: &[u8]) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|c| {
        !c.is_named() && matches!(c.kind(), ":-" | "-" | ":=" | "=" | ":+" | "+" | ":?" | "?")
    }) || text(node, source).contains(":-")
}

/// Whether `inner` stands in `outer`.
pub(super) fn holds(outer: Node<'_>, inner: Node<'_>) -> bool {
    outer.start_byte() <= inner.start_byte() && inner.end_byte() <= outer.end_byte()
}
