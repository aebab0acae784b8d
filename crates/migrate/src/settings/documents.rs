//! CloudFormation and SAM, Pulumi YAML, eksctl, Karpenter, kops, Ansible, Packer's JSON.

mod judge;
mod kubernetes;
mod node_group;

use std::ops::Range;

use self::judge::{CAMEL, Judge, Resource};
use super::launch::{PACKER, SERVICES, Service, not_required};
use crate::data::{self, Content, Data};
use crate::edit::Edit;
use crate::finding::Finding;
use crate::language::Language;
use crate::prefilter;
use crate::snippet::Snippet;

const CFN: [Resource; 4] = [
    Resource { kind: "AWS::EC2::Instance", parent: &[], ..CFN_NAMES },
    Resource { kind: "AWS::AutoScaling::LaunchConfiguration", parent: &[], ..CFN_NAMES },
    Resource { kind: "AWS::EC2::LaunchTemplate", parent: &["LaunchTemplateData"], ..CFN_NAMES },
    Resource {
        kind: "AWS::ImageBuilder::InfrastructureConfiguration",
        options: "InstanceMetadataOptions",
        ..CFN_NAMES
    },
];
const CFN_NAMES: Resource = Resource {
    kind: "",
    parent: &[],
    options: "MetadataOptions",
    endpoint: "HttpEndpoint",
    tokens: "HttpTokens",
    limit: "HttpPutResponseHopLimit",
};

/// WorkSpaces Instances, whose default is not documented: what is said counts.
const WORKSPACE: Resource =
    Resource { kind: "AWS::WorkspacesInstances::WorkspaceInstance", ..CFN_NAMES };

const PULUMI: [Resource; 7] = [
    Resource { kind: "aws:ec2:Instance", ..CAMEL },
    Resource { kind: "aws:ec2/instance:Instance", ..CAMEL },
    Resource { kind: "aws:ec2:LaunchTemplate", ..CAMEL },
    Resource { kind: "aws:ec2/launchTemplate:LaunchTemplate", ..CAMEL },
    Resource { kind: "aws:ec2:LaunchConfiguration", ..CAMEL },
    Resource { kind: "aws:ec2:SpotInstanceRequest", ..CAMEL },
    Resource { kind: "aws:ec2/spotInstanceRequest:SpotInstanceRequest", ..CAMEL },
];
const SNAKE: Resource = Resource {
    kind: "",
    parent: &[],
    options: "metadata_options",
    endpoint: "http_endpoint",
    tokens: "http_tokens",
    limit: "http_put_response_hop_limit",
};
const ANSIBLE: [&str; 4] = [
    "amazon.aws.ec2_instance",
    "ec2_instance",
    "amazon.aws.ec2_launch_template",
    "community.aws.ec2_launch_template",
];

/// Parts of a play or task that hold tasks.
const SECTIONS: [&str; 7] =
    ["tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"];

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let documents = match language {
        Language::Json => data::json(source, &snippet.job),
        _ => data::yaml(source, &snippet.job, |document| looked_at(source, document)),
    };
    let is_json = language == Language::Json;
    let mut judge = Judge { source, job: &snippet.job, is_json, findings: Vec::new() };
    judge.kubernetes(&documents);
    for document in &documents {
        judge.parameters(document);
        judge.template(document);
        judge.packer(document);
        judge.ansible(document);
        judge.services(document);
    }
    judge.findings
}

/// The parts of a document that may launch instances, or be the cluster of groups that do.
fn looked_at(source: &[u8], document: Range<usize>) -> Vec<Range<usize>> {
    let text = &source[document.clone()];
    if prefilter::names_resources(text) {
        vec![document]
    } else if prefilter::may_launch(Language::Yaml, text) || kubernetes::may_be_cluster(text) {
        kubernetes::looked_at(source, document)
    } else {
        Vec::new()
    }
}

/// The setting of a service that `key` is, where `word` leaves IMDSv1 on.
fn service<'d>(key: &str, word: &str, value: &'d Data) -> Option<(&'static Service, &'d Data)> {
    let setting = SERVICES.iter().find(|s| s.keys.contains(&key) && s.leaves == word)?;
    Some((setting, value))
}

impl Judge<'_> {
    /// A parameter of a CloudFormation template that chooses between the two, and by default the
    /// wrong one.
    fn parameters(&mut self, document: &Data) {
        for pair in document.get("Parameters").map(Data::pairs).unwrap_or_default() {
            let (Some(default), Some(allowed)) =
                (pair.value.get("Default"), pair.value.get("AllowedValues"))
            else {
                continue;
            };
            let chooses = allowed.items().iter().any(|v| v.word(self.source) == "required");
            if chooses && default.word(self.source) == "optional" {
                let what =
                    format!("`{}` leaves tokens optional where nothing else is said", pair.key);
                let edits = vec![self.required(default)];
                self.findings.push(not_required(default.span.clone(), what, edits));
            }
        }
    }

    /// CloudFormation's `Resources` and Pulumi's `resources`.
    fn template(&mut self, document: &Data) {
        for (resources, kind, properties, known) in [
            ("Resources", "Type", "Properties", &CFN[..]),
            ("resources", "type", "properties", &PULUMI[..]),
        ] {
            for pair in document.get(resources).map(Data::pairs).unwrap_or_default() {
                let Some(kind) = pair.value.get(kind) else { continue };
                let name = kind.word(self.source);
                self.node_group(document, pair, kind);
                if name == WORKSPACE.kind {
                    let path = &["Properties", "ManagedInstance", WORKSPACE.options];
                    if let Some(options) = pair.value.at(path) {
                        self.explicit(options, name, &WORKSPACE);
                    }
                }
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

    /// Services that launch instances of their own, where they are told to leave IMDSv1 on.
    fn services(&mut self, data: &Data) {
        data.items().iter().for_each(|item| self.services(item));
        let word = |data: Option<&Data>| data.map(|d| d.word(self.source)).unwrap_or_default();
        // Elastic Beanstalk's options are pairs of a name and a value.
        let option = ["OptionName", "option_name"].iter().find_map(|key| data.get(key));
        let value = ["Value", "value"].iter().find_map(|key| data.get(key));
        let named = value.and_then(|value| service(word(option), word(Some(value)), value));
        let entries = data.pairs().iter();
        let entries = entries.filter_map(|p| service(&p.key, p.value.word(self.source), &p.value));
        let found: Vec<_> = entries.chain(named).collect();
        for (setting, value) in found {
            let raw =
                String::from_utf8_lossy(self.source.get(value.span.clone()).unwrap_or_default());
            let text = raw.replace(setting.leaves, setting.requires);
            let what = format!("`{}` of {} leaves IMDSv1 on", setting.keys[0], setting.name);
            let edits = vec![Edit::replace(value.span.clone(), text)];
            self.findings.push(not_required(value.span.clone(), what, edits));
        }
        for pair in data.pairs() {
            self.services(&pair.value);
        }
    }

    /// Packer's older JSON templates.
    fn packer(&mut self, document: &Data) {
        for builder in document.get("builders").map(Data::items).unwrap_or_default() {
            if let Some(kind) = builder.get("type")
                && PACKER.contains(&kind.word(self.source))
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
            let inherits = launches("launch_template");
            if is_launch && !inherits && (launches("image_id") || launches("image")) {
                let name = Data {
                    span: pair.key_start..pair.key_start + pair.key.len(),
                    tag: String::new(),
                    content: Content::Other,
                };
                self.launcher(&name, &pair.key, &pair.value, &SNAKE);
            } else if SECTIONS.contains(&pair.key.as_str()) {
                self.ansible(&pair.value);
            }
        }
    }
}
