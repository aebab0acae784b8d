//! The usual categories: since which version there is one, when it is absent, and what it looks like.

use imds_core::tags::Tags;
use imds_core::tree::Tree;
use imds_core::{FrontEnd, Instance, versions};
use regex_lite::Regex;

use crate::fixture::{self, NOW};

struct Category {
    /// Below the version. `{mac}`, `{role}`, `{public-ip}` stand for the instance's own.
    path: &'static str,
    /// AWS's "version when category was released".
    since: &'static str,
    present: fn(&Instance) -> bool,
    /// A regular expression for the whole value.
    format: &'static str,
}

/// These are there when they are signed, which core cannot; tested where that is done.
const SIGNED: [&str; 3] = [
    "dynamic/instance-identity/pkcs7",
    "dynamic/instance-identity/rsa2048",
    "dynamic/instance-identity/signature",
];

const ALWAYS: fn(&Instance) -> bool = |_| true;
const WITH_IPV6: fn(&Instance) -> bool = |instance| !instance.primary_interface().ipv6.is_empty();
const WITH_KEY: fn(&Instance) -> bool = |instance| instance.public_key.is_some();
const WITH_PUBLIC_IPV4: fn(&Instance) -> bool =
    |instance| instance.primary_interface().public_ipv4().is_some();
const WITH_ROLE: fn(&Instance) -> bool = |instance| instance.role.is_some();
const WITH_USER_DATA: fn(&Instance) -> bool = |instance| instance.user_data.is_some();

const HEX17: &str = "[0-9a-f]{17}";
const HOST: &str = r"ip-\d+-\d+-\d+-\d+\.([a-z]+-[a-z-]+-\d\.compute|ec2)\.internal";
const IPV4: &str = r"\d+\.\d+\.\d+\.\d+";
const IPV6: &str = "[0-9a-f:]+::?[0-9a-f:]+";
const CIDR6: &str = r"[0-9a-f]+(:[0-9a-f]+){7}/\d+";
const PUBLIC_HOST: &str = r"ec2-203-0-113-25\.compute-1\.amazonaws\.com";
const ZONE: &str = r"[a-z]+(-[a-z]+)+-\d(-[a-z]+-\d)?[a-z]";
const REGION: &str = r"[a-z]+(-[a-z]+)+-\d";
const TIME: &str = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ";
const CREDENTIALS: &str = r#"\{
  "Code" : "Success",
  "LastUpdated" : "⟨time⟩",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIA[A-Z0-9]+",
  "SecretAccessKey" : "[\w+/]+",
  "Token" : "[\w+/=]+",
  "Expiration" : "⟨time⟩"
\}"#;

