//! What is said of settings that launch instances, whatever tool they are written for.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::job::Job;
use crate::rules::Rule;

/// Packer's builders that launch an instance.
pub(super) const PACKER: [&str; 4] =
    ["amazon-ebs", "amazon-ebssurrogate", "amazon-ebsvolume", "amazon-instance"];

/// A setting of a service that launches instances of its own.
pub(super) struct Service {
    pub(super) name: &'static str,
    /// How it is spelled in CloudFormation, in an API's JSON, and in Terraform.
    pub(super) keys: &'static [&'static str],
    /// The value that leaves IMDSv1 on, and the one that requires tokens.
    pub(super) leaves: &'static str,
    pub(super) requires: &'static str,
}

/// Source: botocore's models of these services; aws-parallelcluster, `cli/src/pcluster/schemas`.
pub(super) const SERVICES: [Service; 4] = [
    Service {
        name: "SageMaker",
        keys: &[
            "MinimumInstanceMetadataServiceVersion",
            "minimum_instance_metadata_service_version",
        ],
        leaves: "1",
        requires: "2",
    },
    Service {
        name: "Elastic Beanstalk or AppStream",
        keys: &["DisableIMDSv1", "DisableIMDSV1", "disable_imdsv1"],
        leaves: "false",
        requires: "true",
    },
    Service {
        name: "ParallelCluster",
        keys: &["ImdsSupport", "imds_support"],
        leaves: "v1.0",
        requires: "v2.0",
    },
    Service {
        name: "Bedrock AgentCore",
        keys: &["RequireMMDSV2", "requireMMDSV2", "require_mmdsv2"],
        leaves: "false",
        requires: "true",
    },
];

/// What to know before tokens are required.
pub(super) const REQUIRE: &str = "first migrate what still speaks IMDSv1 on these instances; then requests \
                       without a token stop working";
/// What to know before tokens may travel further.
const REACH: &str = "a limit of 2 lets containers on a bridged network fetch tokens, and with \
                     them the instance's role; keep 1 where they must not";

pub(super) fn not_required(
    span: Range<usize>,
    what: impl Into<String>,
    edits: Vec<Edit>,
) -> Finding {
    let remedy = Remedy::Offer { edits, caution: REQUIRE.to_owned() };
    Finding::new(Rule::TokensNotRequired, span, what, remedy)
}

pub(super) fn too_low(span: Range<usize>, what: impl Into<String>, edits: Vec<Edit>) -> Finding {
    let remedy = Remedy::Offer { edits, caution: REACH.to_owned() };
    Finding::new(Rule::HopLimitTooLow, span, what, remedy)
}

/// An EKS node group that names no launch template: EKS makes one, which nobody can change. On
/// Amazon Linux 2 it leaves tokens optional and lets them travel two hops; on Amazon Linux 2023 they
/// are required and travel one.
///
/// Source: the EKS user guide, "Upgrade from Amazon Linux 2 to Amazon Linux 2023".
pub(super) struct NodeGroup<'a> {
    /// What the file calls it.
    pub(super) kind: &'a str,
    /// Its AMI type; empty if the file does not say.
    pub(super) system: &'a str,
}

impl NodeGroup<'_> {
    fn rule(&self) -> Rule {
        if self.system.starts_with("AL2023") {
            return Rule::HopLimitTooLow;
        }
        Rule::TokensNotRequired
    }

    fn what(&self) -> String {
        let so = match self.rule() {
            Rule::HopLimitTooLow => "lets tokens travel one hop, where containers run",
            _ => "does not say whether tokens are required",
        };
        format!("`{}` names no launch template, and so {so}", self.kind)
    }

    /// Edits that make a launch template and name it.
    pub(super) fn offer(&self, span: Range<usize>, edits: Vec<Edit>) -> Finding {
        let caution = "to name a launch template replaces the node group, and lets its containers \
                       fetch tokens; with a limit of 1 they cannot"
            .to_owned();
        Finding::new(self.rule(), span, self.what(), Remedy::Offer { edits, caution })
    }

    pub(super) fn advice(&self, span: Range<usize>, text: &str) -> Finding {
        let reason = "without a launch template EKS makes its own; to name one replaces the node \
                      group, and some of its settings have to move there";
        Finding::new(self.rule(), span, self.what(), Remedy::advice(text, reason))
    }
}

/// Whether the file `source` speaks of containers on the instances it launches.
pub(super) fn runs_containers(source: &[u8], job: &Job) -> bool {
    *job.runs_containers.get_or_init(|| speaks_of_containers(source))
}

fn speaks_of_containers(source: &[u8]) -> bool {
    const WORDS: [&str; 6] = ["ecs", "docker", "container", "kubernetes", "kubelet", "eks"];
    static SEARCH: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let build = || AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS).ok();
    let is_inside = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    SEARCH.get_or_init(build).as_ref().is_some_and(|search| {
        search.find_overlapping_iter(source).any(|found| {
            let before = found.start().checked_sub(1).and_then(|before| source.get(before));
            !is_inside(before) && !is_inside(source.get(found.end()))
        })
    })
}
