//! Terraform resources and Packer sources that launch instances.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use tree_sitter::Node;

use super::launch::{NodeGroup, PACKER, SERVICES, not_required, runs_containers, too_low};
use crate::edit::Edit;
use crate::finding::Finding;
use crate::language::Language;
use crate::snippet::Snippet;
use crate::syntax::{children, clean_nodes, nodes, text};
use crate::{hcl, prefilter};

/// Blocks that launch instances and take a `metadata_options` block.
const LAUNCHERS: [&str; 4] = [
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_spot_instance_request",
];

/// Image Builder's, whose block is called otherwise.
const IMAGE_BUILDER: &str = "aws_imagebuilder_infrastructure_configuration";

/// The account's.
const DEFAULTS: &str = "aws_ec2_instance_metadata_defaults";

const NODE_GROUP: &str = "aws_eks_node_group";

/// Modules of the registry that launch instances by their caller's `metadata_options`, or by none.
const MODULES: [&str; 2] =
    ["terraform-aws-modules/ec2-instance/aws", "terraform-aws-modules/autoscaling/aws"];

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = hcl::parse(source, &snippet.job, may_tell, is_read) else {
        return Vec::new();
    };
    let file = File {
        snippet,
        token_variables: named_after(source, "http_tokens", "=var."),
        launch_templates: named_after(source, "resource", "\"aws_launch_template\"\""),
    };
    clean_nodes(tree.root_node())
        .flat_map(|node| match node.kind() {
            "block" => file.judge(node),
            "object_elem" => explicit(node, source).into_iter().collect(),
            "attribute" => service(node, source).into_iter().collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// A file, and what is asked of it as a whole.
struct File<'a> {
    snippet: &'a Snippet<'a>,
    /// The variables that `http_tokens` is read from.
    token_variables: BTreeSet<&'a [u8]>,
    /// The labels of its launch templates.
    launch_templates: BTreeSet<&'a [u8]>,
}

/// The names that follow `word` and, but for blanks, `mark`.
fn named_after<'s>(source: &'s [u8], word: &str, mark: &str) -> BTreeSet<&'s [u8]> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let name = |at: usize| {
        let mut rest = &source[at + word.len()..];
        for expected in mark.bytes() {
            rest = &rest[rest.iter().take_while(|byte| is_blank(byte)).count()..];
            rest = rest.strip_prefix(&[expected])?;
        }
        Some(&rest[..rest.iter().take_while(|byte| is_name(byte)).count()])
    };
    memchr::memmem::find_iter(source, word).filter_map(name).collect()
}

/// Whether a block may launch instances, or say how.
fn may_tell(block: &[u8]) -> bool {
    let says = |word: &str| memchr::memmem::find(block, word.as_bytes()).is_some();
    if block.starts_with(b"variable") {
        return says("optional") || says("no-preference");
    }
    // A block that only refers to one has a dot behind its name.
    let may_launch = |word: &str| {
        let ends = memchr::memmem::find_iter(block, word.as_bytes()).map(|at| at + word.len());
        { ends }.any(|end| block.get(end) != Some(&b'.'))
    };
    prefilter::may_launch(Language::Hcl, block)
        && (LAUNCHERS.iter().chain(&PACKER).chain(&MODULES).any(|word| may_launch(word))
            || [IMAGE_BUILDER, DEFAULTS, NODE_GROUP].iter().any(|word| may_launch(word))
            || says("http_tokens")
            || SERVICES.iter().flat_map(|service| service.keys).any(|key| says(key)))
}

/// Whether an entry of such a block is looked at.
fn is_read(entry: &[u8]) -> bool {
    const NAMES: [&str; 6] =
        ["remote_access", "disk_size", "ami_type", "source", "default", "http_put_response"];
    const WORDS: [&str; 3] = ["metadata_options", "launch_template", "http_tokens"];
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let keys = || SERVICES.iter().flat_map(|service| service.keys);
    let build = || AhoCorasick::new(WORDS.iter().chain(keys())).ok();
    NAMES.iter().any(|name| entry.starts_with(name.as_bytes()))
        || SEARCH.get_or_init(build).as_ref().is_none_or(|search| search.is_match(entry))
}

/// A service that launches instances of its own, told to leave IMDSv1 on.
fn service(attribute: Node<'_>, source: &[u8]) -> Option<Finding> {
    let parts = children(attribute);
    let [key, value, ..] = parts.as_slice() else { return None };
    let (key, word) = (text(*key, source), literal(*value, source));
    let setting = SERVICES.iter().find(|s| s.keys.contains(&key.as_ref()) && s.leaves == word)?;
    let raw = text(*value, source).replace(setting.leaves, setting.requires);
    let what = format!("`{key}` of {} leaves IMDSv1 on", setting.name);
    let edits = vec![Edit::replace(value.byte_range(), raw)];
    Some(not_required(value.byte_range(), what, edits))
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
    vec![not_required(name.byte_range(), what, insertion(block, lines, snippet))]
}

