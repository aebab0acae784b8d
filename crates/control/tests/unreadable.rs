//! One record that cannot be read concerns itself alone: lists and pages leave it out.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
// long file: one account with all kinds of records, and each list against it

#[path = "shared/alone.rs"]
mod alone;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use hyper::Request as HttpRequest;
use imds_account::Store;
use imds_account::imds_kv::Transaction;
use imds_control::{Control, ControlServer};
use imds_ec2::Request;

const NOW: u64 = 1_800_000_000;

/// What an unreadable record may hold: bytes of another program, or the record of a later release.
const UNREADABLE: [&[u8]; 2] = [b"\xffgarbage", br#"{"version":4294967295,"record":{}}"#];

/// An account with several resources of each kind, each with a tag.
struct Account(Control);

impl Account {
    fn empty() -> Self {
        Self(alone::control(Store::in_memory()))
    }

    fn new() -> Self {
        let account = Self::empty();
        for name in ["image-one", "image-two", "image-three"] {
            account.call(&format!("Action=RegisterImage&Name={name}{}", tagged("image")));
        }
        let mut amis = account.ids("Action=DescribeImages&Owner.1=amazon", "imageId");
        let ami = amis.pop_first().unwrap();
        account.call(&format!(
            "Action=RunInstances&ImageId={ami}&InstanceType=t3.micro&MinCount=12&MaxCount=12\
             &IamInstanceProfile.Name=web{}",
            tagged("instance")
        ));
        for volume in account.ids("Action=DescribeVolumes", "volumeId") {
            account.call(&format!("Action=ModifyVolume&VolumeId={volume}&Size=20"));
            account.call(&format!("Action=CreateSnapshot&VolumeId={volume}"));
        }
        let subnet = account.ids("Action=DescribeSubnets", "subnetId").pop_first().unwrap();
        for _ in 0..3 {
            account.call(&format!(
                "Action=CreateNetworkInterface&SubnetId={subnet}{}",
                tagged("network-interface")
            ));
        }
        for name in ["one", "two", "three"] {
            let key = "c3NoLWVkMjU1MTkgQUFBQUMzTnphQzFsWkRJMU5URTVBQUFBSUswZWJkWFM5T3hvUytDckdLNmhT\
                       cXR2TVphR3pOazVOMGlNdFpOZGpxWDMgZUBo";
            account.call(&format!(
                "Action=ImportKeyPair&KeyName={name}&PublicKeyMaterial={key}{}",
                tagged("key-pair")
            ));
            account.call(&format!(
                "Action=CreateLaunchTemplate&LaunchTemplateName={name}\
                 &LaunchTemplateData.InstanceType=t3.micro{}",
                tagged("launch-template")
            ));
            account.call(&format!(
                "Action=CreateLaunchTemplateVersion&LaunchTemplateName={name}\
                 &LaunchTemplateData.InstanceType=t3.large"
            ));
        }
        for (action, element) in [
            ("DescribeSubnets", "subnetId"),
            ("DescribeVpcs", "vpcId"),
            ("DescribeSecurityGroups", "groupId"),
        ] {
            for id in account.ids(&format!("Action={action}"), element) {
                account.call(&format!(
                    "Action=CreateTags&ResourceId.1={id}&Tag.1.Key=team&Tag.1.Value=blue"
                ));
            }
        }
        account
    }

    /// Status and document, as the HTTP layer gets them.
    fn answer(&self, parameters: &str) -> (u16, String) {
        let request = HttpRequest::post("/").header("host", "localhost").body(()).unwrap();
        let body = format!("{parameters}&Version=2016-11-15");
        let reply = self.0.answer(&request.into_parts().0, body.as_bytes(), NOW);
        (reply.status, reply.text().into_owned())
    }

    /// The document of a call that must succeed.
    fn call(&self, parameters: &str) -> String {
        let (status, body) = self.answer(parameters);
        assert_eq!(status, 200, "{parameters}\n{body}");
        body
    }

    /// The code of a call that must fail, with its status.
    fn fault(&self, parameters: &str) -> (u16, String) {
        let (status, body) = self.answer(parameters);
        (status, texts(&body, "Code").pop_first().unwrap_or_default())
    }

    /// What all pages of a list have in elements of this name.
    fn ids(&self, parameters: &str, element: &str) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let mut token = String::new();
        loop {
            let body = self.call(&format!("{parameters}{token}"));
            ids.extend(texts(&body, element));
            match texts(&body, "nextToken").pop_first() {
                Some(next) => token = format!("&NextToken={next}"),
                None => return ids,
            }
        }
    }

    /// The keys below a prefix.
    fn keys(&self, prefix: &str) -> Vec<String> {
        let entries = self.0.store.kv().list(prefix).unwrap().entries;
        entries.into_iter().map(|entry| entry.key).collect()
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        self.0.store.kv().commit(Transaction::new().put(key, bytes)).unwrap();
    }
}

