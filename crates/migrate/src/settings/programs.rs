//! Programs that describe infrastructure: AWS CDK and Pulumi, in TypeScript, JavaScript and Python.

use tree_sitter::Node;

use super::{REQUIRE, not_required};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy, Rule};
use crate::language::Language;
use crate::snippet::Snippet;
use crate::syntax::{self, children, is_clean, nodes, text};

/// One of the libraries, and what in it launches instances.
struct Toolkit {
    /// What a program that uses it imports.
    imports: &'static [&'static str],
    launchers: &'static [Launcher],
}

/// A class whose objects launch instances.
struct Launcher {
    module: &'static str,
    name: &'static str,
    options: &'static Options,
}

/// How tokens are required.
struct Options {
    /// The property, as Python and as the others write it; `{class}` is the class as the program
    /// names it.
    python: &'static str,
    other: &'static str,
    /// The property that it is a part of, as Python and as the others write it.
    within: Option<(&'static str, &'static str)>,
}

const fn launcher(module: &'static str, name: &'static str, options: &'static Options) -> Launcher {
    Launcher { module, name, options }
}

const TOOLKITS: [Toolkit; 2] = [
    Toolkit {
        imports: &["aws-cdk", "aws_cdk"],
        launchers: &[
            launcher("ec2", "Instance", &CDK),
            launcher("ec2", "LaunchTemplate", &CDK),
            launcher("ec2", "BastionHostLinux", &CDK),
            launcher("autoscaling", "AutoScalingGroup", &CDK),
            launcher("ec2", "CfnInstance", &CDK_L1),
            launcher("ec2", "CfnLaunchTemplate", &CDK_L1_TEMPLATE),
            launcher("autoscaling", "CfnLaunchConfiguration", &CDK_L1),
        ],
    },
    Toolkit {
        imports: &["@pulumi/aws", "pulumi_aws"],
        launchers: &[
            launcher("ec2", "Instance", &PULUMI),
            launcher("ec2", "LaunchTemplate", &PULUMI),
            launcher("ec2", "LaunchConfiguration", &PULUMI),
            launcher("ec2", "SpotInstanceRequest", &PULUMI),
        ],
    },
];

const CDK: Options =
    Options { python: "require_imdsv2=True", other: "requireImdsv2: true", within: None };
/// What CloudFormation's resources are called in the CDK.
const CDK_L1: Options = Options {
    python: "metadata_options={class}.MetadataOptionsProperty(http_tokens=\"required\")",
    other: "metadataOptions: { httpTokens: \"required\" }",
    within: None,
};
const CDK_L1_TEMPLATE: Options =
    Options { within: Some(("launch_template_data", "launchTemplateData")), ..CDK_L1 };
const PULUMI: Options = Options {
    python: "metadata_options={\"http_tokens\": \"required\"}",
    other: "metadataOptions: { httpTokens: \"required\" }",
    within: None,
};

/// Words of properties that decide.
const DECIDING: [&str; 5] =
    ["requireImdsv2", "require_imdsv2", "metadataOptions", "metadata_options", "httpTokens"];
/// Words of properties that leave it to a launch template.
const INHERITING: [&str; 2] = ["launchTemplate", "launch_template"];

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
            let written = text(name, source);
            let launcher = toolkit.launchers.iter().find(|l| l.is_named(&written, root, source))?;
            judge(n, name, launcher.options, language, snippet)
        })
        .collect()
}

impl Launcher {
    /// Whether the name `written` means this class: by its module, or imported from it.
    fn is_named(&self, written: &str, root: Node<'_>, source: &[u8]) -> bool {
        let Self { module, name, .. } = self;
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
}

fn judge(
    call: Node<'_>,
    name: Node<'_>,
    options: &Options,
    language: Language,
    snippet: &Snippet<'_>,
) -> Option<Finding> {
    let source: &[u8] = &snippet.text;
    let arguments = call.child_by_field_name("arguments")?;
    let said = text(arguments, source);
    // A launch template does not inherit from one.
    let inheriting = if options.within.is_none() { &INHERITING[..] } else { &[] };
    let deciding = || DECIDING.iter().chain(inheriting);
    if deciding().chain(&SPREADING).any(|word| said.contains(word)) {
        return None;
    }
    let written = text(name, source);
    let what = format!("`{written}` does not say whether tokens are required");
    let property = match language {
        Language::Python => options.python.replace("{class}", &written),
        _ => options.other.to_owned(),
    };
    Some(match edit(arguments, &property, options, language, source) {
        Some(edit) => not_required(name.byte_range(), what, vec![edit]),
        None if deciding().any(|word| snippet.says(word)) => return None,
        None => Finding::new(
            Rule::TokensNotRequired,
            name.byte_range(),
            what,
            Remedy::advice(property, format!("its properties are made elsewhere; {REQUIRE}")),
        ),
    })
}

/// The property, among those that stand in the call itself.
fn edit(
    arguments: Node<'_>,
    property: &str,
    options: &Options,
    language: Language,
    source: &[u8],
) -> Option<Edit> {
    if language == Language::Python {
        let arguments = match options.within {
            Some((within, _)) => {
                let data = value(arguments, "keyword_argument", "name", within, source)?;
                data.child_by_field_name("arguments").filter(|_| data.kind() == "call")?
            }
            None => arguments,
        };
        let last = said(arguments).last().copied().filter(|n| n.kind() == "keyword_argument")?;
        return Some(Edit::insert(last.end_byte(), format!(", {property}")));
    }
    let mut properties = said(arguments).into_iter().find(|n| n.kind() == "object")?;
    if let Some((_, within)) = options.within {
        properties = value(properties, "pair", "key", within, source)?;
        (properties.kind() == "object").then_some(())?;
    }
    let start = properties.start_byte() + 1;
    let text = match source.get(start) {
        _ if children(properties).is_empty() => format!(" {property} "),
        Some(b' ' | b'\n' | b'\r') => format!(" {property},"),
        _ => format!("{property}, "),
    };
    Some(Edit::insert(start, text))
}

/// What is given in a call, without comments.
fn said(arguments: Node<'_>) -> Vec<Node<'_>> {
    children(arguments).into_iter().filter(|n| n.kind() != "comment").collect()
}

/// The value of the entry of `parent`, of this kind, whose `field` is `name`.
fn value<'t>(
    parent: Node<'t>,
    kind: &str,
    field: &str,
    name: &str,
    source: &[u8],
) -> Option<Node<'t>> {
    let entries = children(parent).into_iter().filter(|n| n.kind() == kind);
    let is_named =
        |n: &Node<'_>| n.child_by_field_name(field).is_some_and(|k| text(k, source) == name);
    entries.filter(is_named).find_map(|n| n.child_by_field_name("value"))
}
