//! An account with one of each thing, in this process.

use std::collections::BTreeMap;

use hyper::http::request::Parts;
use imds_account::records::Record;
use imds_account::{Applied, Revision, Store, keys};
use imds_control::Control;
use imds_core::InstanceId;
use imds_core::options::MetadataOptions;
use imds_core::placement::Region;

const NOW: u64 = 1_795_334_400;
const REGION: &str = "us-east-1";

/// An ED25519 key in OpenSSH format, in base64 as the API takes it.
const MATERIAL: &str = "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUswZWJkWFM5T3hvUytDckdLNmhTcXR2TVphR3pObGoxTjBpTXRaTmRqcVg=";

/// An image by the name of a parameter.
const ALIAS: &str =
    "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

/// Serves everything at once.
struct AllServed;

impl Applied for AllServed {
    fn wait_for(&self, _: &InstanceId) {}

    fn options(&self, _: &InstanceId) -> Option<MetadataOptions> {
        Some(MetadataOptions::resolve(&[]))
    }

    fn is_everywhere(&self, _: &InstanceId, _: Revision) -> bool {
        true
    }

    fn has_role(&self, _: &InstanceId, _: &str, _: u64) -> Option<bool> {
        Some(true)
    }
}

/// A response, and all that is stored after it: without what is made up anew each time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) response: String,
    stored: Vec<String>,
}

impl Outcome {
    /// The first thing in which it differs from `other`.
    pub(crate) fn difference(&self, other: &Self) -> String {
        if self.response != other.response {
            return self.response.clone();
        }
        let new = self.stored.iter().find(|line| !other.stored.contains(line));
        new.cloned().unwrap_or_else(|| "something is gone".to_owned())
    }
}

pub(crate) struct TestAccount {
    control: Control,
    region: Region,
    /// What `{name}` stands for in requests.
    names: BTreeMap<&'static str, String>,
}

impl TestAccount {
    pub(crate) fn new() -> Self {
        let control =
            Control { applied: Box::new(AllServed), ..crate::alone::control(Store::in_memory()) };
        let mut account = Self { control, region: REGION.parse().unwrap(), names: BTreeMap::new() };
        account.names.insert("material", MATERIAL.to_owned());
        account.names.insert("alias", ALIAS.to_owned());
        account.fill();
        account
    }

    fn fill(&mut self) {
        let launch = "ImageId={image}&InstanceType=t3.micro&MinCount=1&MaxCount=1";
        self.make("RegisterImage", "Name=mine", &[("image", "imageId")]);
        self.make(
            "ImportKeyPair",
            "KeyName=mine&PublicKeyMaterial={material}",
            &[("key", "keyPairId")],
        );
        let tagged = "TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=x";
        let more = "KeyName=mine&IamInstanceProfile.Name=app&Ipv6AddressCount=1";
        let found = [("instance", "instanceId"), ("subnet", "subnetId"), ("group", "groupId")];
        let larger = launch.replace("t3.micro", "t3.large");
        self.make("RunInstances", &format!("{larger}&{more}&{tagged}"), &found);
        self.make("RunInstances", launch, &[("stopped", "instanceId")]);
        self.make("StopInstances", "InstanceId.1={stopped}", &[]);
        self.make(
            "DescribeVolumes",
            "Filter.1.Name=attachment.instance-id&Filter.1.Value.1={instance}",
            &[("volume", "volumeId")],
        );
        self.make("ModifyVolume", "VolumeId={volume}&Size=50", &[]);
        self.make(
            "DescribeIamInstanceProfileAssociations",
            "",
            &[("association", "associationId")],
        );
        self.make("CreateLaunchTemplate", "LaunchTemplateName=web&LaunchTemplateData.InstanceType=t3.micro&LaunchTemplateData.ImageId={image}", &[("template", "launchTemplateId")]);
        self.make("CreateLaunchTemplateVersion", "LaunchTemplateName=web&LaunchTemplateData.InstanceType=t3.small&LaunchTemplateData.ImageId={alias}", &[]);
        self.make(
            "CreateNetworkInterface",
            "SubnetId={subnet}&Ipv6AddressCount=1",
            &[("free", "networkInterfaceId"), ("ipv6", "ipv6Address")],
        );
        self.make(
            "AssignPrivateIpAddresses",
            "NetworkInterfaceId={free}&SecondaryPrivateIpAddressCount=1",
            &[("secondary", "privateIpAddress")],
        );
        self.make(
            "CreateNetworkInterface",
            "SubnetId={subnet}",
            &[("attached", "networkInterfaceId")],
        );
        self.make(
            "AttachNetworkInterface",
            "NetworkInterfaceId={attached}&InstanceId={instance}&DeviceIndex=1",
            &[("attachment", "attachmentId")],
        );
        self.fill_for_images();
    }

    /// Groups, snapshots and an image of an instance, and others who may use them.
    fn fill_for_images(&mut self) {
        let group = "GroupName=web&GroupDescription=x";
        self.make("CreateSecurityGroup", group, &[("made", "groupId")]);
        let web = "GroupId={made}&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=80&IpPermissions.1.ToPort=80&IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0/8";
        self.make("AuthorizeSecurityGroupIngress", web, &[("rule", "securityGroupRuleId")]);
        self.make("AuthorizeSecurityGroupEgress", web, &[("out", "securityGroupRuleId")]);
        self.make("CreateSnapshot", "VolumeId={volume}", &[("lone", "snapshotId")]);
        let others = "UserId.1=111122223333&UserGroup.1=all";
        let snapshot = format!("SnapshotId={{lone}}&{others}");
        self.make("ModifySnapshotAttribute", &snapshot, &[]);
        self.make("CreateImage", "InstanceId={instance}&Name=created", &[("created", "imageId")]);
        let organizations = "OrganizationArn.1=arn:o&OrganizationalUnitArn.1=arn:u";
        let image = format!("ImageId={{image}}&{others}&{organizations}");
        self.make("ModifyImageAttribute", &image, &[]);
    }