#[rustfmt::skip]
const CATEGORIES: &[Category] = &[
    Category { path: "user-data", since: "1.0", present: WITH_USER_DATA, format: "(?s).*" },
    Category { path: "dynamic/fws/instance-monitoring", since: "2009-04-04", present: ALWAYS, format: "enabled|disabled" },
    Category { path: "dynamic/instance-identity/document", since: "2009-04-04", present: ALWAYS, format: DOCUMENT },
    Category { path: "meta-data/ami-id", since: "1.0", present: ALWAYS, format: "ami-⟨hex17⟩" },
    Category { path: "meta-data/ami-launch-index", since: "1.0", present: ALWAYS, format: "0" },
    Category { path: "meta-data/ami-manifest-path", since: "1.0", present: ALWAYS, format: r"\(unknown\)" },
    Category { path: "meta-data/block-device-mapping/ami", since: "2007-12-15", present: ALWAYS, format: "/dev/(xvda|sda1)" },
    Category { path: "meta-data/block-device-mapping/root", since: "2007-12-15", present: ALWAYS, format: "/dev/(xvda|sda1)" },
    Category { path: "meta-data/events/maintenance/history", since: "2018-08-17", present: ALWAYS, format: r"\[\]" },
    Category { path: "meta-data/events/maintenance/scheduled", since: "2018-08-17", present: ALWAYS, format: r"\[\]" },
    Category { path: "meta-data/hostname", since: "1.0", present: ALWAYS, format: HOST },
    Category { path: "meta-data/iam/info", since: "2012-01-12", present: WITH_ROLE, format: INFO },
    Category { path: "meta-data/iam/security-credentials/{role}", since: "2012-01-12", present: WITH_ROLE, format: CREDENTIALS },
    Category { path: "meta-data/identity-credentials/ec2/info", since: "2018-05-23", present: ALWAYS, format: IDENTITY_INFO },
    Category { path: "meta-data/identity-credentials/ec2/security-credentials/ec2-instance", since: "2018-05-23", present: ALWAYS, format: CREDENTIALS },
    Category { path: "meta-data/instance-action", since: "2008-09-01", present: ALWAYS, format: "none" },
    Category { path: "meta-data/instance-id", since: "1.0", present: ALWAYS, format: "i-⟨hex17⟩" },
    Category { path: "meta-data/instance-life-cycle", since: "2019-10-01", present: ALWAYS, format: "on-demand" },
    Category { path: "meta-data/instance-type", since: "2007-08-29", present: ALWAYS, format: r"t[23]\.micro" },
    Category { path: "meta-data/ipv6", since: "2021-01-03", present: WITH_IPV6, format: IPV6 },
    Category { path: "meta-data/local-hostname", since: "2007-01-19", present: ALWAYS, format: HOST },
    Category { path: "meta-data/local-ipv4", since: "1.0", present: ALWAYS, format: IPV4 },
    Category { path: "meta-data/mac", since: "2011-01-01", present: ALWAYS, format: "{mac}" },
    Category { path: "meta-data/metrics/vhostmd", since: "2011-05-01", present: ALWAYS, format: r#"<\?xml version="1\.0" encoding="UTF-8"\?>"# },
    Category { path: "meta-data/network/interfaces/macs/{mac}/device-number", since: "2011-01-01", present: ALWAYS, format: "0" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/interface-id", since: "2011-01-01", present: ALWAYS, format: "eni-⟨hex17⟩" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/ipv4-associations/{public-ip}", since: "2011-01-01", present: WITH_PUBLIC_IPV4, format: IPV4 },
    Category { path: "meta-data/network/interfaces/macs/{mac}/ipv6s", since: "2016-06-30", present: WITH_IPV6, format: IPV6 },
    // AWS dates this one 2007-01-19, but `macs/` itself 2011-01-01.
    Category { path: "meta-data/network/interfaces/macs/{mac}/local-hostname", since: "2011-01-01", present: ALWAYS, format: HOST },
    Category { path: "meta-data/network/interfaces/macs/{mac}/local-ipv4s", since: "2011-01-01", present: ALWAYS, format: IPV4 },
    Category { path: "meta-data/network/interfaces/macs/{mac}/mac", since: "2011-01-01", present: ALWAYS, format: "{mac}" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/owner-id", since: "2011-01-01", present: ALWAYS, format: r"\d{12}" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/public-hostname", since: "2011-01-01", present: WITH_PUBLIC_IPV4, format: PUBLIC_HOST },
    Category { path: "meta-data/network/interfaces/macs/{mac}/public-ipv4s", since: "2011-01-01", present: WITH_PUBLIC_IPV4, format: r"203\.0\.113\.25" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/security-group-ids", since: "2011-01-01", present: ALWAYS, format: "sg-⟨hex17⟩" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/security-groups", since: "2011-01-01", present: ALWAYS, format: "default" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/subnet-id", since: "2011-01-01", present: ALWAYS, format: "subnet-⟨hex17⟩" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/subnet-ipv4-cidr-block", since: "2011-01-01", present: ALWAYS, format: r"172\.31\.\d+\.0/20" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/subnet-ipv6-cidr-blocks", since: "2016-06-30", present: WITH_IPV6, format: CIDR6 },
    Category { path: "meta-data/network/interfaces/macs/{mac}/vpc-id", since: "2011-01-01", present: ALWAYS, format: "vpc-⟨hex17⟩" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-block", since: "2011-01-01", present: ALWAYS, format: r"172\.31\.0\.0/16" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-blocks", since: "2016-06-30", present: ALWAYS, format: r"172\.31\.0\.0/16" },
    Category { path: "meta-data/network/interfaces/macs/{mac}/vpc-ipv6-cidr-blocks", since: "2016-06-30", present: WITH_IPV6, format: CIDR6 },
    Category { path: "meta-data/placement/availability-zone", since: "2008-02-01", present: ALWAYS, format: ZONE },
    Category { path: "meta-data/placement/availability-zone-id", since: "2019-10-01", present: ALWAYS, format: r"[a-z]+\d(-[a-z]+\d)?-az\d" },
    Category { path: "meta-data/placement/region", since: "2020-08-24", present: ALWAYS, format: REGION },
    Category { path: "meta-data/profile", since: "1.0", present: ALWAYS, format: "default-hvm" },
    Category { path: "meta-data/public-hostname", since: "2007-01-19", present: WITH_PUBLIC_IPV4, format: PUBLIC_HOST },
    Category { path: "meta-data/public-ipv4", since: "2007-01-19", present: WITH_PUBLIC_IPV4, format: r"203\.0\.113\.25" },
    Category { path: "meta-data/public-keys/0/openssh-key", since: "1.0", present: WITH_KEY, format: r"ssh-(rsa|ed25519) [\w=]+ [\w-]+" },
    Category { path: "meta-data/reservation-id", since: "1.0", present: ALWAYS, format: "r-⟨hex17⟩" },
    Category { path: "meta-data/security-groups", since: "1.0", present: ALWAYS, format: "default" },
    Category { path: "meta-data/services/domain", since: "2014-02-25", present: ALWAYS, format: r"amazonaws\.com(\.cn)?" },
    Category { path: "meta-data/services/partition", since: "2015-10-20", present: ALWAYS, format: "aws(-cn|-us-gov)?" },
    Category { path: "meta-data/system", since: "2022-09-24", present: ALWAYS, format: "nitro|xen" },
];

const INFO: &str = r#"\{
  "Code" : "Success",
  "LastUpdated" : "⟨time⟩",
  "InstanceProfileArn" : "arn:aws(-cn|-us-gov)?:iam::\d{12}:instance-profile/[\w+=,.@-]+",
  "InstanceProfileId" : "AIPA[A-Z0-9]+"
\}"#;

const IDENTITY_INFO: &str = r#"\{
  "Code" : "Success",
  "LastUpdated" : "⟨time⟩",
  "AccountId" : "\d{12}"
\}"#;