impl File<'_> {
    fn judge(&self, block: Node<'_>) -> Vec<Finding> {
        let snippet = self.snippet;
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
            "variable" => return self.variable(block, kind).into_iter().collect(),
            _ => return Vec::new(),
        }
        if kind == DEFAULTS {
            return options(block, *name, &format!("`{kind}`"), snippet);
        }
        if inherits(block, source) {
            return Vec::new();
        }
        if kind == NODE_GROUP {
            return vec![self.node_group(block, *name)];
        }
        let launches = LAUNCHERS.contains(&kind.as_str()) || PACKER.contains(&kind.as_str());
        let word = match kind.as_str() {
            IMAGE_BUILDER => "instance_metadata_options",
            _ if launches => "metadata_options",
            _ => return Vec::new(),
        };
        match nested(block).into_iter().find(|b| keyword_of(*b, source) == word) {
            Some(found) => options(found, *name, &format!("`{kind}`"), snippet),
            // A dynamic block or a variable decides at run time.
            None if says(block, source, word) => Vec::new(),
            None => {
                let what = format!("`{kind}` does not say whether tokens are required");
                let lines = format!("{word} {{\n  http_tokens = \"required\"\n}}");
                vec![not_required(name.byte_range(), what, insertion(block, &lines, snippet))]
            }
        }
    }

    /// A variable that is what `http_tokens` says, by its name or in the same file.
    fn variable(&self, block: Node<'_>, name: &str) -> Option<Finding> {
        let source: &[u8] = &self.snippet.text;
        let default = attribute(block, "default", source)?;
        let leaves = matches!(literal(default, source).as_str(), "optional" | "no-preference");
        let is_meant =
            name.contains("http_tokens") || self.token_variables.contains(name.as_bytes());
        (leaves && is_meant).then(|| {
            let edits = vec![Edit::replace(default.byte_range(), "\"required\"")];
            let what = format!("`var.{name}` leaves tokens optional where nothing else is said");
            not_required(default.byte_range(), what, edits)
        })
    }

    /// A node group that names no launch template: one is added after it, unless some of its settings
    /// would have to move there.
    fn node_group(&self, block: Node<'_>, name: Node<'_>) -> Finding {
        let snippet = self.snippet;
        let source: &[u8] = &snippet.text;
        let system = attribute(block, "ami_type", source).map(|n| literal(n, source));
        let group = NodeGroup { kind: NODE_GROUP, system: system.as_deref().unwrap_or_default() };
        let label = children(block).into_iter().rfind(|n| n.kind() == "string_lit");
        let label = label.map(|n| literal(n, source)).unwrap_or_default();
        let template = format!("resource \"aws_launch_template\" \"{label}\"");
        let moves = attribute(block, "disk_size", source).is_some()
            || nested(block).into_iter().any(|b| keyword_of(b, source) == "remote_access");
        let options = "  metadata_options {\n    http_tokens                 = \"required\"\n    \
                       http_put_response_hop_limit = 2\n  }";
        if moves || self.launch_templates.contains(label.as_bytes()) {
            let text =
                format!("{template} {{\n{options}\n}}\n# and its id and version in the group");
            return group.advice(name.byte_range(), &text);
        }
        let eol = snippet.line_end(block.end_byte());
        let named = format!(
            "launch_template {{\n  id      = aws_launch_template.{label}.id\n  \
             version = aws_launch_template.{label}.latest_version\n}}"
        );
        let mut edits = insertion(block, &named, snippet);
        let resource = format!("\n\n{template} {{\n{options}\n}}").replace('\n', eol);
        edits.push(Edit::insert(block.end_byte(), resource));
        group.offer(name.byte_range(), edits)
    }
}

/// What is made from a launch template takes its options from there.
fn inherits(block: Node<'_>, source: &[u8]) -> bool {
    nested(block).into_iter().any(|b| match keyword_of(b, source).as_str() {
        "launch_template" => true,
        "dynamic" => says(b, source, "launch_template"),
        _ => false,
    })
}

/// The settings in the block `found`.
fn options(found: Node<'_>, name: Node<'_>, kind: &str, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let mut findings = Vec::new();
    // A service that does not answer needs no tokens.
    let endpoint = attribute(found, "http_endpoint", source).map(|n| literal(n, source));
    if endpoint.as_deref() == Some("disabled") {
        return findings;
    }
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
            findings.push(not_required(name.byte_range(), what, edits));
        }
    }
    // Packer's instances build an image and are gone; containers come later.
    let limit = attribute(found, "http_put_response_hop_limit", source)
        .filter(|_| !kind.contains("amazon-"));
    if let Some(limit) =
        limit.filter(|l| literal(*l, source) == "1" && runs_containers(source, &snippet.job))
    {
        let edits = vec![Edit::replace(limit.byte_range(), "2")];
        let what = format!("{kind} lets tokens travel one hop, in a file that runs containers");
        findings.push(too_low(limit.byte_range(), what, edits));
    }
    findings
}

/// Adds lines before the end of a block, which becomes one of several lines if it is not.
fn insertion(block: Node<'_>, lines: &str, snippet: &Snippet<'_>) -> Vec<Edit> {
    let part = |kind| children(block).into_iter().find(|n| n.kind() == kind);
    let (Some(start), Some(end)) = (part("block_start"), part("block_end")) else {
        return Vec::new();
    };
    let eol = snippet.line_end(end.start_byte());
    let added = |indent: &str| -> String {
        lines.lines().map(|line| format!("  {line}{eol}{indent}")).collect()
    };
    if let Some(indent) = snippet.line_start(end.start_byte()) {
        return vec![Edit::insert(end.start_byte(), added(&indent))];
    }
    let before = &snippet.text[..block.start_byte()];
    let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
    let indent: String = before[line..]
        .iter()
        .map_while(|b| b.is_ascii_whitespace().then_some(*b as char))
        .collect();
    let body = part("body").map_or(start.end_byte()..start.end_byte(), |b| b.byte_range());
    let head = if body.is_empty() { "" } else { "  " };
    let tail = if body.is_empty() { String::new() } else { format!("{eol}{indent}") };
    vec![
        Edit::replace(start.end_byte()..body.start, format!("{eol}{indent}{head}")),
        Edit::replace(body.end..end.start_byte(), format!("{tail}{}", added(&indent))),
    ]
}

fn nested(block: Node<'_>) -> Vec<Node<'_>> {
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
