//! Whether a file can hold a finding at all: one pass over its bytes, before any parser.

use std::path::Path;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::language::{self, Language};
use crate::library;

/// Texts without one of which a file holds no request, in the spellings that mean something.
///
/// A search that heeds case is several times faster than one that does not, and fastest if the
/// first four bytes of each text are rare; so some words have lost their first letters.
const REQUEST: [&str; 13] = [
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
];

/// Texts without one of which a file of Terraform or Packer holds no settings that launch instances.
const TERRAFORM: [&str; 15] = [
    "aws_instance",
    "aws_launch_template",
    "aws_launch_configuration",
    "aws_spot_instance_request",
    "s_eks_node_group",
    "aws_ec2_instance_metadata_defaults",
    "gebuilder_infra", // aws_imagebuilder_infrastructure_configuration
    "amazon-ebs",
    "amazon-instance",
    "modules/ec2-instance",
    "modules/autoscaling",
    "ttp_tokens",
    // Those of other services.
    "metadata_service_version",
    "ble_imdsv1",
    "_mmdsv2",
];

/// The same for YAML and JSON.
const DOCUMENTS: [&str; 27] = [
    // CloudFormation and SAM
    "AWS::EC2::Instance",
    "AWS::EC2::LaunchTemplate",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EKS::Nodegroup",
    "AWS::ImageB",
    // Pulumi
    "aws:ec2",
    "aws:eks",
    "aws:autoscaling",
    // Kubernetes: kinds of Karpenter, kOps and eksctl
    "EC2NodeClass",
    "AWSNodeTemplate",
    "nceGroup",
    "terConfig",
    // Ansible, Packer, and words of many tools
    "ec2_instance",
    "ec2_launch_template",
    "amazon-ebs",
    "amazon-instance",
    "ttpTokens",
    "ttp_tokens",
    // SageMaker, Elastic Beanstalk, AppStream, ParallelCluster, AgentCore
    "MetadataServiceVersion",
    "metadata_service_version",
    "bleIMDSv1",
    "bleIMDSV1",
    "ble_imdsv1",
    "ImdsSupport",
    "imds_support",
    "MMDSV2",
    "_mmdsv2",
];

/// The same for a program: the CDK and Pulumi.
const PROGRAM: [&str; 10] = [
    "aws-cdk",
    "aws_cdk",
    "n.awscdk", // software.amazon.awscdk
    "mazon.CDK",
    "lumi/aws",
    "lumi_aws",
    "lumi-aws",
    "lumi.aws",
    "lumi.Aws",
    "eImdsv2",
];

/// Texts without one of which a file in a language that is not read is not looked at.
const SERVICE: [&str; 4] = ["169.254.169.254", "fd00:ec2::254", "FD00:EC2::254", "/instance-data"];

/// The same in UTF-16, of either order: every other byte.
const SERVICE_UTF16: &[u8] =
    b"1\x006\x009\x00.\x002\x005\x004\x00.\x001\x006\x009\x00.\x002\x005\x004";

/// Whether `bytes`, the content of `path`, are worth parsing.
pub(crate) fn is_worth_parsing(path: &Path, bytes: &[u8]) -> bool {
    if library::is_manifest(path) {
        return true;
    }
    if language::is_utf16(bytes) {
        return memchr::memmem::find(bytes, SERVICE_UTF16).is_some();
    }
    match language::detect(path, bytes) {
        Some(language) => may_request(bytes) || may_launch(language, bytes),
        None => !language::is_prose(path) && names_service(bytes),
    }
}

/// Whether a text may hold a request.
pub(crate) fn may_request(bytes: &[u8]) -> bool {
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    search(&SEARCH, &REQUEST, bytes)
}

/// Whether a text may hold settings that launch instances. In a program only those of the CDK and Pulumi are
/// read, whatever other words it has.
pub(crate) fn may_launch(language: Language, bytes: &[u8]) -> bool {
    static BLOCKS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    static SETTING: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    static PROGRAMS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    match language {
        Language::Go
        | Language::JavaScript
        | Language::Python
        | Language::Java
        | Language::CSharp => search(&PROGRAMS, &PROGRAM, bytes),
        Language::Hcl => search(&BLOCKS, &TERRAFORM, bytes),
        Language::Yaml | Language::Json => search(&SETTING, &DOCUMENTS, bytes),
        _ => false,
    }
}

/// Whether a file names the service.
pub(crate) fn names_service(bytes: &[u8]) -> bool {
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    search(&SEARCH, &SERVICE, bytes)
}

fn search(cell: &OnceLock<Option<AhoCorasick>>, needles: &[&str], bytes: &[u8]) -> bool {
    // This kind of match is the one that is searched with vector instructions.
    let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(needles).ok();
    // Without a search everything is parsed: slower, never wrong.
    cell.get_or_init(build).as_ref().is_none_or(|search| search.is_match(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needles_of_requests_and_of_settings_are_told_apart() {
        assert!(
            may_request(b"boto.utils.get_instance_identity()")
                && !may_launch(Language::Hcl, b"169.254.169.254")
        );
        let text = b"resource aws_instance";
        assert!(!may_launch(Language::Shell, text) && !may_launch(Language::Yaml, text));
        assert!(may_launch(Language::Yaml, b"kind: InstanceGroup"));
        assert!(may_launch(Language::Hcl, text) && !may_request(text));
        assert!(may_launch(Language::Java, b"import software.amazon.awscdk.Stack;"));
        assert!(
            !may_launch(Language::Go, text)
                && may_launch(Language::Go, b"github.com/aws/aws-cdk-go/awscdk/v2")
        );
    }
}