const DOCUMENT: &str = r#"\{
  "accountId" : "\d{12}",
  "architecture" : "x86_64",
  "availabilityZone" : "⟨zone⟩",
  "billingProducts" : null,
  "devpayProductCodes" : null,
  "marketplaceProductCodes" : null,
  "imageId" : "ami-⟨hex17⟩",
  "instanceId" : "i-⟨hex17⟩",
  "instanceType" : "t[23]\.micro",
  "kernelId" : null,
  "pendingTime" : "⟨time⟩",
  "privateIp" : "⟨ipv4⟩",
  "ramdiskId" : null,
  "region" : "⟨region⟩",
  "version" : "2017-09-30"
\}"#;

/// Path and version of each.
pub(crate) fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    CATEGORIES.iter().map(|category| (category.path, category.since))
}

impl Category {
    fn path_on(&self, instance: &Instance) -> String {
        let role = instance.role.as_ref().map_or("none", |role| &role.name);
        let public = instance.primary_interface().public_ipv4();
        let public = public.map_or("none".to_owned(), |ip| ip.to_string());
        self.path
            .replace("{mac}", &instance.primary_interface().mac.to_string())
            .replace("{role}", role)
            .replace("{public-ip}", &public)
    }

    fn matches(&self, instance: &Instance, value: &[u8]) -> bool {
        let mut pattern =
            self.format.replace("{mac}", &instance.primary_interface().mac.to_string());
        for (name, part) in [
            ("⟨hex17⟩", HEX17),
            ("⟨time⟩", TIME),
            ("⟨zone⟩", ZONE),
            ("⟨region⟩", REGION),
            ("⟨ipv4⟩", IPV4),
        ] {
            pattern = pattern.replace(name, part);
        }
        let pattern = Regex::new(&format!("^(?:{pattern})$")).unwrap();
        pattern.is_match(&String::from_utf8_lossy(value))
    }
}

/// Present, or absent, in each version exactly as the rules have it, and in the known format.
#[test]
fn every_category_is_there_when_it_should_be() {
    for instance in fixture::instances() {
        let tree = Tree::new(&instance);
        for category in CATEGORIES {
            let path = category.path_on(&instance);
            for version in versions::VERSIONS {
                let expected = (category.present)(&instance) && category.since <= version;
                let found = tree.find(&format!("{version}/{path}"), NOW);
                assert_eq!(found.is_some(), expected, "{version}/{path} of {}", instance.id);
                if let Some(found) = found {
                    let text = String::from_utf8_lossy(&found.body);
                    assert!(category.matches(&instance, &found.body), "{path}: {text:?}");
                }
            }
        }
    }
}

/// What is served stands in the table, or is a tag.
#[test]
fn there_are_no_other_categories() {
    for instance in fixture::instances() {
        let known: Vec<_> = CATEGORIES.iter().map(|category| category.path_on(&instance)).collect();
        for path in Tree::new(&instance).leaves() {
            let is_tag = path.starts_with("meta-data/tags/instance/");
            assert!(is_tag || SIGNED.contains(&path.as_str()) || known.contains(&path), "{path}");
        }
    }
}

#[test]
fn tags_are_there_exactly_while_they_are_on() {
    for instance in fixture::instances() {
        let tree = Tree::new(&instance);
        let on = instance.options.instance_metadata_tags.is_enabled();
        for version in versions::VERSIONS {
            let expected = on && version >= "2021-03-23";
            assert_eq!(tree.find(&format!("{version}/meta-data/tags"), NOW).is_some(), expected);
            for tag in instance.tags.iter() {
                let path = format!("{version}/meta-data/tags/instance/{}", tag.key);
                let found = tree.find(&path, NOW).map(|found| found.body.into_owned());
                assert_eq!(found, expected.then(|| tag.value.clone().into_bytes()), "{path}");
            }
        }
    }
}

#[test]
fn tags_may_be_on_without_any() {
    let instance = Instance { tags: Tags::default(), ..fixture::instance(FrontEnd::Nitro, "tags") };
    let tree = Tree::new(&instance);
    for (path, listing) in
        [("latest/meta-data/tags", "instance/"), ("latest/meta-data/tags/instance", "")]
    {
        assert_eq!(&*tree.find(path, NOW).unwrap().body, listing.as_bytes());
    }
}

/// Nothing is added to user data, and nothing taken away.
#[test]
fn user_data_are_the_bytes_that_were_given() {
    for instance in fixture::instances() {
        let tree = Tree::new(&instance);
        let found = tree.find("latest/user-data", NOW).map(|found| found.body.into_owned());
        assert_eq!(found, instance.user_data);
    }
}
