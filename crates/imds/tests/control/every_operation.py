"""Every operation there is answers in a form that the SDK's own parser takes whole (see `lab.py`)."""

import re

from botocore.exceptions import ClientError
from lab import client, image, running

ec2 = client()
asked = set()
ec2.meta.events.register("before-call.ec2", lambda model, **_: asked.add(model.name))

al2 = image(ec2, "amzn2-ami-*")
launch = {"ImageId": al2, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
profile = {"IamInstanceProfile": {"Name": "role"}}
spec = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a<b>&\"c"}]}]
(made,) = ec2.run_instances(TagSpecifications=spec, UserData="#!/bin/sh", **launch)["Instances"]
one = running(ec2, made["InstanceId"])["InstanceId"]

ec2.describe_instances(InstanceIds=[one])
ec2.describe_instance_status(IncludeAllInstances=True)
ec2.modify_instance_metadata_options(InstanceId=one)
ec2.get_instance_metadata_defaults()
ec2.modify_instance_metadata_defaults(HttpTokens="no-preference")
ec2.describe_instance_attribute(InstanceId=one, Attribute="userData")
ec2.modify_instance_attribute(InstanceId=one, DisableApiTermination={"Value": False})
association = ec2.associate_iam_instance_profile(InstanceId=one, **profile)["IamInstanceProfileAssociation"]
ec2.describe_iam_instance_profile_associations()
replaced = ec2.replace_iam_instance_profile_association(AssociationId=association["AssociationId"], **profile)
ec2.disassociate_iam_instance_profile(AssociationId=replaced["IamInstanceProfileAssociation"]["AssociationId"])
ec2.reboot_instances(InstanceIds=[one])
ec2.stop_instances(InstanceIds=[one])
ec2.get_waiter("instance_stopped").wait(InstanceIds=[one], WaiterConfig={"Delay": 1})
ec2.modify_instance_capacity_reservation_attributes(
    InstanceId=one, CapacityReservationSpecification={"CapacityReservationPreference": "none"}
)
ec2.start_instances(InstanceIds=[one])

data = {"ImageId": al2, "MetadataOptions": {"HttpTokens": "required"}}
ec2.create_launch_template(LaunchTemplateName="all", LaunchTemplateData=data)
ec2.create_launch_template_version(LaunchTemplateName="all", LaunchTemplateData=data)
ec2.describe_launch_templates()
ec2.describe_launch_template_versions(LaunchTemplateName="all")
ec2.modify_launch_template(LaunchTemplateName="all", DefaultVersion="2")
overrides = [{"InstanceType": "t9.micro", "WeightedCapacity": 1.5}, {"InstanceType": "t3.micro", "Priority": 1.0}]
ec2.create_fleet(
    Type="instant",
    LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateName": "all"}, "Overrides": overrides}],
    TargetCapacitySpecification={"TotalTargetCapacity": 1},
)
ec2.delete_launch_template_versions(LaunchTemplateName="all", Versions=["1", "2"])
ec2.delete_launch_template(LaunchTemplateName="all")
ec2.get_launch_template_data(InstanceId=one)

mine = ec2.register_image(Name="mine", RootDeviceName="/dev/xvda")["ImageId"]
ec2.describe_images()
ec2.modify_image_attribute(ImageId=mine, ImdsSupport={"Value": "v2.0"})
ec2.describe_image_attribute(ImageId=mine, Attribute="imdsSupport")
ec2.deregister_image(ImageId=mine)
created = ec2.create_image(InstanceId=one, Name="created")["ImageId"]
ec2.deregister_image(ImageId=created, DeleteAssociatedSnapshots=True)

ec2.create_tags(Resources=[one], Tags=[{"Key": "k", "Value": "\u00e9\u2603"}])
ec2.describe_tags()
ec2.delete_tags(Resources=[one], Tags=[{"Key": "k"}])
ec2.import_key_pair(
    KeyName="me",
    PublicKeyMaterial=b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3 e@h",
)
ec2.describe_key_pairs(IncludePublicKey=True)
ec2.delete_key_pair(KeyName="me")
ec2.create_key_pair(KeyName="made", KeyType="ed25519")
group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
ping = [{"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ping)
ec2.authorize_security_group_egress(GroupId=group, IpPermissions=ping)
ec2.describe_security_group_rules()
ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=ping)
ec2.revoke_security_group_egress(GroupId=group, IpPermissions=ping)
ec2.delete_security_group(GroupId=group)
ec2.describe_vpcs()
ec2.describe_subnets()
ec2.describe_security_groups()
ec2.describe_regions()
ec2.describe_availability_zones()
ec2.describe_instance_types()
ec2.describe_instance_type_offerings(MaxResults=5)
ec2.describe_spot_price_history(MaxResults=5)
ec2.describe_volumes()
ec2.describe_network_interfaces()
ec2.describe_addresses()
ec2.describe_account_attributes()
ec2.describe_instance_credit_specifications()

ec2.monitor_instances(InstanceIds=[one])
ec2.unmonitor_instances(InstanceIds=[one])
ec2.modify_instance_maintenance_options(InstanceId=one, AutoRecovery="default")
ec2.modify_instance_credit_specification(InstanceCreditSpecifications=[{"InstanceId": one, "CpuCredits": "standard"}])
ec2.modify_private_dns_name_options(InstanceId=one, EnableResourceNameDnsARecord=True)
ec2.get_password_data(InstanceId=one)
shown = running(ec2, one)
volume = shown["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
ec2.modify_volume(VolumeId=volume, Size=100)
ec2.describe_volumes_modifications()
snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
ec2.describe_snapshots()
ec2.modify_snapshot_attribute(SnapshotId=snapshot, UserIds=["111122223333"], OperationType="add")
ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
ec2.delete_snapshot(SnapshotId=snapshot)
interface = ec2.create_network_interface(SubnetId=shown["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
attached = ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=one, DeviceIndex=1)
given = ec2.assign_private_ip_addresses(NetworkInterfaceId=interface, SecondaryPrivateIpAddressCount=1)
given = given["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface, PrivateIpAddresses=[given])
given = ec2.assign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
ec2.unassign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6Addresses=given)
ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Description={"Value": "mine"})
ec2.detach_network_interface(AttachmentId=attached["AttachmentId"])
ec2.delete_network_interface(NetworkInterfaceId=interface)
ec2.terminate_instances(InstanceIds=[one])

# Whatever else is asked is refused, and the refusal names all that is there.
try:
    ec2.describe_nat_gateways()
    raise AssertionError("there are no NAT gateways here")
except ClientError as error:
    assert error.response["Error"]["Code"] == "InvalidAction", error
    message = error.response["Error"]["Message"]
there_are = set(re.findall(r"[A-Z]\w+", message.split("Supported are:")[1]))
assert there_are <= asked, f"not asked: {there_are - asked}"
print(f"{len(there_are)} operations answered")
