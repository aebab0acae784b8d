//! CloudFormation and SAM, Pulumi YAML, eksctl, Karpenter, kops, Ansible, Packer's JSON.

mod kubernetes;
mod node_group;

use super::{PACKER, not_required, runs_containers, too_low};
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
    endpoint: &'static str,
    tokens: &'static str,
    limit: &'static str,
}

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

const PULUMI: [Resource; 7] = [
    Resource { kind: "aws:ec2:Instance", ..CAMEL },
    Resource { kind: "aws:ec2/instance:Instance", ..CAMEL },
    Resource { kind: "aws:ec2:LaunchTemplate", ..CAMEL },
    Resource { kind: "aws:ec2/launchTemplate:LaunchTemplate", ..CAMEL },
    Resource { kind: "aws:ec2:LaunchConfiguration", ..CAMEL },
    Resource { kind: "aws:ec2:SpotInstanceRequest", ..CAMEL },
    Resource { kind: "aws:ec2/spotInstanceRequest:SpotInstanceRequest", ..CAMEL },
];
const CAMEL: Resource = Resource {
    kind: "",
    parent: &[],
    options: "metadataOptions",
    endpoint: "httpEndpoint",
    tokens: "httpTokens",
    limit: "httpPutResponseHopLimit",
};

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
        Language::Json => data::json(source),
        _ => data::yaml(source),
    };
    let is_json = language == Language::Json;
    let mut judge = Judge { source, is_json, findings: Vec::new() };
    judge.kubernetes(&documents);
    for document in &documents {
        judge.parameters(document);
        judge.template(document);
        judge.packer(document);
        judge.ansible(document);
    }
    judge.findings
}

struct Judge<'a> {
    source: &'a [u8],
    is_json: bool,
    findings: Vec<Finding>,
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

    /// Something that launches instances: what it does not say is optional.
    fn launcher(&mut self, kind: &Data, name: &str, holder: &Data, resource: &Resource) {
        // A condition decides at run time.
        if !matches!(holder.content, Content::Map(_)) || holder.get("Fn::If").is_some() {
            return;
        }
        let Some(options) = holder.get(resource.options) else {
            let what = format!("`{name}` does not say whether tokens are required");
            let entry = [(resource.tokens, "required")];
            let edits = self.addition(holder, resource.options, &entry).into_iter().collect();
            self.findings.push(not_required(kind.span.clone(), what, edits));
            return;
        };
        let is_off = options
            .pairs()
            .iter()
            .any(|p| p.key == resource.endpoint && p.value.word(self.source) == "disabled");
        // A service that does not answer needs no tokens.
        if is_off || !matches!(options.content, Content::Map(_)) {
            return;
        }
        if options.get(resource.tokens).is_none() && options.get("Fn::If").is_none() {
            let what = format!("`{name}` does not say whether tokens are required");
            let entry = [(resource.tokens, "required")];
            let edits = self.addition(options, "", &entry).into_iter().collect();
            self.findings.push(not_required(kind.span.clone(), what, edits));
        }
        self.explicit(options, name, resource);
        self.limit(options, name, resource, runs_containers(self.source));
    }

    fn explicit(&mut self, options: &Data, name: &str, resource: &Resource) {
        let Some(tokens) = options.get(resource.tokens) else { return };
        if tokens.word(self.source) == "optional" {
            let edit = self.required(tokens);
            let what = format!("`{name}` leaves tokens optional");
            self.findings.push(not_required(tokens.span.clone(), what, vec![edit]));
        }
    }

    /// The edit that makes the text `value` say `required`, in its quotes.
    fn required(&self, value: &Data) -> Edit {
        let raw = self.source.get(value.span.clone()).unwrap_or_default();
        let quote = match raw.first() {
            Some(b'"') => "\"",
            Some(b'\'') => "'",
            _ => "",
        };
        Edit::replace(value.span.clone(), format!("{quote}required{quote}"))
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

    /// Entries of the map `block` as a first entry of `holder`; of `holder` itself if it has no
    /// name. What stands beside a list's dash, as a rule a name, stays there.
    fn addition(&self, holder: &Data, block: &str, entries: &[(&str, &str)]) -> Option<Edit> {
        let starts: Vec<usize> = holder.pairs().iter().map(|p| p.key_start).collect();
        let is_dashed = |at: usize| {
            let before = self.source.get(..at).unwrap_or_default().trim_ascii_end();
            before.last() == Some(&b'-')
        };
        let first = match starts.as_slice() {
            [first, second, ..] if is_dashed(*first) => *second,
            [first, ..] => *first,
            [] => return None,
        };
        let text = if self.is_json {
            let is_bare = |value: &str| value == "true" || value.parse::<u8>().is_ok();
            let quoted = |value: &str| {
                if is_bare(value) { value.to_owned() } else { format!("\"{value}\"") }
            };
            let entries =
                entries.iter().map(|(key, value)| format!("\"{key}\": {}", quoted(value)));
            inline(&entries.collect::<Vec<_>>(), block, "\"")
        } else if self.source.get(holder.span.start) == Some(&b'{') {
            let entries = entries.iter().map(|(key, value)| format!("{key}: {value}"));
            inline(&entries.collect::<Vec<_>>(), block, "")
        } else {
            let indent = self.column(first)?;
            let (head, depth) = match block {
                "" => (String::new(), ""),
                block => (format!("{block}:\n{indent}"), "  "),
            };
            let lines = entries.iter().enumerate().map(|(i, (key, value))| {
                let before = if i == 0 { depth } else { &format!("{indent}{depth}") };
                format!("{before}{key}: {value}\n")
            });
            format!("{head}{}{indent}", lines.collect::<String>())
        };
        Some(Edit::insert(first, text))
    }

    /// White space as wide as what precedes `at` in its line: a list's dash counts as indentation.
    fn column(&self, at: usize) -> Option<String> {
        let before = self.source.get(..at)?;
        let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        Some(before[line..].iter().map(|b| if *b == b'\t' { '\t' } else { ' ' }).collect())
    }
}

/// Entries before others in braces.
fn inline(entries: &[String], block: &str, quote: &str) -> String {
    let entries = entries.join(", ");
    match block {
        "" => format!("{entries}, "),
        block => format!("{quote}{block}{quote}: {{{entries}}}, "),
    }
}
