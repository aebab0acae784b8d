//! Programs that describe infrastructure: AWS CDK and Pulumi, in TypeScript, JavaScript and Python.

use tree_sitter::Node;

use super::{REQUIRE, not_required};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy, Rule};
use crate::language::Language;
use crate::snippet::Snippet;
use crate::syntax::{self, children, is_clean, nodes, text};

/// One of the libraries, and how it requires tokens.
struct Toolkit {
    /// What a program that uses it imports.
    imports: &'static [&'static str],
    /// Module and name of what launches instances.
    launchers: &'static [(&'static str, &'static str)],
    /// The property, as Python and as the others write it.
    python: &'static str,
    other: &'static str,
}

const TOOLKITS: [Toolkit; 2] = [
    Toolkit {
        imports: &["aws-cdk", "aws_cdk"],
        launchers: &[
            ("ec2", "Instance"),
            ("ec2", "LaunchTemplate"),
            ("ec2", "BastionHostLinux"),
            ("autoscaling", "AutoScalingGroup"),
        ],
        python: "require_imdsv2=True",
        other: "requireImdsv2: true",
    },
    Toolkit {
        imports: &["@pulumi/aws", "pulumi_aws"],
        launchers: &[
            ("ec2", "Instance"),
            ("ec2", "LaunchTemplate"),
            ("ec2", "LaunchConfiguration"),
            ("ec2", "SpotInstanceRequest"),
        ],
        python: "metadata_options={\"http_tokens\": \"required\"}",
        other: "metadataOptions: { httpTokens: \"required\" }",
    },
];

/// Words of properties that decide.
const DECIDING: [&str; 7] = [
    "requireImdsv2",
    "require_imdsv2",
    "metadataOptions",
    "metadata_options",
    "httpTokens",
    "launchTemplate",
    "launch_template",
];

/// What brings properties into a call from elsewhere.
const SPREADING: [&str; 2] = ["...", "**"];

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let Some(toolkit) = TOOLKITS.iter().find(|t| t.imports.iter().any(|i| snippet.says(i))) else {
        return Vec::new();
    };
    let source: &[u8] = &snippet.text;
    let Some(tree) = language.grammar().and_then(|g| syntax::parse(&g, source)) else {
        return Vec::new();
    };
    let (call, name) = match language {
        Language::Python => ("call", "function"),
        _ => ("new_expression", "constructor"),
    };
    let root = tree.root_node();
    nodes(root)
        .filter(|n| n.kind() == call && is_clean(*n))
        .filter_map(|n| {
            let name = n.child_by_field_name(name)?;
            let launches = |launcher| is_launcher(launcher, &text(name, source), root, source);
            toolkit.launchers.iter().any(launches).then_some(())?;
            launcher(n, name, toolkit, language, snippet)
        })
        .collect()
}

/// Whether `written` is the launcher: by its module, or imported from it.
fn is_launcher(
    (module, name): &(&str, &str),
    written: &str,
    root: Node<'_>,
    source: &[u8],
) -> bool {
    if written != *name {
        return written.ends_with(&format!("{module}.{name}"));
    }
    let imports = children(root).into_iter().filter(|n| n.kind().starts_with("import"));
    imports.map(|n| text(n, source)).any(|import| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        ["-", "_", "/", "."].iter().any(|dash| import.contains(&format!("aws{dash}{module}")))
            && import.split(|c| !is_word(c)).any(|word| word == *name)
    })
}

fn launcher(
    call: Node<'_>,
    name: Node<'_>,
    toolkit: &Toolkit,
    language: Language,
    snippet: &Snippet<'_>,
) -> Option<Finding> {
    let source: &[u8] = &snippet.text;
    let arguments = call.child_by_field_name("arguments")?;
    let said = text(arguments, source);
    if DECIDING.iter().chain(&SPREADING).any(|word| said.contains(word)) {
        return None;
    }
    let written = text(name, source);
    let what = format!("`{written}` does not say whether tokens are required");
    let property = if language == Language::Python { toolkit.python } else { toolkit.other };
    Some(match edit(arguments, property, language, source) {
        Some(edit) => not_required(name.byte_range(), what, vec![edit]),
        None if DECIDING.iter().any(|word| snippet.says(word)) => return None,
        None => Finding::new(
            Rule::TokensNotRequired,
            name.byte_range(),
            what,
            Remedy::advice(property, format!("its properties are made elsewhere; {REQUIRE}")),
        ),
    })
}

/// The property, among those that stand in the call itself.
fn edit(arguments: Node<'_>, property: &str, language: Language, source: &[u8]) -> Option<Edit> {
    let mut given = children(arguments);
    given.retain(|n| n.kind() != "comment");
    if language == Language::Python {
        let last = given.last().filter(|n| n.kind() == "keyword_argument")?;
        return Some(Edit::insert(last.end_byte(), format!(", {property}")));
    }
    let properties = given.into_iter().find(|n| n.kind() == "object")?;
    let start = properties.start_byte() + 1;
    let text = match source.get(start) {
        _ if children(properties).is_empty() => format!(" {property} "),
        Some(b' ' | b'\n' | b'\r') => format!(" {property},"),
        _ => format!("{property}, "),
    };
    Some(Edit::insert(start, text))
}
