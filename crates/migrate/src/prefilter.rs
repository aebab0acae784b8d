//! Whether a file can hold a finding at all: one pass over its bytes, before any parser.

use std::path::Path;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, Match, MatchKind};

use crate::language::{self, Language};
use crate::library;

/// Texts without one of which a file holds no request, in the spellings that mean something.
///
/// A search that heeds case is several times faster than one that does not, and fastest if the
/// first four bytes of each text are rare; so some words have lost their first letters.
const REQUEST: [&str; 15] = [
    // The service, and its tree, of any version, under an address from elsewhere.
    "169.254.169.254",
    "00:ec2::254", // fd00:ec2::254
    "00:EC2::254",
    "nce-data", // instance-data
    "/meta-data",
    "/user-data",
    "est/dynamic",
    "/dynamic/",
    "ec2metadata",
    // Encoded parts of user data: content-transfer-encoding.
    "er-encoding:",
    "er-Encoding:",
    "ER-ENCODING:",
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

/// Kinds of Kubernetes' objects, of Karpenter, kOps and eksctl, that say how instances are launched.
const KINDS: [&str; 4] = ["EC2NodeClass", "AWSNodeTemplate", "InstanceGroup", "ClusterConfig"];

/// The same for YAML and JSON, beside objects of these kinds.
const DOCUMENTS: [&str; 23] = [
    // CloudFormation and SAM
    "AWS::EC2::Instance",
    "AWS::EC2::LaunchTemplate",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::EKS::Nodegroup",
    "AWS::ImageB",
    "AWS::WorkspacesI",
    // Pulumi
    "aws:ec2",
    "aws:eks",
    "aws:autoscaling",
    // Ansible, Packer, and words of many tools
    "ec2_instance",
    "ec2_launch_template",
    "amazon-ebs",
    "amazon-instance",
    "AllowedValues",
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
const SERVICE: [&str; 4] = ["169.254.169.254", "00:ec2::254", "00:EC2::254", "/instance-data"];

/// The same in UTF-16, of either order: every other byte.
const SERVICE_UTF16: &[u8] =
    b"1\x006\x009\x00.\x002\x005\x004\x00.\x001\x006\x009\x00.\x002\x005\x004";

type Search = OnceLock<Option<AhoCorasick>>;

/// Whether `bytes`, the content of `path`, are worth parsing.
pub(crate) fn is_worth_parsing(path: &Path, bytes: &[u8]) -> bool {
    static PROGRAMS: Search = Search::new();
    static BLOCKS: Search = Search::new();
    if library::is_manifest(path) {
        return true;
    }
    if language::is_utf16(bytes) {
        return memchr::memmem::find(bytes, SERVICE_UTF16).is_some();
    }
    // Of the languages that most files of a tree are in, one pass tells of both.
    let either = |cell, settings: &'static [&str]| {
        built(cell, || REQUEST.iter().chain(settings)).is_none_or(|search| search.is_match(bytes))
    };
    match language::detect(path, bytes) {
        Some(language) if has_programs(language) => either(&PROGRAMS, &PROGRAM),
        Some(Language::Hcl) => either(&BLOCKS, &TERRAFORM),
        Some(language) => may_request(bytes) || may_launch(language, bytes),
        None => !language::is_prose(path) && names_service(bytes),
    }
}

/// Whether programs of the CDK and Pulumi are read in a language.
fn has_programs(language: Language) -> bool {
    matches!(
        language,
        Language::Go | Language::JavaScript | Language::Python | Language::Java | Language::CSharp
    )
}

/// Whether a text may hold a request.
pub(crate) fn may_request(bytes: &[u8]) -> bool {
    static SEARCH: Search = Search::new();
    search(&SEARCH, &REQUEST, bytes)
}

/// Whether a text may hold settings that launch instances. In a program only those of the CDK and Pulumi are
/// read, whatever other words it has.
pub(crate) fn may_launch(language: Language, bytes: &[u8]) -> bool {
    static BLOCKS: Search = Search::new();
    static PROGRAMS: Search = Search::new();
    match language {
        _ if has_programs(language) => search(&PROGRAMS, &PROGRAM, bytes),
        Language::Hcl => search(&BLOCKS, &TERRAFORM, bytes),
        Language::Yaml | Language::Json => {
            let is_meant =
                |found: Match| is_resource(&found) || is_after_kind(&bytes[..found.start()]);
            settings().is_none_or(|search| search.find_iter(bytes).any(is_meant))
        }
        _ => false,
    }
}

/// Whether a document names more than objects of Kubernetes.
pub(crate) fn names_resources(document: &[u8]) -> bool {
    settings().is_none_or(|search| search.find_iter(document).any(|found| is_resource(&found)))
}

/// The search for what says in YAML and JSON how instances are launched.
fn settings() -> Option<&'static AhoCorasick> {
    static SEARCH: Search = Search::new();
    built(&SEARCH, || KINDS.iter().chain(&DOCUMENTS))
}

