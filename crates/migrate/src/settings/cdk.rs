//! AWS CDK in TypeScript, JavaScript and Python: constructs that launch instances.

use tree_sitter::Node;

use super::not_required;
use crate::edit::Edit;
use crate::finding::Finding;
use crate::language::Language;
use crate::snippet::Snippet;
use crate::syntax::{self, children, is_clean, nodes, text};

/// Constructs with a switch that requires tokens.
const CONSTRUCTS: [&str; 3] =
    ["ec2.Instance", "ec2.LaunchTemplate", "autoscaling.AutoScalingGroup"];

/// Properties that already decide, in both languages' spelling.
const DECIDING: [&str; 7] = [
    "requireImdsv2",
    "require_imdsv2",
    "httpTokens",
    "http_tokens",
    "launchTemplate",
    "launch_template",
    "...",
];

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    if !(snippet.says("aws-cdk") || snippet.says("aws_cdk")) {
        return Vec::new();
    }
    let Some(tree) = language.grammar().and_then(|g| syntax::parse(&g, source)) else {
        return Vec::new();
    };
    let (call, name) = match language {
        Language::Python => ("call", "function"),
        _ => ("new_expression", "constructor"),
    };
    nodes(tree.root_node())
        .filter(|n| n.kind() == call && is_clean(*n))
        .filter_map(|n| construct(n, n.child_by_field_name(name)?, language, source))
        .collect()
}

fn construct(call: Node<'_>, name: Node<'_>, language: Language, source: &[u8]) -> Option<Finding> {
    let written = text(name, source);
    let arguments = call.child_by_field_name("arguments")?;
    let said = text(arguments, source);
    let is_launch = CONSTRUCTS.iter().any(|c| written.ends_with(c));
    if !is_launch || DECIDING.iter().any(|word| said.contains(word)) {
        return None;
    }
    let edit = if language == Language::Python {
        let last = children(arguments).into_iter().rfind(|n| n.kind() != "comment")?;
        Edit::insert(last.end_byte(), ", require_imdsv2=True")
    } else {
        let properties = children(arguments).into_iter().find(|n| n.kind() == "object")?;
        Edit::insert(properties.start_byte() + 1, " requireImdsv2: true,")
    };
    let what = format!("`{written}` does not say whether tokens are required");
    Some(not_required(name.byte_range(), what, vec![edit]))
}
