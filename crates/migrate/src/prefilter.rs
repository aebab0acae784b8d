//! Whether a file can hold a finding at all: one pass over its bytes, before any parser.

use std::path::Path;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// Texts without one of which a file is not parsed. Matched without regard to case.
const NEEDLES: [&str; 33] = [
    // The service, and its tree under an address from elsewhere.
    "169.254.169.254",
    "fd00:ec2::254",
    "instance-data",
    "latest/meta-data",
    "latest/user-data",
    "latest/dynamic",
    "ec2metadata",
    // Encoded parts of user data.
    "content-transfer-encoding: base64",
    // boto 2
    "get_instance_metadata",
    "get_instance_userdata",
    "get_instance_identity",
    // Terraform, Packer, CDK, Pulumi
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_ec2_instance_metadata_defaults",
    "amazon-ebs",
    "amazon-instance",
    "aws:ec2",
    "aws:autoscaling",
    "aws-cdk",
    "aws_cdk",
    "httptokens",
    "http_tokens",
    // CloudFormation and SAM
    "aws::ec2::instance",
    "aws::ec2::launchtemplate",
    "aws::autoscaling::launchconfiguration",
    // Kubernetes
    "ec2nodeclass",
    "awsnodetemplate",
    "eksctl.io",
    "kops.k8s.io",
    // Ansible
    "ec2_instance",
    "ec2_launch_template",
    "requireimdsv2",
];

/// Whether `bytes`, the content of `path`, are worth parsing.
pub(crate) fn is_worth_parsing(path: &Path, bytes: &[u8]) -> bool {
    crate::library::is_manifest(path) || holds_needle(bytes)
}

fn holds_needle(bytes: &[u8]) -> bool {
    static NEEDLE: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let automaton = NEEDLE
        .get_or_init(|| AhoCorasick::builder().ascii_case_insensitive(true).build(NEEDLES).ok());
    // Without an automaton everything is parsed: slower, never wrong.
    automaton.as_ref().is_none_or(|a| a.is_match(bytes))
}
