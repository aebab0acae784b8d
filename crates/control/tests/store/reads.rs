//! How much calls read: it does not grow with the number of instances.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use imds_account::Store;

use crate::alone::control;
use crate::over::Over;
use crate::{Account, Interrupted, answer, text};

#[test]
fn a_launch_reads_the_same_however_many_instances_there_are() {
    let account = Account::new();
    let kv = Arc::new(Over(Interrupted { kv: account.kv.clone(), ..<_>::default() }));
    let control = control(Store::new(kv.clone()));
    let two_interfaces = account.filled(
        "LAUNCH&ImageId=AMI&NetworkInterface.1.DeviceIndex=0&NetworkInterface.2.DeviceIndex=1\
         &NetworkInterface.2.SecondaryPrivateIpAddressCount=1&NetworkInterface.2.Ipv6AddressCount=1",
    );
    let read = || {
        let before = kv.0.read.load(Relaxed);
        assert_eq!(text(&answer(&control, &two_interfaces), "Code"), "");
        kv.0.read.load(Relaxed) - before
    };
    let (first, second) = (read(), read());
    assert_eq!(first, second);
    for _ in 0..500 {
        assert_eq!(read(), second);
    }
}

/// Calls about what an instance has, by an id of its own, and the codes of those that are refused.
const BELONGINGS: [(&str, &str); 18] = [
    ("DescribeNetworkInterfaces&NetworkInterfaceId.1=MEMBER", ""),
    ("DescribeVolumes&VolumeId.1=VOLUME", ""),
    ("DescribeIamInstanceProfileAssociations&AssociationId.1=PROFILE", ""),
    (
        "DescribeNetworkInterfaces&NetworkInterfaceId.1=NOBODYS",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    ("DescribeVolumes&VolumeId.1=NOBODYS", "InvalidVolume.NotFound"),
    ("ModifyVolume&VolumeId=VOLUME&Size=50&DryRun=true", "DryRunOperation"),
    ("ModifyVolume&VolumeId=VOLUME&Size=50", ""),
    ("DescribeVolumesModifications&VolumeId.1=VOLUME", ""),
    ("CreateSnapshot&VolumeId=VOLUME", ""),
    ("CreateTags&ResourceId.1=VOLUME&Tag.1.Key=a&Tag.1.Value=b", ""),
    ("CreateTags&ResourceId.1=MEMBER&Tag.1.Key=a&Tag.1.Value=b", ""),
    ("DetachNetworkInterface&AttachmentId=ATTACHMENT&DryRun=true", "DryRunOperation"),
    ("DetachNetworkInterface&AttachmentId=NOBODYS", "InvalidAttachmentID.NotFound"),
    ("DeleteNetworkInterface&NetworkInterfaceId=MEMBER", "InvalidParameterValue"),
    ("ModifyNetworkInterfaceAttribute&NetworkInterfaceId=MEMBER&Description.Value=x", ""),
    ("AssignIpv6Addresses&NetworkInterfaceId=MEMBER&Ipv6AddressCount=1", ""),
    (
        "UnassignIpv6Addresses&NetworkInterfaceId=MEMBER&Ipv6Addresses.1=::1",
        "InvalidParameterValue",
    ),
    ("DisassociateIamInstanceProfile&AssociationId=NOBODYS", "NoSuchAssociation"),
];

#[test]
fn what_instances_have_is_found_without_looking_at_all_of_them() {
    let mut account = Account::new();
    for (name, element, call) in [
        ("NEAR", "instanceId", "LAUNCH&ImageId=AMI&SubnetId=SUBNET"),
        (
            "PROFILE",
            "associationId",
            "Action=AssociateIamInstanceProfile&InstanceId=NEAR&IamInstanceProfile.Name=a",
        ),
        ("MEMBER", "networkInterfaceId", "Action=CreateNetworkInterface&SubnetId=SUBNET"),
        (
            "ATTACHMENT",
            "attachmentId",
            "Action=AttachNetworkInterface&NetworkInterfaceId=MEMBER&InstanceId=NEAR&DeviceIndex=1",
        ),
    ] {
        let made = answer(&control(Store::new(account.kv.clone())), &account.filled(call));
        assert_eq!(text(&made, "Code"), "", "{call}");
        account.names.push((name, text(&made, element)));
    }
    let kv = Arc::new(Over(Interrupted { kv: account.kv.clone(), ..<_>::default() }));
    let control = control(Store::new(kv.clone()));
    let reads = || {
        let outcome = |(call, code): (&str, &str)| {
            let before = kv.0.read.load(Relaxed);
            let answer = answer(&control, &account.filled(&format!("Action={call}")));
            assert_eq!(text(&answer, "Code"), code, "{call}");
            kv.0.read.load(Relaxed) - before
        };
        BELONGINGS.map(outcome)
    };
    // The second time, what was changed is changed.
    reads();
    let few = reads();
    let more = account
        .filled("LAUNCH&ImageId=AMI&IamInstanceProfile.Name=a")
        .replace("Count=1", "Count=300");
    assert_eq!(text(&answer(&control, &more), "Code"), "");
    for ((few, many), call) in few.into_iter().zip(reads()).zip(BELONGINGS) {
        assert_eq!(few, many, "{call:?}");
    }
}
