//! CloudFormation and SAM, Pulumi YAML, eksctl, Karpenter, kops, Ansible, Packer's JSON.

use super::{not_required, runs_containers, too_low};
use crate::data::{self, Content, Data};
use crate::edit::Edit;
use crate::finding::Finding;
use crate::language::Language;
use crate::snippet::Snippet;

/// A kind of resource and where it keeps its metadata options.
struct Resource {
    /// Its `Type`, `type` or Ansible module.
    kind: &'static str,
    /// From the properties to the map that holds the options.
    parent: &'static [&'static str],
    options: &'static str,
    tokens: &'static str,
    limit: &'static str,
}

const CFN: [Resource; 3] = [
    Resource { kind: "AWS::EC2::Instance", parent: &[], ..CFN_NAMES },
    Resource { kind: "AWS::AutoScaling::LaunchConfiguration", parent: &[], ..CFN_NAMES },
    Resource { kind: "AWS::EC2::LaunchTemplate", parent: &["LaunchTemplateData"], ..CFN_NAMES },
];
const CFN_NAMES: Resource = Resource {
    kind: "",
    parent: &[],
    options: "MetadataOptions",
    tokens: "HttpTokens",
    limit: "HttpPutResponseHopLimit",
};

const PULUMI: [Resource; 5] = [
    Resource { kind: "aws:ec2:Instance", ..CAMEL },
    Resource { kind: "aws:ec2/instance:Instance", ..CAMEL },
    Resource { kind: "aws:ec2:LaunchTemplate", ..CAMEL },
    Resource { kind: "aws:ec2/launchTemplate:LaunchTemplate", ..CAMEL },
    Resource { kind: "aws:ec2:LaunchConfiguration", ..CAMEL },
];
const CAMEL: Resource = Resource {
    kind: "",
    parent: &[],
    options: "metadataOptions",
    tokens: "httpTokens",
    limit: "httpPutResponseHopLimit",
};

const SNAKE: Resource = Resource {
    kind: "",
    parent: &[],
    options: "metadata_options",
    tokens: "http_tokens",
    limit: "http_put_response_hop_limit",
};
const ANSIBLE: [&str; 4] = [
    "amazon.aws.ec2_instance",
    "ec2_instance",
    "amazon.aws.ec2_launch_template",
    "community.aws.ec2_launch_template",
];

/// Kubernetes-style kinds, and where each keeps its options.
const KINDS: [(&str, &[&str], &Resource); 3] = [
    ("EC2NodeClass", &["spec", "metadataOptions"], &CAMEL),
    ("AWSNodeTemplate", &["spec", "metadataOptions"], &CAMEL),
    ("InstanceGroup", &["spec", "instanceMetadata"], &CAMEL),
];

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let documents = match language {
        Language::Json => data::json(source),
        _ => data::yaml(source),
    };
    let is_json = language == Language::Json;
    let kops_optional = kops_leaves_optional(&documents, source);
    let mut judge = Judge { source, is_json, kops_optional, findings: Vec::new() };
    for document in &documents {
        judge.template(document);
        judge.kubernetes(document);
        judge.packer(document);
        judge.ansible(document);
    }
    judge.findings
}

/// Whether the clusters that stand beside their instance groups are so old that kOps leaves tokens
/// optional where a group does not say: since Kubernetes 1.27 it requires them.
///
/// Source: kubernetes/kops, `pkg/model/awsmodel/autoscalinggroup.go`.
fn kops_leaves_optional(documents: &[Data], source: &[u8]) -> bool {
    let clusters = documents.iter().filter(|d| {
        let word = |key| d.get(key).map(|v| v.word(source)).unwrap_or_default();
        word("kind") == "Cluster" && word("apiVersion").starts_with("kops.k8s.io/")
    });
    let minor = |cluster: &Data| {
        let version = cluster.at(&["spec", "kubernetesVersion"])?.word(source);
        version.trim_start_matches('v').strip_prefix("1.")?.split('.').next()?.parse::<u32>().ok()
    };
    let minors: Vec<Option<u32>> = clusters.map(minor).collect();
    !minors.is_empty() && minors.iter().all(|minor| minor.is_some_and(|minor| minor < 27))
}