    /// Sends a request that succeeds, and remembers what its response has in some elements.
    fn make(&mut self, action: &str, query: &str, elements: &[(&'static str, &str)]) {
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let pairs: Vec<_> =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (status, body) = self.send(action, &pairs);
        assert_eq!(status, 200, "{action}: {body}");
        for (name, element) in elements {
            let (_, rest) = body.split_once(&format!("<{element}>")).expect(element);
            self.names.insert(name, rest.split('<').next().unwrap().to_owned());
        }
    }

    fn send(&self, action: &str, pairs: &[(String, String)]) -> (u16, String) {
        let kind = kind_of_made(action);
        let encoded: Vec<_> = pairs
            .iter()
            .map(|(name, value)| {
                let value =
                    self.names.iter().fold(value.replace("{kind}", kind), |text, (name, id)| {
                        text.replace(&format!("{{{name}}}"), id)
                    });
                format!(
                    "{name}={}",
                    value.replace('%', "%25").replace('+', "%2B").replace('&', "%26")
                )
            })
            .collect();
        let body = format!("Action={action}&Version=2016-11-15&{}", encoded.join("&"));
        let request = hyper::Request::post("/").header("host", "127.0.0.1:1339").body(()).unwrap();
        let (head, ()): (Parts, ()) = request.into_parts();
        let reply = self.control.answer(&head, body.trim_end_matches('&').as_bytes(), NOW);
        (reply.status, reply.text().into_owned())
    }

    /// What comes of a request.
    pub(crate) fn outcome(&self, action: &str, pairs: &[(String, String)]) -> Outcome {
        let (status, body) = self.send(action, pairs);
        let mut stored = Vec::new();
        self.dump(&keys::instances(&self.region), &mut stored);
        self.dump(&keys::all_tags(&self.region), &mut stored);
        self.dump(&keys::images(&self.region), &mut stored);
        self.dump(&keys::security_groups(&self.region), &mut stored);
        self.dump(&keys::snapshots(&self.region), &mut stored);
        for (name, pair) in self.control.store.scan(&keys::key_pairs(&self.region)).unwrap().records
        {
            // Of what is made up anew each time only how it begins.
            stored
                .push(format!("key pair {name} {} {:.11}", pair.record.kind, pair.record.openssh));
        }
        self.dump(&keys::launch_templates(&self.region), &mut stored);
        self.dump(&keys::free_interfaces(&self.region), &mut stored);
        self.dump(&keys::client_tokens(&self.region), &mut stored);
        let defaults = self.control.store.read(&keys::metadata_defaults(&self.region)).unwrap();
        stored.push(format!("{:?}", defaults.map(|it| it.record)));
        for id in self.control.store.names(&keys::launch_templates(&self.region)).unwrap() {
            self.dump(&keys::launch_template_versions(&self.region, &id), &mut stored);
        }
        stored.sort();
        Outcome { response: format!("{status} {}", self.plain(&body)), stored }
    }

    fn dump<R: Record>(&self, prefix: &keys::Prefix<R>, stored: &mut Vec<String>) {
        for (name, record) in self.control.store.scan(prefix).unwrap().records {
            let record = serde_json::to_string(&record.record).unwrap();
            stored.push(self.plain(&format!("{}{name} {record}", prefix.as_str())));
        }
    }

    /// A text without what is made up anew each time: known ids have their names, others none.
    fn plain(&self, text: &str) -> String {
        // Of a private key only its form.
        let text = match (text.find("<keyMaterial>"), text.find("</keyMaterial>")) {
            (Some(begin), Some(end)) => &format!("{}{}", &text[..begin + 40], &text[end..]),
            _ => text,
        };
        let known = self.names.iter().filter(|(_, id)| id.len() > 8);
        let text = known.fold(text.to_owned(), |text, (name, id)| text.replace(id, name));
        let mut plain = String::new();
        let is_word = |c: char| c.is_ascii_alphanumeric() || ".:-".contains(c);
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end.max(first.len_utf8()));
            plain.push_str(if is_made_up(word) { "?" } else { word });
            rest = after;
        }
        plain
    }
}

/// Whether a word is an id, an address or a name made of one.
fn is_made_up(word: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let ends_in_hex = |digits: usize| {
        word.len() > digits
            && word.is_char_boundary(word.len() - digits)
            && is_hex(&word[word.len() - digits..])
    };
    let colons = word.matches(':').count();
    let parts: Vec<_> = word.split('.').collect();
    ends_in_hex(17)
        || is_hex(word) && word.len() >= 32
        || is_uuid(word)
        || word.starts_with("fleet-")
        || colons > 1 && is_hex(&word.replace(':', ""))
        || parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
        || word.starts_with("ip-") && word.contains(".ec2.internal")
        || word.starts_with("ec2-")
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36 && word.matches('-').count() == 4
}

/// What an action makes, as tag specifications call it.
fn kind_of_made(action: &str) -> &'static str {
    match action {
        "AuthorizeSecurityGroupEgress" | "AuthorizeSecurityGroupIngress" => "security-group-rule",
        "CreateImage" | "RegisterImage" => "image",
        "CreateKeyPair" | "ImportKeyPair" => "key-pair",
        "CreateLaunchTemplate" => "launch-template",
        "CreateNetworkInterface" => "network-interface",
        "CreateSecurityGroup" => "security-group",
        "CreateSnapshot" => "snapshot",
        // `RunInstances` and `CreateFleet`.
        _ => "instance",
    }
}
