//! EKS node groups in CloudFormation and Pulumi: only a launch template can say what they leave
//! open.

use super::judge::Judge;
use crate::data::{Data, Pair};
use crate::edit::Edit;
use crate::finding::Finding;
use crate::settings::launch::NodeGroup;

/// Properties that cannot stand beside a launch template, and must move into it.
const MOVING: [&str; 2] = ["DiskSize", "RemoteAccess"];

impl Judge<'_> {
    /// Judges `pair`, a resource of the template `document`, if it is of a node group's `kind`.
    pub(super) fn node_group(&mut self, document: &Data, pair: &Pair, kind: &Data) {
        let name = kind.word(self.source);
        let (properties, template, system) = match name {
            "AWS::EKS::Nodegroup" => ("Properties", "LaunchTemplate", "AmiType"),
            "aws:eks:NodeGroup" | "aws:eks/nodeGroup:NodeGroup" => {
                ("properties", "launchTemplate", "amiType")
            }
            _ => return,
        };
        let Some(properties) = pair.value.get(properties) else { return };
        if properties.get(template).is_some() {
            return;
        }
        let system = properties.get(system).map(|s| s.word(self.source)).unwrap_or_default();
        let group = NodeGroup { kind: name, system };
        let edits = self.launch_template(document, pair, properties);
        let finding: Finding = match edits.filter(|_| name == "AWS::EKS::Nodegroup") {
            Some(edits) => group.offer(kind.span.clone(), edits),
            None => group.advice(
                kind.span.clone(),
                "name a launch template whose metadata options require tokens, with a hop limit \
                 of 2, or of 1 where pods must not have the node's role",
            ),
        };
        self.findings.push(finding);
    }

    /// A launch template as one more resource before `pair`, and its name in `properties`.
    fn launch_template(
        &self,
        document: &Data,
        pair: &Pair,
        properties: &Data,
    ) -> Option<Vec<Edit>> {
        let name = format!("{}LaunchTemplate", pair.key);
        let is_taken = document.get("Resources").is_none_or(|r| r.get(&name).is_some());
        if is_taken || MOVING.iter().any(|key| properties.get(key).is_some()) {
            return None;
        }
        let inside = properties.pairs().first()?.key_start;
        let is_block = !self.is_json
            && [properties, document].iter().all(|d| self.source.get(d.span.start) != Some(&b'{'));
        if self.is_json {
            let resource = format!(
                "\"{name}\": {{\"Type\": \"AWS::EC2::LaunchTemplate\", \"Properties\": \
                 {{\"LaunchTemplateData\": {{\"MetadataOptions\": {{\"HttpTokens\": \"required\", \
                 \"HttpPutResponseHopLimit\": 2}}}}}}}}, "
            );
            let named = format!(
                "\"LaunchTemplate\": {{\"Id\": {{\"Ref\": \"{name}\"}}, \"Version\": \
                 {{\"Fn::GetAtt\": [\"{name}\", \"LatestVersionNumber\"]}}}}, "
            );
            return Some(vec![Edit::insert(pair.key_start, resource), Edit::insert(inside, named)]);
        }
        if !is_block {
            return None;
        }
        let resource = [
            &format!("{name}:"),
            "  Type: AWS::EC2::LaunchTemplate",
            "  Properties:",
            "    LaunchTemplateData:",
            "      MetadataOptions:",
            "        HttpTokens: required",
            "        HttpPutResponseHopLimit: 2",
        ];
        let named = [
            "LaunchTemplate:",
            &format!("  Id: !Ref {name}"),
            &format!("  Version: !GetAtt {name}.LatestVersionNumber"),
        ];
        Some(vec![
            Edit::insert(pair.key_start, self.lines(&resource, pair.key_start)?),
            Edit::insert(inside, self.lines(&named, inside)?),
        ])
    }

    /// Lines before what stands at `at`, and indented as it is.
    fn lines(&self, lines: &[&str], at: usize) -> Option<String> {
        let indent = self.column(at)?;
        Some(lines.iter().map(|line| format!("{line}\n{indent}")).collect())
    }
}
