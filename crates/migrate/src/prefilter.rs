//! Whether a file can hold a finding at all: one pass over its bytes, before any parser.

use std::path::Path;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{language, library};

/// Texts without one of which a file is not parsed, in the spellings that mean something.
///
/// A search that heeds case is several times faster than one that does not, and fastest if the
/// first four bytes of each text are rare; so some words have lost their first letters.
const NEEDLES: [&str; 50] = [
    // The service, and its tree under an address from elsewhere.
    "169.254.169.254",
    "fd00:ec2::254",
    "FD00:EC2::254",
    "nce-data", // instance-data
    "est/meta-data",
    "est/user-data",
    "est/dynamic",
    "ec2metadata",
    // Encoded parts of user data: content-transfer-encoding.
    "g: base64",
    "G: BASE64",
    // boto 2
    "nce_metadata",
    "nce_userdata",
    "nce_identity",
    // Terraform, Packer, CDK, Pulumi
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "s_eks_node_group",
    "aws_ec2_instance_metadata_defaults",
    "amazon-ebs",
    "amazon-instance",
    "gebuilder_infra", // aws_imagebuilder_infrastructure_configuration
    "aws:ec2",
    "aws:autoscaling",
    "aws-cdk",
    "aws_cdk",
    "s.awscdk", // software.amazon.awscdk
    "mazon.CDK",
    "lumi/aws",
    "lumi_aws",
    "lumi-aws",
    "lumi.aws",
    "lumi.Aws",
    "modules/ec2-instance",
    "modules/autoscaling",
    "ttpTokens",
    "ttp_tokens",
    // CloudFormation and SAM
    "AWS::EC2::Instance",
    "AWS::EC2::LaunchTemplate",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EKS::Nodegroup",
    "AWS::ImageB",
    "aws:eks",
    // Kubernetes
    "EC2NodeClass",
    "AWSNodeTemplate",
    "eksctl.io",
    "kops.k8s.io",
    // Ansible, CDK
    "ec2_instance",
    "ec2_launch_template",
    "eImdsv2",
    "e_imdsv2",
];

/// Whether `bytes`, the content of `path`, are worth parsing.
pub(crate) fn is_worth_parsing(path: &Path, bytes: &[u8]) -> bool {
    library::is_manifest(path) || holds_needle(bytes) && language::detect(path, bytes).is_some()
}

/// Whether a part of a file says something that may be a finding.
pub(crate) fn holds_needle(bytes: &[u8]) -> bool {
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    // This kind of match is the one that is searched with vector instructions.
    let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(NEEDLES).ok();
    // Without a search everything is parsed: slower, never wrong.
    SEARCH.get_or_init(build).as_ref().is_none_or(|search| search.is_match(bytes))
}
