//! Karpenter, kOps and eksctl: nodes of Kubernetes clusters, which run containers.

use std::ops::Range;

use super::judge::{CAMEL, Judge, Resource};
use crate::data::{self, Data};
use crate::edit::Edit;
use crate::settings::launch::{not_required, too_low};

/// Kinds, and where each keeps its options.
const KINDS: [(&str, &[&str; 2]); 3] = [
    ("EC2NodeClass", &["spec", "metadataOptions"]),
    ("AWSNodeTemplate", &["spec", "metadataOptions"]),
    ("InstanceGroup", &["spec", "instanceMetadata"]),
];
const NAMES: &Resource = &CAMEL;

/// How the `apiVersion` of kOps's objects begins.
const KOPS: &str = "kops.k8s.io/";

/// What kOps does with instance groups that do not say whether tokens are required.
///
/// Source: kubernetes/kops, `pkg/model/awsmodel/autoscalinggroup.go`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kops {
    /// Before Kubernetes 1.27.
    LeavesOptional,
    /// From Kubernetes 1.27 on.
    Requires,
    /// No cluster stands beside them.
    Unknown,
    /// Of a cluster in another cloud.
    Elsewhere,
}

/// Whether a document may be a cluster of kOps.
pub(super) fn may_be_cluster(document: &[u8]) -> bool {
    memchr::memmem::find(document, KOPS.as_bytes()).is_some()
}

/// The parts of a document with an object of Kubernetes that are looked at: what is said of metadata, what it depends
/// on, and where an entry would be added.
pub(super) fn looked_at(source: &[u8], document: Range<usize>) -> Vec<Range<usize>> {
    const OBJECT: [&str; 3] = ["apiVersion", "kind", "spec"];
    const SPEC: [&str; 6] = [
        "cloudProvider",
        "instanceMetadata",
        "kubernetesVersion",
        "machineType",
        "metadataOptions",
        "role",
    ];
    // eksctl's is read as a whole.
    if memchr::memmem::find(&source[document.clone()], b"ClusterConfig").is_some() {
        return vec![document];
    }
    let is_one = |keys: &[&str], key: &[u8]| keys.iter().any(|k| k.as_bytes() == key);
    data::needed(source, document, &|depth, index, entry| match depth {
        0 => is_one(&OBJECT, data::key(source, entry)),
        1 => index < 2 || is_one(&SPEC, data::key(source, entry)),
        _ => true,
    })
}

