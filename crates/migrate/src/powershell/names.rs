//! What the variables of a PowerShell script stand for, as far as it tells.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use crate::address::HOLE;
use crate::assigned::{Assigned, learn_all};
use crate::job::Job;
use crate::syntax::{children, nodes, text};
use crate::values::{bounded, some_of, unknown};

/// How many variables are followed from one expression.
const ROUNDS: usize = 4;

/// The variables of a script.
pub(super) struct Names<'t> {
    pub(super) source: &'t [u8],
    job: &'t Job,
    /// By their names in lower case.
    assigned: BTreeMap<String, Assigned<'t>>,
    /// Those that a caller may give another value than their default.
    parameters: BTreeSet<String>,
    /// The lines that begin with a variable, in lower case and without indentation.
    lines: Vec<String>,
}

impl<'t> Names<'t> {
    pub(super) fn collect(root: Node<'t>, source: &'t [u8], job: &'t Job) -> Self {
        let mut assigned: BTreeMap<String, Assigned<'t>> = BTreeMap::new();
        let mut parameters = BTreeSet::new();
        for node in nodes(root) {
            let parts = children(node);
            let value = match node.kind() {
                "assignment_expression" => node.child_by_field_name("value"),
                "script_parameter" => {
                    let default = parts.iter().find(|n| n.kind() == "script_parameter_default");
                    parameters.extend(
                        parts.iter().find(|n| n.kind() == "variable").map(|n| key(*n, source)),
                    );
                    default.and_then(|n| children(*n).first().copied())
                }
                _ => continue,
            };
            let is_name = |n: &&Node| matches!(n.kind(), "variable" | "left_assignment_expression");
            let name = parts.iter().find(is_name);
            if let (Some(name), Some(value)) = (name, value) {
                assigned.entry(key(*name, source)).or_default().push(value);
            }
        }
        let script = String::from_utf8_lossy(source).to_ascii_lowercase();
        let lines = script.lines().map(str::trim_start).filter(|line| line.starts_with('$'));
        let lines = lines.map(str::to_owned).collect();
        let mut names = Self { source, job, assigned, parameters, lines };
        names.settle();
        names
    }

    fn settle(&mut self) {
        let texts = |names: &Self, value| bounded(names.evaluate(value));
        for _ in 0..ROUNDS {
            let is_settled = !learn_all(self, |names| &mut names.assigned, texts);
            if is_settled || !self.job.budget.look() {
                return;
            }
        }
    }

    /// Whether the variable `name`, in lower case, is assigned anywhere.
    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.assigned.contains_key(name)
    }

    /// Whether `node` is a text that begins with a parameter.
    pub(super) fn begins_with_parameter(&self, node: Node<'t>) -> bool {
        let written = text(node, self.source);
        let begins = |name: &str| self.parameters.contains(&name.to_ascii_lowercase());
        let name = written.trim_start_matches(['"', '(']).strip_prefix('$');
        name.is_some_and(|name| {
            let name = name.trim_start_matches('{');
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            begins(&name[..end])
        })
    }

    /// What `node` can say, holes and all.
    pub(super) fn values(&self, node: Node<'t>) -> Vec<String> {
        some_of(self.evaluate(node))
    }

    /// What is known of `node` so far; empty where that is nothing yet.
    fn evaluate(&self, node: Node<'t>) -> Vec<String> {
        let raw = text(node, self.source).into_owned();
        let raw = raw.trim().trim_matches(['"', '\'', '(', ')']);
        // What a command returns is not known.
        if !self.job.budget.step() || nodes(node).any(|n| n.kind() == "command") {
            return unknown();
        }
        let Some((before, after)) = raw.split_once('$') else {
            return vec![raw.replace("\" + \"", "").replace("' + '", "")];
        };
        let after = after.strip_prefix(['{', '(']).unwrap_or(after);
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (name, rest) = after.split_at(end);
        let rest: String = rest.chars().filter(|c| !matches!(c, '"' | '\'' | '+' | ' ')).collect();
        let rest = rest.trim_start_matches(['}', ')']).replace('$', &HOLE.to_string());
        let values = match self.assigned.get(&name.to_ascii_lowercase()) {
            None => unknown(),
            Some(assigned) => match assigned.around(node) {
                Some(_) if assigned.values().len() == 1 => unknown(),
                Some(own) => assigned.without(own),
                None => assigned.all().to_vec(),
            },
        };
        values.into_iter().map(|v| format!("{before}{v}{rest}")).collect()
    }

    /// The texts in the table that `@parameters` stands for.
    pub(super) fn splatted(&self, node: Node<'t>) -> Vec<String> {
        let written = text(node, self.source);
        let name = written.strip_prefix('@').filter(|_| is_splat(&written));
        let tables = name.and_then(|n| self.assigned.get(&n.to_ascii_lowercase()));
        let tables = tables.into_iter().flat_map(Assigned::values);
        let texts = tables.flat_map(|table| nodes(*table));
        let texts = texts.filter(|n| n.kind() == "string_literal");
        texts.flat_map(|n| self.values(n)).collect()
    }

    /// All that `node` says, and what its variables do, in lower case.
    pub(super) fn said(&self, node: Node<'t>) -> String {
        let mut said = text(node, self.source).into_owned();
        let mut told = BTreeSet::new();
        let mut next = vec![node];
        for _ in 1..ROUNDS {
            let mut values = Vec::new();
            for variable in next.iter().flat_map(|n| nodes(*n)).filter(|n| n.kind() == "variable") {
                if !self.job.budget.step() || !told.insert(key(variable, self.source)) {
                    continue;
                }
                let assigned = self.assigned.get(&key(variable, self.source));
                values.extend(assigned.into_iter().flat_map(Assigned::values).copied());
                // `$headers["X-aws-ec2-metadata-token"] = …` and `$client.Headers.Add("…", …)`.
                let name = text(variable, self.source).to_ascii_lowercase();
                let added = self.lines.iter().filter(|line| line.starts_with(&name));
                added.for_each(|line| said.push_str(line));
            }
            for value in &values {
                said.push_str(&text(*value, self.source));
            }
            next = values;
        }
        said.to_ascii_lowercase()
    }
}

/// `@parameters`, but not `@{…}` nor `@(…)`.
pub(super) fn is_splat(written: &str) -> bool {
    written.strip_prefix('@').is_some_and(|name| name.starts_with(char::is_alphabetic))
}

fn key(variable: Node<'_>, source: &[u8]) -> String {
    text(variable, source)
        .trim_start_matches(['$', '@', '{'])
        .trim_end_matches('}')
        .to_ascii_lowercase()
}
