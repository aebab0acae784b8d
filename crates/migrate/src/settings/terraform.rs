//! Terraform resources and Packer sources that launch instances.

use tree_sitter::Node;

use super::{not_required, runs_containers, too_low};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy, Rule};
use crate::snippet::Snippet;
use crate::syntax::{self, children, is_clean, nodes, text};

/// Blocks that launch instances and take a `metadata_options` block.
const LAUNCHERS: [&str; 5] = [
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_spot_instance_request",
    "amazon-ebs",
];

/// Modules of the registry that launch instances by their caller's `metadata_options`, or by none.
const MODULES: [&str; 2] =
    ["terraform-aws-modules/ec2-instance/aws", "terraform-aws-modules/autoscaling/aws"];

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = syntax::parse(&tree_sitter_hcl::LANGUAGE.into(), source) else {
        return Vec::new();
    };
    let clean = nodes(tree.root_node()).filter(|n| is_clean(*n));
    clean
        .flat_map(|node| match node.kind() {
            "block" => judge(node, snippet),
            "object_elem" => explicit(node, source).into_iter().collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// `http_tokens = "optional"` in an object, as modules take their options.
fn explicit(element: Node<'_>, source: &[u8]) -> Option<Finding> {
    let value = element.child_by_field_name("val")?;
    let key = element.child_by_field_name("key")?;
    let is_optional = literal(key, source) == "http_tokens" && literal(value, source) == "optional";
    let edits = vec![Edit::replace(value.byte_range(), "\"required\"")];
    is_optional.then(|| not_required(value.byte_range(), "tokens are left optional", edits))
}

/// A call of a module.
fn module(block: Node<'_>, name: Node<'_>, snippet: &Snippet<'_>) -> Vec<Finding> {
    let of = |key| attribute(block, key, &snippet.text);
    let source = of("source").map(|n| literal(n, &snippet.text)).unwrap_or_default();
    if !MODULES.contains(&source.as_str())
        || of("metadata_options").is_some()
        || of("launch_template_id").is_some()
    {
        return Vec::new();
    }
    let lines = "metadata_options = {\n  http_tokens = \"required\"\n}";
    let what = format!("`{source}` is not told whether tokens are required");
    vec![not_required(
        name.byte_range(),
        what,
        insertion(block, lines, snippet).into_iter().collect(),
    )]
}

fn judge(block: Node<'_>, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let parts = children(block);
    let words: Vec<String> = parts
        .iter()
        .filter(|n| matches!(n.kind(), "identifier" | "string_lit"))
        .map(|n| text(*n, source).trim_matches('"').to_owned())
        .collect();
    let [keyword, kind, ..] = words.as_slice() else { return Vec::new() };
    let Some(name) = parts.iter().find(|n| n.kind() == "string_lit") else { return Vec::new() };
    match keyword.as_str() {
        "resource" | "source" => {}
        "module" => return module(block, *name, snippet),
        _ => return Vec::new(),
    }
    if kind == "aws_ec2_instance_metadata_defaults" {
        return options(block, *name, &format!("`{kind}`"), snippet);
    }
    if inherits(block, source) {
        return Vec::new();
    }
    if kind == "aws_eks_node_group" {
        return vec![node_group(block, *name, source)];
    }
    if !LAUNCHERS.contains(&kind.as_str()) {
        return Vec::new();
    }
    match nested(block, source).into_iter().find(|b| keyword_of(*b, source) == "metadata_options") {
        Some(found) => options(found, *name, &format!("`{kind}`"), snippet),
        // A dynamic block or a variable decides at run time.
        None if says(block, source, "metadata_options") => Vec::new(),
        None => {
            let what = format!("`{kind}` does not say whether tokens are required");
            let edits =
                insertion(block, "metadata_options {\n  http_tokens = \"required\"\n}", snippet);
            vec![not_required(name.byte_range(), what, edits.into_iter().collect())]
        }
    }
}

/// What is made from a launch template takes its options from there.
fn inherits(block: Node<'_>, source: &[u8]) -> bool {
    nested(block, source).into_iter().any(|b| match keyword_of(b, source).as_str() {
        "launch_template" => true,
        "dynamic" => says(b, source, "launch_template"),
        _ => false,
    })
}

/// A node group that names no launch template: EKS makes one, which nobody can change. On Amazon
/// Linux 2 it leaves tokens optional and lets them travel two hops; on Amazon Linux 2023 they are
/// required and travel one.
///
/// Source: the EKS user guide, "Upgrade from Amazon Linux 2 to Amazon Linux 2023".
fn node_group(block: Node<'_>, name: Node<'_>, source: &[u8]) -> Finding {
    let system = attribute(block, "ami_type", source).map(|n| literal(n, source));
    let (rule, what) = if system.is_some_and(|s| s.starts_with("AL2023")) {
        (Rule::HopLimitTooLow, "lets tokens travel one hop, where containers run")
    } else {
        (Rule::TokensNotRequired, "does not say whether tokens are required")
    };
    let advice = Remedy::advice(
        "launch_template {\n  id      = …  # of an aws_launch_template whose metadata_options say \
         http_tokens = \"required\"\n  version = …  # and http_put_response_hop_limit = 2, or 1 \
         where pods must not have the node's role\n}",
        "without a launch template EKS makes its own; to name one replaces the node group, and \
         some of its settings have to move there",
    );
    let what = format!("`aws_eks_node_group` names no launch template, and so {what}");
    Finding::new(rule, name.byte_range(), what, advice)
}

/// The settings in the block `found`.
fn options(found: Node<'_>, name: Node<'_>, kind: &str, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let mut findings = Vec::new();
    match attribute(found, "http_tokens", source) {
        Some(value) if matches!(literal(value, source).as_str(), "optional" | "no-preference") => {
            let edits = vec![Edit::replace(value.byte_range(), "\"required\"")];
            let what = format!("{kind} leaves tokens optional");
            findings.push(not_required(value.byte_range(), what, edits));
        }
        Some(_) => {}
        None => {
            let edits = insertion(found, "http_tokens = \"required\"", snippet);
            let what = format!("{kind} does not say whether tokens are required");
            findings.push(not_required(name.byte_range(), what, edits.into_iter().collect()));
        }
    }
    // Packer's instances build an image and are gone; containers come later.
    let limit = attribute(found, "http_put_response_hop_limit", source)
        .filter(|_| !kind.contains("amazon-ebs"));
    if let Some(limit) = limit.filter(|l| literal(*l, source) == "1" && runs_containers(source)) {
        let edits = vec![Edit::replace(limit.byte_range(), "2")];
        let what = format!("{kind} lets tokens travel one hop, in a file that runs containers");
        findings.push(too_low(limit.byte_range(), what, edits));
    }
    findings
}

/// Adds lines before the end of a block that ends on a line of its own.
fn insertion(block: Node<'_>, lines: &str, snippet: &Snippet<'_>) -> Option<Edit> {
    let end = children(block).into_iter().find(|n| n.kind() == "block_end")?.start_byte();
    let indent = snippet.line_start(end)?;
    let eol = snippet.line_end(end);
    let lines: Vec<String> = lines.lines().map(|line| format!("  {line}{eol}{indent}")).collect();
    Some(Edit::insert(end, lines.concat()))
}

fn nested<'t>(block: Node<'t>, _source: &[u8]) -> Vec<Node<'t>> {
    let body = children(block).into_iter().find(|n| n.kind() == "body");
    body.into_iter().flat_map(children).filter(|n| n.kind() == "block").collect()
}

fn keyword_of(block: Node<'_>, source: &[u8]) -> String {
    children(block).first().map(|n| text(*n, source).into_owned()).unwrap_or_default()
}

fn says(block: Node<'_>, source: &[u8], word: &str) -> bool {
    nodes(block)
        .any(|n| matches!(n.kind(), "identifier" | "template_literal") && text(n, source) == word)
}

/// The value of an attribute of `block`.
fn attribute<'t>(block: Node<'t>, name: &str, source: &[u8]) -> Option<Node<'t>> {
    let body = children(block).into_iter().find(|n| n.kind() == "body")?;
    children(body).into_iter().filter(|n| n.kind() == "attribute").find_map(|attribute| {
        let parts = children(attribute);
        let is_named = parts.first().is_some_and(|n| text(*n, source) == name);
        parts.get(1).copied().filter(|_| is_named)
    })
}

fn literal(value: Node<'_>, source: &[u8]) -> String {
    text(value, source).trim_matches('"').to_owned()
}