fn tagged(kind: &str) -> String {
    format!(
        "&TagSpecification.1.ResourceType={kind}&TagSpecification.1.Tag.1.Key=team\
         &TagSpecification.1.Tag.1.Value=blue"
    )
}

fn texts(document: &str, element: &str) -> BTreeSet<String> {
    let document = roxmltree::Document::parse(document).unwrap();
    let elements = document.descendants().filter(|node| node.tag_name().name() == element);
    elements.filter_map(|node| node.text()).map(str::to_owned).collect()
}

/// Each list, the element that names its items, the prefix whose first record becomes unreadable, and
/// how many items the list loses by that.
const LISTS: [(&str, &str, &str, usize); 33] = [
    ("DescribeSecurityGroupRules", "securityGroupRuleId", "tags/us-east-1/sg-", 0),
    ("DescribeSnapshots&Owner.1=self", "snapshotId", "snapshots/", 1),
    ("DescribeInstances", "instanceId", "instances/", 1),
    ("DescribeInstances", "instanceId", "tags/us-east-1/i-", 0),
    ("DescribeInstances&MaxResults=5", "instanceId", "instances/", 1),
    ("DescribeInstances&MaxResults=5", "instanceId", "tags/us-east-1/i-", 0),
    ("DescribeInstanceStatus&IncludeAllInstances=true", "instanceId", "instances/", 1),
    ("DescribeInstanceStatus&IncludeAllInstances=true&MaxResults=5", "instanceId", "instances/", 1),
    ("DescribeIamInstanceProfileAssociations", "associationId", "instances/", 1),
    ("DescribeIamInstanceProfileAssociations", "associationId", "tags/us-east-1/i-", 0),
    ("DescribeTags", "resourceId", "tags/us-east-1/i-", 1),
    ("DescribeTags&MaxResults=5", "resourceId", "tags/us-east-1/ami-", 1),
    ("DescribeImages&Owner.1=self", "imageId", "images/", 1),
    ("DescribeImages&Owner.1=self", "imageId", "tags/us-east-1/ami-", 0),
    ("DescribeKeyPairs", "keyName", "key-pairs/", 1),
    ("DescribeKeyPairs", "keyName", "tags/us-east-1/key-", 0),
    ("DescribeLaunchTemplates", "launchTemplateId", "launch-templates/", 1),
    ("DescribeLaunchTemplates", "launchTemplateId", "tags/us-east-1/lt-", 0),
    (
        "DescribeLaunchTemplateVersions&LaunchTemplateVersion.1=$Default",
        "launchTemplateId",
        "launch-template-versions/",
        1,
    ),
    (
        "DescribeLaunchTemplateVersions&LaunchTemplateVersion.1=$Latest",
        "launchTemplateId",
        "launch-templates/",
        1,
    ),
    ("DescribeSubnets", "subnetId", "tags/us-east-1/subnet-", 0),
    ("DescribeSubnets", "subnetId", "addresses/", 0),
    ("DescribeVpcs", "vpcId", "tags/us-east-1/vpc-", 0),
    ("DescribeSecurityGroups", "groupId", "tags/us-east-1/sg-", 0),
    ("DescribeImages", "imageId", "images/", 1),
    ("DescribeInstanceCreditSpecifications", "instanceId", "instances/", 1),
    ("DescribeNetworkInterfaces", "networkInterfaceId", "instances/", 1),
    ("DescribeNetworkInterfaces", "networkInterfaceId", "tags/us-east-1/i-", 0),
    ("DescribeNetworkInterfaces", "networkInterfaceId", "network-interfaces/", 1),
    ("DescribeNetworkInterfaces", "networkInterfaceId", "tags/us-east-1/eni-", 0),
    ("DescribeVolumesModifications", "volumeId", "instances/", 1),
    ("DescribeVolumes", "volumeId", "instances/", 1),
    ("DescribeVolumes&MaxResults=5", "volumeId", "tags/us-east-1/i-", 0),
];

