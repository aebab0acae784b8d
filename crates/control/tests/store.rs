//! What requests do to the store. What one names and another one deletes meanwhile: either the request fails, or the
//! deletion does. A launch costs the same however many instances there are.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "shared/alone.rs"]
mod alone;
#[path = "shared/calls.rs"]
mod calls;
#[path = "shared/over.rs"]
mod over;
#[path = "store/reads.rs"]
mod reads;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use alone::control;
use calls::answer;
use imds_account::Store;
use imds_account::imds_kv::{Kv, KvError, Listing, Memory, Revision, Snapshot, Transaction};
use over::{Happenings, Over};

/// What happens once.
type Once = Mutex<Option<Box<dyn FnOnce() + Send>>>;

/// A store where something happens right before the first commit, or before the first listing of free interfaces,
/// and that counts what is read.
#[derive(Default)]
struct Interrupted {
    kv: Arc<Memory>,
    read: AtomicUsize,
    before_commit: Once,
    before_interfaces: Once,
}

fn interrupt(once: &Once) {
    let interruption = once.lock().unwrap().take();
    if let Some(interrupt) = interruption {
        interrupt();
    }
}

impl Happenings for Interrupted {
    fn kv(&self) -> &dyn Kv {
        &*self.kv
    }

    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        self.read.fetch_add(keys.len(), Relaxed);
        self.kv.get_many(keys)
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        if prefix.starts_with("network-interfaces/") {
            interrupt(&self.before_interfaces);
        }
        let page = self.kv.page(prefix, after, limit)?;
        self.read.fetch_add(page.entries.len(), Relaxed);
        Ok(page)
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        interrupt(&self.before_commit);
        self.kv.commit(transaction)
    }
}

/// The text of the first element of this name; empty if there is none.
fn text(document: &str, element: &str) -> String {
    let document = roxmltree::Document::parse(document).unwrap();
    let mut all = document.descendants();
    let found = all.find(|node| node.tag_name().name() == element);
    found.and_then(|node| node.text()).unwrap_or_default().to_owned()
}

/// An account with one of everything, and the ids of it.
struct Account {
    kv: Arc<Memory>,
    names: Vec<(&'static str, String)>,
}

impl Account {
    fn new() -> Self {
        let mut account = Self { kv: Arc::new(Memory::new()), names: Vec::new() };
        for (name, element, call) in [
            ("AMI", "imageId", "Action=RegisterImage&Name=image"),
            ("SUBNET", "subnetId", "Action=DescribeSubnets"),
            ("GROUP", "groupId", "Action=CreateSecurityGroup&GroupName=web&GroupDescription=web"),
            ("OTHER", "groupId", "Action=CreateSecurityGroup&GroupName=other&GroupDescription=web"),
            ("KEY", "keyPairId", "Action=CreateKeyPair&KeyName=key&KeyType=ed25519"),
            (
                "TEMPLATE",
                "launchTemplateId",
                "Action=CreateLaunchTemplate&LaunchTemplateName=small\
                 &LaunchTemplateData.InstanceType=t3.micro&LaunchTemplateData.ImageId=AMI",
            ),
            (
                "VERSION",
                "launchTemplateId",
                "Action=CreateLaunchTemplateVersion&LaunchTemplateName=small\
                 &LaunchTemplateData.InstanceType=t3.small&LaunchTemplateData.ImageId=AMI",
            ),
            ("FREE", "networkInterfaceId", "Action=CreateNetworkInterface&SubnetId=SUBNET"),
            (
                "INSTANCE",
                "instanceId",
                concat!(
                    "Action=RunInstances",
                    "&ImageId=AMI&InstanceType=t3.micro&MinCount=1&MaxCount=1"
                ),
            ),
            ("VOLUME", "volumeId", "Action=DescribeVolumes"),
            ("SNAPSHOT", "snapshotId", "Action=CreateSnapshot&VolumeId=VOLUME"),
        ] {
            let document = answer(&control(Store::new(account.kv.clone())), &account.filled(call));
            let id = text(&document, element);
            assert!(!id.is_empty(), "{call}\n{document}");
            account.names.push((name, id));
        }
        account
    }

    fn filled(&self, call: &str) -> String {
        let call = call
            .replace("LAUNCH", "Action=RunInstances&MinCount=1&MaxCount=1&InstanceType=t3.micro");
        self.names.iter().fold(call, |call, (name, id)| call.replace(name, id))
    }

    /// The fault codes of `call` and of `other`, which happens right before the first writes.
    fn race(&self, call: &str, other: &str) -> (String, String) {
        self.interrupted(call, other, |kv, once| Interrupted {
            kv,
            before_commit: once,
            ..Interrupted::default()
        })
    }

