//! What never existed is not found: each parameter that is an id or a name of something is tried with one that
//! nothing has.

use crate::account::TestAccount;
use crate::requests::{Parameter, base, first_of, lines, table};

/// By the last step of a parameter's name: an id or a name that nothing has, and EC2's code.
const UNKNOWN: [(&str, &str, &str); 33] = [
    ("AllocationId", "eipalloc-0abcdef0123456789", "InvalidAllocationID.NotFound"),
    ("AssociationId", "iip-assoc-0abcdef0123456789", "NoSuchAssociation"),
    ("AttachmentId", "eni-attach-0abcdef0123456789", "InvalidAttachmentID.NotFound"),
    ("AvailabilityZone", "us-east-9z", "InvalidParameterValue"),
    ("AvailabilityZoneId", "use9-az9", "InvalidParameterValue"),
    ("GroupId", "sg-0abcdef0123456789", "InvalidGroup.NotFound"),
    ("GroupName", "nobodys", "InvalidGroup.NotFound"),
    ("ImageId", "ami-0abcdef0123456789", "InvalidAMIID.NotFound"),
    ("InstanceId", "i-0abcdef0123456789", "InvalidInstanceID.NotFound"),
    ("KeyName", "nobodys", "InvalidKeyPair.NotFound"),
    ("KeyPairId", "key-0abcdef0123456789", "InvalidKeyPair.NotFound"),
    ("LaunchTemplateId", "lt-0abcdef0123456789", "InvalidLaunchTemplateId.NotFound"),
    ("LaunchTemplateName", "nobodys", "InvalidLaunchTemplateName.NotFoundException"),
    ("LaunchTemplateVersion", "77", "InvalidLaunchTemplateId.VersionNotFound"),
    ("NetworkInterfaceId", "eni-0abcdef0123456789", "InvalidNetworkInterfaceID.NotFound"),
    ("PublicIp", "198.51.100.77", "InvalidAddress.NotFound"),
    ("RegionName", "us-east-9", "InvalidParameterValue"),
    ("ResourceId", "ami-0abcdef0123456789", "InvalidAMIID.NotFound"),
    ("ResourceId", "eni-0abcdef0123456789", "InvalidNetworkInterfaceID.NotFound"),
    ("ResourceId", "i-0abcdef0123456789", "InvalidInstanceID.NotFound"),
    ("ResourceId", "key-0abcdef0123456789", "InvalidID"),
    ("ResourceId", "lt-0abcdef0123456789", "InvalidLaunchTemplateId.NotFound"),
    ("ResourceId", "sg-0abcdef0123456789", "InvalidGroup.NotFound"),
    ("ResourceId", "sgr-0abcdef0123456789", "InvalidSecurityGroupRuleId.NotFound"),
    ("ResourceId", "snap-0abcdef0123456789", "InvalidSnapshot.NotFound"),
    ("ResourceId", "subnet-0abcdef0123456789", "InvalidSubnetID.NotFound"),
    ("ResourceId", "vol-0abcdef0123456789", "InvalidVolume.NotFound"),
    ("ResourceId", "vpc-0abcdef0123456789", "InvalidVpcID.NotFound"),
    ("SecurityGroupRuleId", "sgr-0abcdef0123456789", "InvalidSecurityGroupRuleId.NotFound"),
    ("SnapshotId", "snap-0abcdef0123456789", "InvalidSnapshot.NotFound"),
    ("SubnetId", "subnet-0abcdef0123456789", "InvalidSubnetID.NotFound"),
    ("VolumeId", "vol-0abcdef0123456789", "InvalidVolume.NotFound"),
    ("VpcId", "vpc-0abcdef0123456789", "InvalidVpcID.NotFound"),
];

/// Last steps that are the same kind of thing by another name.
const ALIASES: [(&str, &str); 8] = [
    ("SecurityGroup", "GroupName"),
    ("SecurityGroupId", "GroupId"),
    ("SetDefaultVersion", "LaunchTemplateVersion"),
    ("SourceSecurityGroupName", "GroupName"),
    ("SourceVersion", "LaunchTemplateVersion"),
    ("Version", "LaunchTemplateVersion"),
    ("ZoneId", "AvailabilityZoneId"),
    ("ZoneName", "AvailabilityZone"),
];