/// Actions that read no list of records: their results are computed, or they read one record.
const NO_LISTS: [&str; 13] = [
    "DescribeAccountAttributes",
    "DescribeAddresses",
    "DescribeAvailabilityZones",
    "DescribeImageAttribute",
    "DescribeInstanceAttribute",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
    "DescribeRegions",
    "DescribeSnapshotAttribute",
    "DescribeSpotPriceHistory",
    "GetInstanceMetadataDefaults",
    "GetLaunchTemplateData",
    "GetPasswordData",
];

#[test]
fn every_list_is_tested() {
    let is_read = |action: &&&str| action.starts_with("Describe") || action.starts_with("Get");
    for action in Request::ACTIONS.iter().filter(is_read) {
        let mut lists = LISTS.iter().map(|(list, ..)| list.split('&').next().unwrap());
        assert!(NO_LISTS.contains(action) != lists.any(|list| list == *action), "{action}");
    }
}

#[test]
fn lists_leave_out_one_unreadable_record_and_nothing_else() {
    let account = Account::new();
    for (list, element, prefix, lost) in LISTS {
        let list = format!("Action={list}");
        let before = account.ids(&list, element);
        assert!(before.len() > lost, "{list} shows {before:?}");
        let key = account.keys(prefix).into_iter().next().unwrap_or_else(|| panic!("no {prefix}"));
        let readable = account.0.store.kv().get(&key).unwrap().unwrap().value;
        for bytes in UNREADABLE {
            account.put(&key, bytes);
            let after = account.ids(&list, element);
            assert!(after.is_subset(&before), "{list} with {key}");
            assert_eq!(before.len() - after.len(), lost, "{list} with {key}");
            // One that never was a record, as the last of its kind.
            let stray = format!("{key}~");
            account.put(&stray, bytes);
            assert_eq!(account.ids(&list, element), after, "{list} with {stray}");
            account.0.store.kv().commit(Transaction::new().delete(stray)).unwrap();
        }
        account.put(&key, &readable);
        assert_eq!(account.ids(&list, element), before, "{list}");
    }
}

/// All instances of a page may be unreadable.
#[test]
fn pages_go_on_after_unreadable_records() {
    let account = Account::new();
    let keys = account.keys("instances/");
    for key in &keys[..keys.len() - 1] {
        account.put(key, UNREADABLE[0]);
    }
    for number in 0..300 {
        account.put(&format!("instances/us-east-1/i-{number:017x}"), UNREADABLE[1]);
    }
    let last = keys.last().unwrap().rsplit('/').next().unwrap();
    let listed = account.ids("Action=DescribeInstances&MaxResults=5", "instanceId");
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), [last]);
}

#[test]
fn only_calls_that_need_the_unreadable_instance_fail() {
    for bytes in UNREADABLE {
        let account = Account::new();
        let keys = account.keys("instances/");
        let id = |nth: usize| keys[nth].rsplit('/').next().unwrap();
        let (broken, other) = (id(0), id(1));
        account.put(&keys[0], bytes);
        let internal = (500, "InternalError".to_owned());
        for call in [
            "DescribeInstances&InstanceId.1=",
            "DescribeInstanceAttribute&Attribute=userData&InstanceId=",
            "ModifyInstanceMetadataOptions&HttpTokens=required&InstanceId=",
            "StopInstances&InstanceId.1=",
            "TerminateInstances&InstanceId.1=",
        ] {
            assert_eq!(account.fault(&format!("Action={call}{broken}")), internal, "{call}");
            account.call(&format!("Action={call}{other}"));
            if call.starts_with("Stop") {
                account.call(&format!("Action=StartInstances&InstanceId.1={other}"));
            }
        }
        // Nothing is lost: a later release may read it.
        assert_eq!(account.0.store.kv().get(&keys[0]).unwrap().unwrap().value, bytes);
        let third = account
            .ids("Action=DescribeIamInstanceProfileAssociations", "associationId")
            .pop_first()
            .unwrap();
        account.call(&format!(
            "Action=ReplaceIamInstanceProfileAssociation&AssociationId={third}\
             &IamInstanceProfile.Name=db"
        ));
        let image =
            account.ids("Action=DescribeImages&Owner.1=self", "imageId").pop_first().unwrap();
        let launched = account.call(&format!(
            "Action=RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount=1&MaxCount=1"
        ));
        assert_eq!(texts(&launched, "instanceId").len(), 1);
    }
}