impl Judge<'_> {
    pub(super) fn kubernetes(&mut self, documents: &[Data]) {
        let kops = self.kops(documents);
        for document in documents {
            let Some(kind) = document.get("kind") else { continue };
            let name = kind.word(self.source);
            if let Some((_, path)) = KINDS.iter().find(|(known, _)| *known == name) {
                if let Some(options) = document.at(*path) {
                    self.explicit(options, name, NAMES);
                    self.limit(options, name, NAMES, true);
                }
                self.unsaid(document, kind, path, kops);
            }
            if name == "ClusterConfig" {
                let groups = ["nodeGroups", "managedNodeGroups"].map(|key| document.get(key));
                groups.into_iter().flatten().flat_map(Data::items).for_each(|g| self.eksctl(g));
            }
        }
    }

    fn kops(&self, documents: &[Data]) -> Kops {
        let word = |d: &Data, key| d.get(key).map(|v| v.word(self.source).to_owned());
        let clusters = documents.iter().filter(|d| {
            word(d, "kind").as_deref() == Some("Cluster")
                && word(d, "apiVersion").is_some_and(|v| v.starts_with(KOPS))
        });
        // A word in `v1alpha2`, the key of a map in `v1alpha3`.
        let is_elsewhere = |cluster: &Data| {
            let Some(cloud) = cluster.at(&["spec", "cloudProvider"]) else { return false };
            let word = cloud.word(self.source);
            cloud.get("aws").is_none() && (!cloud.pairs().is_empty() || !matches!(word, "aws" | ""))
        };
        let clusters: Vec<&Data> = clusters.collect();
        if clusters.iter().any(|cluster| is_elsewhere(cluster)) {
            return Kops::Elsewhere;
        }
        let minor = |cluster: &Data| {
            let version = cluster.at(&["spec", "kubernetesVersion"])?.word(self.source);
            let rest = version.trim_start_matches('v').strip_prefix("1.")?;
            rest.split('.').next()?.parse::<u32>().ok()
        };
        let minors: Option<Vec<u32>> = clusters.into_iter().map(minor).collect();
        match minors {
            Some(minors) if !minors.is_empty() && minors.iter().all(|m| *m < 27) => {
                Kops::LeavesOptional
            }
            Some(minors) if !minors.is_empty() => Kops::Requires,
            _ => Kops::Unknown,
        }
    }

    /// What holds where the options at `path` do not say.
    ///
    /// Source: Karpenter's `pkg/apis/v1/ec2nodeclass.go`: a limit of 1 since `v1`, which it was not
    /// in all versions of `v1beta1`; tokens required in each. kOps gives nodes a limit of 1 in
    /// every version, and to a control plane a higher one in some.
    fn unsaid(&mut self, document: &Data, kind: &Data, path: &[&str; 2], kops: Kops) {
        let Some(spec) = document.get(path[0]) else { return };
        let (holder, block) = match spec.get(path[1]) {
            Some(options) if options.pairs().is_empty() => return,
            Some(options) => (options, ""),
            None => (spec, path[1]),
        };
        let says = |key| block.is_empty() && holder.get(key).is_some();
        let version = document.get("apiVersion").map(|v| v.word(self.source)).unwrap_or_default();
        let is_kops = version.starts_with(KOPS);
        // EC2's types have a dot; those of GCE, Azure, Hetzner and DigitalOcean have none.
        let kind_of_machine =
            spec.get("machineType").map(|m| m.word(self.source)).unwrap_or_default();
        let has_other_type = !kind_of_machine.is_empty() && !kind_of_machine.contains(['.', '{']);
        if is_kops && (kops == Kops::Elsewhere || has_other_type) {
            return;
        }
        let role = spec.get("role").map(|r| r.word(self.source)).unwrap_or_default();

        let is_optional = is_kops && kops != Kops::Requires && !says(NAMES.tokens);
        let is_near =
            (version == "karpenter.k8s.aws/v1" || is_kops && role == "Node") && !says(NAMES.limit);
        let mut entries = Vec::new();
        entries.extend(is_optional.then_some((NAMES.tokens, "required")));
        entries.extend(is_near.then_some((NAMES.limit, "2")));
        let Some(edit) = self.addition(holder, block, &entries) else { return };

        let name = kind.word(self.source);
        if is_optional {
            let what = format!(
                "`{name}` does not say whether tokens are required, and before Kubernetes 1.27 \
                 kOps leaves them optional"
            );
            self.findings.push(not_required(kind.span.clone(), what, vec![edit.clone()]));
        }
        if is_near {
            let what = format!("`{name}` lets tokens travel one hop unless it says otherwise");
            self.findings.push(too_low(kind.span.clone(), what, vec![edit]));
        }
    }

    /// A node group of eksctl, which gives it a hop limit of 2, or of 1 with `disablePodIMDS`.
    ///
    /// Source: eksctl-io/eksctl, `pkg/cfn/builder/nodegroup.go` and
    /// `pkg/apis/eksctl.io/v1alpha5/defaults.go`, where the default changed in May 2023.
    fn eksctl(&mut self, group: &Data) {
        if group.get("launchTemplate").is_some() {
            return;
        }
        let is = |key, word| group.get(key).filter(|v| v.word(self.source) == word);
        let required = || self.addition(group, "", &[("disableIMDSv1", "true")]);
        let mut found = Vec::new();
        let says_tokens = group.get("disableIMDSv1").is_some();
        if let Some(value) = is("disablePodIMDS", "true") {
            let mut edits = vec![Edit::replace(value.span.clone(), "false")];
            // It requires tokens as well.
            edits.extend(required().filter(|_| !says_tokens));
            let what = "the node group lets tokens travel one hop, where containers run";
            found.push(too_low(value.span.clone(), what, edits));
        } else if let Some(value) = is("disableIMDSv1", "false") {
            let edits = vec![Edit::replace(value.span.clone(), "true")];
            found.push(not_required(value.span.clone(), "the node group leaves IMDSv1 on", edits));
        } else if let (false, Some(edit)) = (says_tokens, required()) {
            let at = group.get("name").map_or(edit.start..edit.start + 1, |n| n.span.clone());
            let what = "the node group does not say whether IMDSv1 is off, and before May 2023 \
                        eksctl left it on";
            found.push(not_required(at, what, vec![edit]));
        }
        self.findings.extend(found);
    }
}