fn is_resource(found: &Match) -> bool {
    found.pattern().as_usize() >= KINDS.len()
}

/// Whether a file names the service.
pub(crate) fn names_service(bytes: &[u8]) -> bool {
    static SEARCH: Search = Search::new();
    search(&SEARCH, &SERVICE, bytes)
}

/// Whether what follows `before` is the `kind` of an object, and not of something inside one.
fn is_after_kind(before: &[u8]) -> bool {
    let value = before.trim_ascii_end();
    let value = value.strip_suffix(b"\"").or(value.strip_suffix(b"'")).unwrap_or(value);
    let Some(key) = value.trim_ascii_end().strip_suffix(b":") else { return false };
    let bare = key.strip_suffix(b"\"").or(key.strip_suffix(b"'"));
    let is_quoted = bare.is_some();
    let head = bare.unwrap_or(key).strip_suffix(b"kind");
    head.is_some_and(|head| {
        let line = head.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        is_quoted || line.is_empty() || !line.trim_ascii().is_empty()
    })
}

fn search(cell: &'static Search, needles: &[&'static str], bytes: &[u8]) -> bool {
    // Without a search everything is parsed: slower, never wrong.
    built(cell, || needles.iter()).is_none_or(|search| search.is_match(bytes))
}

fn built<'n, N: Iterator<Item = &'n &'static str>>(
    cell: &'static Search,
    needles: impl FnOnce() -> N,
) -> Option<&'static AhoCorasick> {
    // This kind of match is the one that is searched with vector instructions.
    let build =
        || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(needles()).ok();
    cell.get_or_init(build).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_in_each_of_its_spellings() {
        for text in [
            "curl http://[FD00:ec2::254]/",
            "curl http://[fd00:EC2::254]/",
            "curl $HOST/2021-03-23/meta-data/ami-id",
            "curl $BASE/user-data",
            "curl $HOST/1.0/dynamic/instance-identity/document",
            "Content-Transfer-Encoding: Base64",
            "content-transfer-encoding:base64",
            "CONTENT-TRANSFER-ENCODING:  BASE64",
        ] {
            assert!(may_request(text.as_bytes()), "{text}");
        }
        assert!(!may_request(b"import dynamic from 'next/dynamic'; // the metadata of the page"));
    }

    #[test]
    fn needles_of_requests_and_of_settings_are_told_apart() {
        assert!(
            may_request(b"boto.utils.get_instance_identity()")
                && !may_launch(Language::Hcl, b"169.254.169.254")
        );
        let text = b"resource aws_instance";
        assert!(!may_launch(Language::Shell, text) && !may_launch(Language::Yaml, text));
        for (text, expected) in [
            ("apiVersion: x\nkind: InstanceGroup\n", true),
            ("{kind: \"InstanceGroup\"}", true),
            ("{\n  \"kind\": \"ClusterConfig\"", true),
            ("'kind': InstanceGroup\n", true),
            ("names:\n  kind: InstanceGroup\nhttpTokens: x\n", false),
            ("title: Using InstanceGroup\n", false),
            ("Type: AWS::EC2::Instance", true),
        ] {
            assert_eq!(may_launch(Language::Yaml, text.as_bytes()), expected, "{text}");
        }
        assert!(may_launch(Language::Hcl, text) && !may_request(text));
        assert!(may_launch(Language::Java, b"import software.amazon.awscdk.Stack;"));
        assert!(
            !may_launch(Language::Go, text)
                && may_launch(Language::Go, b"github.com/aws/aws-cdk-go/awscdk/v2")
        );
    }
}