#[test]
fn unreadable_images_key_pairs_and_versions_do_not_stop_calls_about_others() {
    for bytes in UNREADABLE {
        let account = Account::new();
        account.put(&account.keys("images/")[0], bytes);
        account.call("Action=RegisterImage&Name=image-four");
        account.put("key-pairs/us-east-1/one", bytes);
        let internal = (500, "InternalError".to_owned());
        assert_eq!(account.fault("Action=DescribeKeyPairs&KeyName.1=one"), internal);
        assert_eq!(account.fault("Action=DeleteKeyPair&KeyName=one"), internal);
        let two =
            account.ids("Action=DescribeKeyPairs&KeyName.1=two", "keyPairId").pop_first().unwrap();
        account.call(&format!("Action=CreateTags&ResourceId.1={two}&Tag.1.Key=a&Tag.1.Value=b"));
        account.call(&format!("Action=DeleteKeyPair&KeyPairId={two}"));
        let versions = account.keys("launch-template-versions/");
        let template = versions[0].split('/').nth(2).unwrap();
        account.put(&versions[1], bytes);
        let of_one = format!("&LaunchTemplateId={template}");
        let list = format!("Action=DescribeLaunchTemplateVersions{of_one}");
        assert_eq!(account.ids(&list, "versionNumber"), BTreeSet::from(["1".to_owned()]));
        assert_eq!(account.fault(&format!("{list}&LaunchTemplateVersion.1=2")), internal);
        let deleted = account.call(&format!(
            "Action=DeleteLaunchTemplateVersions{of_one}&LaunchTemplateVersion.1=2"
        ));
        assert!(texts(&deleted, "code").contains("unexpectedError"), "{deleted}");
        account.call(&format!("Action=DeleteLaunchTemplate{of_one}"));
        assert_eq!(
            account.keys(&format!("launch-template-versions/us-east-1/{template}")),
            [""; 0]
        );
    }
}

/// A version whose record can be read, and whose data no launch template has.
#[test]
fn versions_with_foreign_data_are_left_out_of_lists() {
    let account = Account::new();
    let versions = account.keys("launch-template-versions/");
    let template = versions[0].split('/').nth(2).unwrap();
    let bytes = account.0.store.kv().get(&versions[0]).unwrap().unwrap().value;
    let text = String::from_utf8(bytes).unwrap().replace(r#""t3.micro""#, "5");
    account.put(&versions[0], text.as_bytes());
    let list = format!("Action=DescribeLaunchTemplateVersions&LaunchTemplateId={template}");
    assert_eq!(account.ids(&list, "versionNumber"), BTreeSet::from(["2".to_owned()]));
    let named = format!("{list}&LaunchTemplateVersion.1=1");
    assert_eq!(account.fault(&named), (500, "InternalError".to_owned()));
}

#[test]
fn access_keys_are_listed_without_the_unreadable_one() {
    let account = Account::new();
    imds_account::access_key::ensure(&account.0.store, NOW).unwrap();
    let known = account.keys("access-keys/")[0].rsplit('/').next().unwrap().to_owned();
    account.put("access-keys/AKIAUNREADABLE", UNREADABLE[0]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _server = ControlServer::start(Arc::new(account.0), listener).unwrap();
    let body = r#"{"action":"ListAccessKeys"}"#;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /imds HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(response.contains(&known) && !response.contains("AKIAUNREADABLE"), "{response}");
}

/// Takes what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The subscriber is the process's: one of this thread alone would miss what threads of other tests have
/// switched off. So the key is one that no other test has.
#[test]
fn each_call_logs_the_key_once_and_never_the_value() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let account = Account::new();
    let other = &account.keys("instances/")[0];
    let (region, _) = other.rsplit_once('/').unwrap();
    let key = format!("{region}/i-0feedfacecafebeef");
    account.put(&key, br#"{"version":2,"record":{"user_data":"c2VjcmV0"}}"#);
    account.call("Action=DescribeInstances");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(&key)).collect();
    assert!(lines.len() == 1 && lines[0].contains("ERROR"), "{log}");
    assert!(!log.contains("c2VjcmV0"), "{log}");
}