    fn interrupted(
        &self,
        call: &str,
        other: &str,
        store: impl Fn(Arc<Memory>, Once) -> Interrupted,
    ) -> (String, String) {
        let (other, code) = (self.filled(other), Arc::new(Mutex::new(None)));
        let (kv, told) = (self.kv.clone(), code.clone());
        let interrupt = Box::new(move || {
            let document = answer(&control(Store::new(kv)), &other);
            *told.lock().unwrap() = Some(text(&document, "Code"));
        });
        let kv = store(self.kv.clone(), Mutex::new(Some(interrupt)));
        let document = answer(&control(Store::new(Arc::new(Over(kv)))), &self.filled(call));
        let of_other = code.lock().unwrap().take();
        (text(&document, "Code"), of_other.expect("the call gets there"))
    }
}

/// A request that names something, the request that deletes it, and how the first is refused once it is deleted.
const NAMED: [(&str, &str, &str); 17] = [
    ("LAUNCH&ImageId=AMI&SecurityGroupId.1=GROUP", GROUP, "InvalidGroup.NotFound"),
    ("LAUNCH&ImageId=AMI&SecurityGroup.1=web", GROUP, "InvalidGroup.NotFound"),
    (
        "LAUNCH&ImageId=AMI&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SecurityGroupId.1=GROUP",
        GROUP,
        "InvalidGroup.NotFound",
    ),
    (
        "Action=CreateNetworkInterface&SubnetId=SUBNET&SecurityGroupId.1=GROUP",
        GROUP,
        "InvalidGroup.NotFound",
    ),
    (
        "Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=FREE&SecurityGroupId.1=GROUP",
        GROUP,
        "InvalidGroup.NotFound",
    ),
    (
        "Action=ModifyInstanceAttribute&InstanceId=INSTANCE&GroupId.1=GROUP",
        GROUP,
        "InvalidGroup.NotFound",
    ),
    (
        "Action=AuthorizeSecurityGroupIngress&GroupId=OTHER&IpPermissions.1.IpProtocol=-1\
         &IpPermissions.1.Groups.1.GroupId=GROUP",
        GROUP,
        "InvalidGroup.NotFound",
    ),
    (
        "LAUNCH&ImageId=AMI&KeyName=key",
        "Action=DeleteKeyPair&KeyName=key",
        "InvalidKeyPair.NotFound",
    ),
    (
        "LAUNCH&LaunchTemplate.LaunchTemplateName=small",
        "Action=DeleteLaunchTemplate&LaunchTemplateId=TEMPLATE",
        "InvalidLaunchTemplateName.NotFoundException",
    ),
    (
        "LAUNCH&LaunchTemplate.LaunchTemplateId=TEMPLATE&LaunchTemplate.Version=2",
        "Action=DeleteLaunchTemplateVersions&LaunchTemplateId=TEMPLATE&LaunchTemplateVersion.1=2",
        "InvalidLaunchTemplateId.VersionNotFound",
    ),
    ("LAUNCH&ImageId=AMI", "Action=DeregisterImage&ImageId=AMI", "InvalidAMIID.NotFound"),
    (
        "LAUNCH&ImageId=AMI&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.NetworkInterfaceId=FREE",
        "Action=DeleteNetworkInterface&NetworkInterfaceId=FREE",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    (
        "Action=CreateTags&ResourceId.1=GROUP&Tag.1.Key=a&Tag.1.Value=b",
        GROUP,
        "InvalidGroup.NotFound",
    ),
    (
        "Action=CreateTags&ResourceId.1=SNAPSHOT&Tag.1.Key=a&Tag.1.Value=b",
        "Action=DeleteSnapshot&SnapshotId=SNAPSHOT",
        "InvalidSnapshot.NotFound",
    ),
    (
        "LAUNCH&ImageId=AMI&BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.SnapshotId=SNAPSHOT",
        "Action=DeleteSnapshot&SnapshotId=SNAPSHOT",
        "InvalidSnapshot.NotFound",
    ),
    (
        "Action=RegisterImage&Name=other&BlockDeviceMapping.1.DeviceName=/dev/sdf\
         &BlockDeviceMapping.1.Ebs.SnapshotId=SNAPSHOT",
        "Action=DeleteSnapshot&SnapshotId=SNAPSHOT",
        "InvalidSnapshot.NotFound",
    ),
    (
        "Action=CreateTags&ResourceId.1=KEY&Tag.1.Key=a&Tag.1.Value=b",
        "Action=DeleteKeyPair&KeyName=key",
        "InvalidID",
    ),
];

const GROUP: &str = "Action=DeleteSecurityGroup&GroupId=GROUP";

#[test]
fn what_is_deleted_meanwhile_is_not_found() {
    for (call, deletion, code) in NAMED {
        let (refused, deleted) = Account::new().race(call, deletion);
        assert_eq!((refused.as_str(), deleted.as_str()), (code, ""), "{call}");
    }
}

/// The other way round, where what is in use cannot be deleted.
#[test]
fn what_is_used_meanwhile_is_not_deleted() {
    let of_groups =
        NAMED.iter().filter(|(call, deletion, _)| *deletion == GROUP && !call.contains("Tags"));
    for (call, ..) in of_groups {
        let (refused, done) = Account::new().race(GROUP, call);
        assert_eq!((refused.as_str(), done.as_str()), ("DependencyViolation", ""), "{call}");
    }
    let register = "Action=RegisterImage&Name=other&BlockDeviceMapping.1.DeviceName=/dev/sdf\
                    &BlockDeviceMapping.1.Ebs.SnapshotId=SNAPSHOT";
    let delete = "Action=DeleteSnapshot&SnapshotId=SNAPSHOT";
    let (refused, done) = Account::new().race(delete, register);
    assert_eq!((refused.as_str(), done.as_str()), ("InvalidSnapshot.InUse", ""));
}

/// It was on no instance when these were listed, and is on one when those on none are.
#[test]
fn an_interface_that_moves_is_not_overlooked() {
    for take in [
        "Action=AttachNetworkInterface&NetworkInterfaceId=MEMBER&InstanceId=NEAR&DeviceIndex=1",
        "LAUNCH&ImageId=AMI&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.NetworkInterfaceId=MEMBER",
    ] {
        let mut account = Account::new();
        for (name, element, call) in [
            (
                "MEMBER",
                "networkInterfaceId",
                "Action=CreateNetworkInterface&SubnetId=SUBNET&SecurityGroupId.1=GROUP",
            ),
            ("NEAR", "instanceId", "LAUNCH&ImageId=AMI&SubnetId=SUBNET"),
        ] {
            let made = answer(&control(Store::new(account.kv.clone())), &account.filled(call));
            account.names.push((name, text(&made, element)));
        }
        let (refused, done) = account.interrupted(GROUP, take, |kv, once| Interrupted {
            kv,
            before_interfaces: once,
            ..Interrupted::default()
        });
        assert_eq!((refused.as_str(), done.as_str()), ("DependencyViolation", ""), "{take}");
    }
}

#[test]
fn a_deleted_group_leaves_no_reference() {
    let account = Account::new();
    let call = |call: &str| answer(&control(Store::new(account.kv.clone())), &account.filled(call));
    let launched = call("LAUNCH&ImageId=AMI&SecurityGroupId.1=GROUP");
    assert_eq!(account.kv.list("uses/").unwrap().entries.len(), 1);
    call(&format!("Action=TerminateInstances&InstanceId.1={}", text(&launched, "instanceId")));
    assert_eq!(text(&call(GROUP), "Code"), "");
    assert!(account.kv.list("uses/").unwrap().entries.is_empty());
}

#[test]
fn addresses_are_free_again_once_all_others_are_taken() {
    let account = Account::new();
    let control = control(Store::new(account.kv.clone()));
    let call = |call: &str| answer(&control, &account.filled(call));
    let one = "LAUNCH&ImageId=AMI&Placement.AvailabilityZone=us-east-1b";
    let free = || {
        let found = call(
            "Action=DescribeSubnets&Filter.1.Name=availability-zone&Filter.1.Value.1=us-east-1b",
        );
        text(&found, "availableIpAddressCount").parse::<usize>().unwrap()
    };
    let launched = call(one);
    let (id, address) = (text(&launched, "instanceId"), text(&launched, "privateIpAddress"));
    let mut left = free();
    while left > 0 {
        let count = left.min(1000);
        let more =
            format!("Action=RunInstances&MinCount={count}&MaxCount={count}&InstanceType=t3.micro");
        let document = call(&format!("{more}&ImageId=AMI&Placement.AvailabilityZone=us-east-1b"));
        assert_eq!(text(&document, "Code"), "");
        left -= count;
    }
    assert_eq!(text(&call(one), "Code"), "InsufficientFreeAddressesInSubnet");
    call(&format!("Action=TerminateInstances&InstanceId.1={id}"));
    assert_eq!(text(&call(one), "privateIpAddress"), address);
}

#[test]
fn an_address_is_stated_once_and_as_many_as_the_type_can_have() {
    let account = Account::new();
    let control = control(Store::new(account.kv.clone()));
    let code = |call: &str| text(&answer(&control, &account.filled(call)), "Code");
    let launch = "LAUNCH&ImageId=AMI&NetworkInterface.1.DeviceIndex=0";
    let address = |nth: u8, last: u8| {
        let one = format!("NetworkInterface.1.PrivateIpAddresses.{nth}");
        format!("&{one}.PrivateIpAddress=172.31.0.{last}&{one}.Primary={}", nth == 1)
    };
    let twice = format!("{launch}{}{}", address(1, 77), address(2, 77));
    assert_eq!(code(&twice), "InvalidIPAddress.InUse");
    let two = format!("{launch}{}{}", address(1, 77), address(2, 78));
    assert_eq!(code(&format!("{two}{}", address(3, 79))), "PrivateIpAddressLimitExceeded");
    assert_eq!(code(&two), "");
    let interfaces = "&NetworkInterface.2.DeviceIndex=1&NetworkInterface.3.DeviceIndex=2";
    assert_eq!(code(&format!("{launch}{interfaces}")), "AttachmentLimitExceeded");
    for (resource, refused) in
        [("eni-1", "InvalidNetworkInterfaceID.NotFound"), ("vol-1", "InvalidVolume.NotFound")]
    {
        let tag = format!("Action=CreateTags&ResourceId.1={resource}&Tag.1.Key=a&Tag.1.Value=b");
        assert_eq!(code(&tag), refused);
    }
}