/// Parameters that may name what is not there, by how they end or by action and all of it, and why.
const ACCEPTED: [(&str, &str); 37] = [
    ("CreateKeyPair KeyName", "makes it"),
    ("CreateLaunchTemplate LaunchTemplateName", "makes it"),
    ("CreateSecurityGroup GroupName", "makes it"),
    ("ImportKeyPair KeyName", "makes it"),
    ("DeleteKeyPair KeyName", "EC2 has no fault for it"),
    ("DeleteKeyPair KeyPairId", "EC2 has no fault for it"),
    (
        "DeleteLaunchTemplateVersions LaunchTemplateVersion.N",
        "the response says what is not deleted",
    ),
    ("DescribeLaunchTemplateVersions MaxVersion", "a bound"),
    ("DescribeLaunchTemplateVersions MinVersion", "a bound"),
    ("DescribeSpotPriceHistory AvailabilityZone", "a filter"),
    ("DescribeSpotPriceHistory AvailabilityZoneId", "a filter"),
    ("LaunchTemplateData.*", "a launch looks"),
    (".CapacityReservationId", "no reservations"),
    (".CapacityReservationResourceGroupArn", "no resource groups"),
    (".Groups.N.UserId", "other accounts"),
    (".Groups.N.VpcId", "the group decides"),
    (".Groups.N.VpcPeeringConnectionId", "no peering"),
    (".KmsKeyId", "no KMS"),
    (".OrganizationArn", "no AWS Organizations"),
    (".OrganizationalUnitArn", "no AWS Organizations"),
    (".Placement.GroupId", "no placement groups"),
    (".Placement.GroupName", "no placement groups"),
    (".Placement.HostId", "no dedicated hosts"),
    (".PrefixListId", "no prefix lists"),
    (".UserId", "other accounts"),
    ("IamInstanceProfile.Arn", "no IAM"),
    ("ModifyImageAttribute OrganizationArn.N", "no AWS Organizations"),
    ("ModifyImageAttribute OrganizationalUnitArn.N", "no AWS Organizations"),
    ("ModifyImageAttribute UserId.N", "other accounts"),
    ("ModifySnapshotAttribute UserId.N", "other accounts"),
    ("RunInstances KernelId", "any kernel"),
    ("RunInstances Placement.GroupId", "no placement groups"),
    ("RunInstances Placement.GroupName", "no placement groups"),
    ("RunInstances Placement.HostId", "no dedicated hosts"),
    ("RunInstances RamdiskId", "any RAM disk"),
    ("SourceSecurityGroupOwnerId", "other accounts"),
    ("ModifyInstanceAttribute BlockDeviceMapping.N.Ebs.VolumeId", "the device decides"),
];

/// Whether something has this as its name or id.
fn is_about_something(step: &str) -> bool {
    let ends = ["Id", "Arn", "KeyName", "GroupName", "TemplateName", "Version"];
    let others = ["SecurityGroup", "AvailabilityZone", "ZoneName", "RegionName", "PublicIp"];
    ends.iter().any(|end| step.ends_with(end)) || others.contains(&step)
}

fn is_accepted(parameter: &Parameter) -> bool {
    let whole = format!("{} {}", parameter.action, parameter.name);
    ACCEPTED.iter().any(|(pattern, _)| match pattern.strip_suffix('*') {
        Some(beginning) => parameter.name.starts_with(beginning),
        None => whole.ends_with(pattern),
    })
}

#[test]
fn what_never_existed_is_not_found() {
    let (account, lines) = (TestAccount::new(), lines());
    let before = account.outcome("DescribeRegions", &[]);
    let mut mistakes = Vec::new();
    for parameter in table() {
        let Parameter { action, name, class, .. } = parameter;
        let step = name.trim_end_matches(".N").rsplit('.').next().unwrap_or_default();
        if class == "refused" || !is_about_something(step) || is_accepted(&parameter) {
            continue;
        }
        let kind = ALIASES.iter().find(|(alias, _)| *alias == step).map_or(step, |(_, kind)| kind);
        let tried: Vec<_> = UNKNOWN.iter().filter(|(its, ..)| *its == kind).collect();
        if tried.is_empty() {
            mistakes.push(format!("{action} {name}: neither in UNKNOWN nor in ACCEPTED"));
        }
        let name = first_of(name);
        let mut without = base(&lines, &parameter);
        without.retain(|(its, _)| *its != name);
        for (_, value, code) in tried {
            let mut pairs = without.clone();
            pairs.push((name.clone(), (*value).to_owned()));
            let response = account.outcome(action, &pairs).response;
            // A fleet says of each override why it launches none, and other calls what they do not change.
            let codes = ["Code", "errorCode", "code"].map(|name| format!("<{name}>{code}</"));
            if !codes.iter().any(|code| response.contains(code)) {
                mistakes.push(format!("{action} {name}={value}, not {code}: {response}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
    let after = account.outcome("DescribeRegions", &[]);
    assert_eq!(after, before, "{}", after.difference(&before));
}