struct Judge<'a> {
    source: &'a [u8],
    is_json: bool,
    /// What kOps does with an instance group that does not say.
    kops_optional: bool,
    findings: Vec<Finding>,
}

impl Judge<'_> {
    /// CloudFormation's `Resources` and Pulumi's `resources`.
    fn template(&mut self, document: &Data) {
        for (resources, kind, properties, known) in [
            ("Resources", "Type", "Properties", &CFN[..]),
            ("resources", "type", "properties", &PULUMI[..]),
        ] {
            for pair in document.get(resources).map(Data::pairs).unwrap_or_default() {
                let Some(kind) = pair.value.get(kind) else { continue };
                let name = kind.word(self.source);
                let Some(resource) = known.iter().find(|r| r.kind == name) else { continue };
                let Some(properties) = pair.value.get(properties) else { continue };
                // A launch template decides for its instances.
                if properties.get("LaunchTemplate").is_some() {
                    continue;
                }
                let Some(holder) = properties.at(resource.parent) else { continue };
                self.launcher(kind, name, holder, resource);
            }
        }
    }

    fn kubernetes(&mut self, document: &Data) {
        let kind = document.get("kind").map(|k| k.word(self.source)).unwrap_or_default();
        for (_, path, resource) in KINDS.iter().filter(|(name, ..)| *name == kind) {
            if let Some(options) = document.at(path) {
                self.explicit(options, kind, resource);
                self.limit(options, kind, resource, true);
            }
            self.kubernetes_default(document, kind, path, resource);
        }
        if kind == "ClusterConfig" {
            let groups = ["nodeGroups", "managedNodeGroups"].map(|key| document.get(key));
            for group in groups.into_iter().flatten().flat_map(Data::items) {
                if let Some(value) = group.get("disableIMDSv1")
                    && value.word(self.source) == "false"
                {
                    let edits = vec![Edit::replace(value.span.clone(), "true")];
                    let what = "the node group leaves IMDSv1 on";
                    self.findings.push(not_required(value.span.clone(), what, edits));
                }
            }
        }
    }

    /// What holds where the options of a Kubernetes-style kind, at `path`, do not say.
    ///
    /// Source: Karpenter's `pkg/apis/v1/ec2nodeclass.go` (a limit of 1 since `v1`, which it was not
    /// in all versions of `v1beta1`; tokens required in each), and [`kops_leaves_optional`].
    fn kubernetes_default(
        &mut self,
        document: &Data,
        kind: &str,
        path: &[&str],
        resource: &Resource,
    ) {
        let Some(name) = document.get("kind") else { return };
        let version = document.get("apiVersion").map(|v| v.word(self.source));
        let [parents @ .., block] = path else { return };
        let (holder, block) = match document.at(path) {
            Some(options) => (options, ""),
            None => match document.at(parents) {
                Some(holder) => (holder, *block),
                None => return,
            },
        };
        let says = |key| block.is_empty() && holder.get(key).is_some();
        let span = name.span.clone();
        if version == Some("karpenter.k8s.aws/v1") && !says(resource.limit) {
            let what = format!("`{kind}` lets tokens travel one hop unless it says otherwise");
            let edits = self.addition(holder, block, (resource.limit, "2"));
            self.findings.push(too_low(span, what, edits.into_iter().collect()));
        } else if kind == "InstanceGroup" && self.kops_optional && !says(resource.tokens) {
            let what = format!(
                "`{kind}` does not say whether tokens are required, and before Kubernetes 1.27 \
                 kOps leaves them optional"
            );
            let edits = self.addition(holder, block, (resource.tokens, "required"));
            self.findings.push(not_required(span, what, edits.into_iter().collect()));
        }
    }

    /// Packer's older JSON templates.
    fn packer(&mut self, document: &Data) {
        for builder in document.get("builders").map(Data::items).unwrap_or_default() {
            if let Some(kind) = builder.get("type")
                && kind.word(self.source).starts_with("amazon-ebs")
            {
                self.launcher(kind, kind.word(self.source), builder, &SNAKE);
            }
        }
    }

    /// Tasks anywhere in a playbook or role.
    fn ansible(&mut self, data: &Data) {
        data.items().iter().for_each(|item| self.ansible(item));
        for pair in data.pairs() {
            let is_launch = ANSIBLE.contains(&pair.key.as_str());
            let launches = |key| pair.value.get(key).is_some();
            if is_launch && (launches("image_id") || launches("image")) {
                let name = Data {
                    span: pair.key_start..pair.key_start + pair.key.len(),
                    tag: String::new(),
                    content: Content::Other,
                };
                self.launcher(&name, &pair.key, &pair.value, &SNAKE);
            } else if matches!(pair.key.as_str(), "tasks" | "block" | "handlers" | "pre_tasks") {
                self.ansible(&pair.value);
            }
        }
    }

    /// Something that launches instances: what it does not say is optional.
    fn launcher(&mut self, kind: &Data, name: &str, holder: &Data, resource: &Resource) {
        let Some(options) = holder.get(resource.options) else {
            let what = format!("`{name}` does not say whether tokens are required");
            let entry = (resource.tokens, "required");
            let edits = self.addition(holder, resource.options, entry).into_iter().collect();
            self.findings.push(not_required(kind.span.clone(), what, edits));
            return;
        };
        if !matches!(options.content, Content::Map(_)) {
            return;
        }
        if options.get(resource.tokens).is_none() && options.get("Fn::If").is_none() {
            let what = format!("`{name}` does not say whether tokens are required");
            let entry = (resource.tokens, "required");
            let edits = self.addition(options, "", entry).into_iter().collect();
            self.findings.push(not_required(kind.span.clone(), what, edits));
        }
        self.explicit(options, name, resource);
        self.limit(options, name, resource, runs_containers(self.source));
    }

    fn explicit(&mut self, options: &Data, name: &str, resource: &Resource) {
        let Some(tokens) = options.get(resource.tokens) else { return };
        if tokens.word(self.source) == "optional" {
            let raw = self.source.get(tokens.span.clone()).unwrap_or_default();
            let quote = match raw.first() {
                Some(b'"') => "\"",
                Some(b'\'') => "'",
                _ => "",
            };
            let edit = Edit::replace(tokens.span.clone(), format!("{quote}required{quote}"));
            let what = format!("`{name}` leaves tokens optional");
            self.findings.push(not_required(tokens.span.clone(), what, vec![edit]));
        }
    }

    fn limit(&mut self, options: &Data, name: &str, resource: &Resource, containers: bool) {
        let Some(limit) = options.get(resource.limit).filter(|_| containers) else { return };
        if limit.word(self.source) == "1" {
            let raw =
                String::from_utf8_lossy(self.source.get(limit.span.clone()).unwrap_or_default());
            let edit = Edit::replace(limit.span.clone(), raw.replace('1', "2"));
            let what = format!("`{name}` lets tokens travel one hop, where containers run");
            self.findings.push(too_low(limit.span.clone(), what, vec![edit]));
        }
    }

    /// An entry of the map `block` as a first entry of `holder`; of `holder` itself if it has no
    /// name.
    fn addition(&self, holder: &Data, block: &str, (key, value): (&str, &str)) -> Option<Edit> {
        let first = holder.pairs().first()?.key_start;
        let before = self.source.get(..first)?;
        let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let column = &before[line..];
        let is_flow = self.source.get(holder.span.start) == Some(&b'{');
        let text = if self.is_json {
            let value = if value.parse::<u8>().is_ok() { value } else { &format!("\"{value}\"") };
            match block {
                "" => format!("\"{key}\": {value}, "),
                block => format!("\"{block}\": {{\"{key}\": {value}}}, "),
            }
        } else if is_flow {
            match block {
                "" => format!("{key}: {value}, "),
                block => format!("{block}: {{{key}: {value}}}, "),
            }
        } else {
            // A list's dash counts as indentation.
            let indent: String =
                column.iter().map(|b| if *b == b'\t' { '\t' } else { ' ' }).collect();
            match block {
                "" => format!("{key}: {value}\n{indent}"),
                block => format!("{block}:\n{indent}  {key}: {value}\n{indent}"),
            }
        };
        Some(Edit::insert(first, text))
    }
}
