//! What in the AWS CDK and in Pulumi launches instances, and which property requires tokens.

use tree_sitter::Node;

use super::literal::{Notation, Words};
use crate::snippet::Snippet;
use crate::syntax::{children, text};

/// One of the libraries.
pub(super) struct Toolkit {
    /// What a program that uses it imports.
    imports: &'static [&'static str],
    pub(super) launchers: &'static [Launcher],
    /// That tokens are required, among metadata options.
    pub(super) tokens: Words,
}

/// A class whose objects launch instances.
pub(super) struct Launcher {
    module: &'static str,
    pub(super) name: &'static str,
    /// `None` where only a launch template can say it.
    pub(super) options: Option<&'static Options>,
}

/// How tokens are required.
pub(super) struct Options {
    /// The property; `{class}` is the class as the program names it, `{name}` its last part.
    property: Words,
    /// The property that it is a part of, in lower case and without `_`.
    pub(super) within: Option<&'static str>,
}

impl Toolkit {
    pub(super) fn of(snippet: &Snippet<'_>) -> Option<&'static Self> {
        TOOLKITS.iter().find(|t| t.imports.iter().any(|i| snippet.says(i)))
    }
}

impl Options {
    /// The property, for a class that the program calls `class`.
    pub(super) fn property(&self, class: &str, notation: Notation) -> String {
        let name = class.rsplit('.').next().unwrap_or(class);
        notation.pick(&self.property).replace("{class}", class).replace("{name}", name)
    }
}

impl Launcher {
    /// Whether the name `written` means this class: by its module, or imported from it.
    pub(super) fn is_named(&self, written: &str, root: Node<'_>, source: &[u8]) -> bool {
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

    /// Whether a program in a language that imports whole modules imports this class's.
    pub(super) fn is_imported(&self, source: &[u8]) -> bool {
        let lower = source.to_ascii_lowercase();
        memchr::memmem::find(&lower, self.module.as_bytes()).is_some()
    }
}

const fn launcher(
    module: &'static str,
    name: &'static str,
    options: Option<&'static Options>,
) -> Launcher {
    Launcher { module, name, options }
}

static TOOLKITS: [Toolkit; 2] = [
    Toolkit {
        imports: &["aws-cdk", "aws_cdk", "awscdk", "Amazon.CDK"],
        launchers: &[
            launcher("ec2", "Instance", Some(&CDK)),
            launcher("ec2", "LaunchTemplate", Some(&CDK)),
            launcher("ec2", "BastionHostLinux", Some(&CDK)),
            launcher("autoscaling", "AutoScalingGroup", Some(&CDK)),
            launcher("ec2", "CfnInstance", Some(&CDK_L1)),
            launcher("ec2", "CfnLaunchTemplate", Some(&CDK_L1_TEMPLATE)),
            launcher("autoscaling", "CfnLaunchConfiguration", Some(&CDK_L1)),
            launcher("eks", "Nodegroup", None),
            launcher("eks", "CfnNodegroup", None),
        ],
        tokens: Words {
            typescript: "httpTokens: \"required\"",
            python: "http_tokens=\"required\"",
            java: "httpTokens(\"required\")",
            csharp: "HttpTokens = \"required\"",
            go: "HttpTokens: jsii.String(\"required\")",
        },
    },
    Toolkit {
        imports: &["@pulumi/aws", "pulumi_aws", "pulumi-aws", "Pulumi.Aws", "com.pulumi.aws"],
        launchers: &[
            launcher("ec2", "Instance", Some(&PULUMI)),
            launcher("ec2", "LaunchTemplate", Some(&PULUMI)),
            launcher("ec2", "LaunchConfiguration", Some(&PULUMI)),
            launcher("ec2", "SpotInstanceRequest", Some(&PULUMI)),
            launcher("eks", "NodeGroup", None),
        ],
        tokens: Words {
            typescript: "httpTokens: \"required\"",
            python: "http_tokens=\"required\"",
            java: "httpTokens(\"required\")",
            csharp: "HttpTokens = \"required\"",
            go: "HttpTokens: pulumi.String(\"required\")",
        },
    },
];

static CDK: Options = Options {
    property: Words {
        typescript: "requireImdsv2: true",
        python: "require_imdsv2=True",
        java: "requireImdsv2(true)",
        csharp: "RequireImdsv2 = true",
        go: "RequireImdsv2: jsii.Bool(true)",
    },
    within: None,
};

/// What CloudFormation's resources are called in the CDK.
static CDK_L1: Options = Options { property: CDK_L1_OPTIONS, within: None };
static CDK_L1_TEMPLATE: Options =
    Options { property: CDK_L1_OPTIONS, within: Some("launchtemplatedata") };

const CDK_L1_OPTIONS: Words = Words {
    typescript: "metadataOptions: { httpTokens: \"required\" }",
    python: "metadata_options={class}.MetadataOptionsProperty(http_tokens=\"required\")",
    java: "metadataOptions({class}.MetadataOptionsProperty.builder().httpTokens(\"required\").build())",
    csharp: "MetadataOptions = new {class}.MetadataOptionsProperty { HttpTokens = \"required\" }",
    go: "MetadataOptions: &{class}_MetadataOptionsProperty{HttpTokens: jsii.String(\"required\")}",
};

static PULUMI: Options = Options {
    property: Words {
        typescript: "metadataOptions: { httpTokens: \"required\" }",
        python: "metadata_options={\"http_tokens\": \"required\"}",
        java: "metadataOptions(com.pulumi.aws.ec2.inputs.{name}MetadataOptionsArgs.builder()\
               .httpTokens(\"required\").build())",
        csharp: "MetadataOptions = new Pulumi.Aws.Ec2.Inputs.{name}MetadataOptionsArgs \
                 { HttpTokens = \"required\" }",
        go: "MetadataOptions: &{class}MetadataOptionsArgs{HttpTokens: pulumi.String(\"required\")}",
    },
    within: None,
};
