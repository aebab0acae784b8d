"""Tags, key pairs, networks, places and instance types."""

from lab import client, eventually, image, instance, metadata, refused, running

ec2 = client()
al2023 = image(ec2, "al2023-ami-*")

# Places.
regions = {it["RegionName"]: it["Endpoint"] for it in ec2.describe_regions()["Regions"]}
assert regions["eu-west-1"] == "ec2.eu-west-1.amazonaws.com", regions
zones = ec2.describe_availability_zones()["AvailabilityZones"]
assert [zone["ZoneName"] for zone in zones] == [f"us-east-1{letter}" for letter in "abcdef"], zones
assert ec2.describe_availability_zones(ZoneIds=["use1-az2"])["AvailabilityZones"][0]["ZoneName"] == "us-east-1b"
refused("InvalidParameterValue", ec2.describe_regions, RegionNames=["mars-1"])

# The default VPC, with a subnet in each zone.
(vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
assert {subnet["AvailabilityZone"] for subnet in subnets} == {zone["ZoneName"] for zone in zones}
assert all(subnet["DefaultForAz"] and subnet["CidrBlock"].endswith("/20") for subnet in subnets)
(group,) = ec2.describe_security_groups()["SecurityGroups"]
assert (group["GroupName"], group["VpcId"]) == ("default", vpc["VpcId"])
refused("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=["subnet-00000000000000000"])
refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=["sg-00000000000000000"])
refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=["vpc-00000000000000000"])

# Instance types: the hypervisor decides the front end.
types = {it["InstanceType"]: it for page in ec2.get_paginator("describe_instance_types").paginate() for it in page["InstanceTypes"]}
assert types["t2.micro"]["Hypervisor"] == "xen" and types["t3.micro"]["Hypervisor"] == "nitro"
assert types["t4g.micro"]["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
xen = ec2.describe_instance_types(Filters=[{"Name": "hypervisor", "Values": ["xen"]}])["InstanceTypes"]
assert {it["InstanceType"].split(".")[0] for it in xen} == {"c4", "i3", "m4", "r4", "t2"}, xen
refused("InvalidInstanceType", ec2.describe_instance_types, InstanceTypes=["nonsense"])

# Key pairs: the public key is in the metadata of what is launched with it.
ED25519 = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3 e@h"
key = ec2.import_key_pair(KeyName="me", PublicKeyMaterial=ED25519)
assert key["KeyFingerprint"] == "u8v+X1H8zxb61VbCtBybAhAR//DxljHf98LNIwVXRpo=", key
(shown,) = ec2.describe_key_pairs(KeyNames=["me"], IncludePublicKey=True)["KeyPairs"]
assert shown["KeyType"] == "ed25519" and shown["PublicKey"].encode() == ED25519, shown
refused("InvalidKeyPair.Duplicate", ec2.import_key_pair, KeyName="me", PublicKeyMaterial=ED25519)
refused("InvalidKey.Format", ec2.import_key_pair, KeyName="bad", PublicKeyMaterial=b"not a key")
refused("InvalidKeyPair.NotFound", ec2.describe_key_pairs, KeyNames=["you"])
launch = {"ImageId": al2023, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
refused("InvalidKeyPair.NotFound", ec2.run_instances, KeyName="you", **launch)
(made,) = ec2.run_instances(KeyName="me", PrivateIpAddress="172.31.0.77", **launch)["Instances"]
made = running(ec2, made["InstanceId"])
assert made["KeyName"] == "me" and made["PrivateIpAddress"] == "172.31.0.77", made

# Tags: in the metadata while they are switched on, and then only such as can be paths.
one = made["InstanceId"]
ec2.create_tags(Resources=[one, made["ImageId"]], Tags=[{"Key": "Patch Group", "Value": "a"}, {"Key": "Name", "Value": "web"}])
WORDS = r"'Patch Group' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')"
on = {"InstanceId": one, "InstanceMetadataTags": "enabled"}
refused("InvalidParameterValue", ec2.modify_instance_metadata_options, words=WORDS, **on)
ec2.delete_tags(Resources=[one], Tags=[{"Key": "Patch Group"}])
ec2.modify_instance_metadata_options(**on)
running(ec2, one)
refused("InvalidParameterValue", ec2.create_tags, words="is not a valid tag key", Resources=[one], Tags=[{"Key": "a/b", "Value": ""}])
ec2.create_tags(Resources=[one], Tags=[{"Key": "stage", "Value": "test"}])
tags = {tag["Key"]: tag["Value"] for tag in instance(ec2, one)["Tags"]}
assert tags == {"Name": "web", "stage": "test"}, tags
found = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["instance"]}, {"Name": "key", "Values": ["stage"]}])["Tags"]
assert [(tag["ResourceId"], tag["Value"]) for tag in found] == [(one, "test")], found
of_image = ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]["Tags"]
assert {tag["Key"] for tag in of_image} == {"Patch Group", "Name"}, of_image
refused("InvalidParameterValue", ec2.create_tags, Resources=[one], Tags=[{"Key": "aws:x", "Value": ""}], words="aws:")
refused("TagLimitExceeded", ec2.create_tags, Resources=[vpc["VpcId"]], Tags=[{"Key": str(key), "Value": ""} for key in range(51)])
refused("InvalidInstanceID.NotFound", ec2.create_tags, Resources=["i-00000000000000000"], Tags=[{"Key": "a", "Value": ""}])
refused("InvalidID", ec2.create_tags, Resources=["nonsense"], Tags=[{"Key": "a", "Value": ""}])
refused("DryRunOperation", ec2.create_tags, Resources=[one], Tags=[{"Key": "dry", "Value": ""}], DryRun=True)

# The same on the wire: the request's source address says whose metadata it is.
source = "172.31.0.77"
eventually("the tag is served", lambda: metadata("tags/instance/stage", source) == "test")
assert metadata("instance-id", source) == one
assert metadata("public-keys/0/openssh-key", source).encode().strip() == ED25519
ec2.delete_tags(Resources=[one])
eventually("the tags are gone", lambda: metadata("tags/instance/stage", source) is None)
ec2.delete_key_pair(KeyName="me")
assert ec2.describe_key_pairs()["KeyPairs"] == []
assert metadata("public-keys/0/openssh-key", source) is not None, "an instance keeps its key"

# Volumes and interfaces: what the launch asked for, tags of their own, and gone with the instance.
mapping = [
    {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp2", "DeleteOnTermination": False}},
    {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 100, "VolumeType": "io2", "Iops": 500, "Encrypted": True}},
    {"DeviceName": "/dev/sdg", "Ebs": {}},
]
tags = [{"ResourceType": kind, "Tags": [{"Key": "kind", "Value": kind}]} for kind in ("volume", "network-interface")]
(made,) = ec2.run_instances(BlockDeviceMappings=mapping, TagSpecifications=tags, **launch)["Instances"]
one = made["InstanceId"]
of_one = [{"Name": "attachment.instance-id", "Values": [one]}]
volumes = {it["Attachments"][0]["Device"]: it for it in ec2.describe_volumes(Filters=of_one)["Volumes"]}
facts = ("Size", "VolumeType", "Iops", "Encrypted")
assert [volumes["/dev/xvda"][fact] for fact in facts] == [20, "gp2", 100, False], volumes
assert [volumes["/dev/sdf"][fact] for fact in facts] == [100, "io2", 500, True], volumes
assert [volumes["/dev/sdg"][fact] for fact in facts] == [8, "gp3", 3000, False], volumes
shown = {it["DeviceName"]: it["Ebs"] for it in instance(ec2, one)["BlockDeviceMappings"]}
assert {name: it["VolumeId"] for name, it in shown.items()} == {name: it["VolumeId"] for name, it in volumes.items()}
assert [shown[name]["DeleteOnTermination"] for name in ("/dev/xvda", "/dev/sdf")] == [False, True], shown
root = volumes["/dev/xvda"]["VolumeId"]
assert volumes["/dev/xvda"]["Tags"] == tags[0]["Tags"], volumes
ec2.create_tags(Resources=[root], Tags=[{"Key": "Name", "Value": "root"}])
named = [{"Name": "tag:Name", "Values": ["root"]}]
assert [it["VolumeId"] for it in ec2.describe_volumes(Filters=named)["Volumes"]] == [root]
(only,) = ec2.describe_volumes(VolumeIds=[root])["Volumes"]
assert {tag["Key"] for tag in only["Tags"]} == {"kind", "Name"}, only
refused("InvalidVolume.NotFound", ec2.describe_volumes, VolumeIds=["vol-00000000000000000"], words="vol-00000000000000000")
refused("InvalidParameterValue", ec2.run_instances, **launch, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeType": "tape"}}], words="tape")
refused("InvalidParameterValue", ec2.run_instances, **launch, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 0}}], words="65536")

(eni,) = ec2.describe_network_interfaces(Filters=of_one)["NetworkInterfaces"]
of_instance = instance(ec2, one)["NetworkInterfaces"][0]
for fact in ("NetworkInterfaceId", "MacAddress", "PrivateIpAddress", "SubnetId", "VpcId", "Groups", "Status"):
    assert eni[fact] == of_instance[fact], (fact, eni, of_instance)
assert eni["Attachment"]["InstanceId"] == one and eni["TagSet"] == tags[1]["Tags"], eni
assert ec2.describe_network_interfaces(NetworkInterfaceIds=[eni["NetworkInterfaceId"]])["NetworkInterfaces"] == [eni]
refused("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, NetworkInterfaceIds=["eni-00000000000000000"])
ec2.terminate_instances(InstanceIds=[one])
assert ec2.describe_volumes(Filters=of_one)["Volumes"] == []
assert ec2.describe_network_interfaces(Filters=of_one)["NetworkInterfaces"] == []
left = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [root, eni["NetworkInterfaceId"]]}])["Tags"]
assert left == [], left

# CPU credits: of burstable types alone.
(made,) = ec2.run_instances(CreditSpecification={"CpuCredits": "standard"}, **launch)["Instances"]
(credits,) = ec2.describe_instance_credit_specifications(InstanceIds=[made["InstanceId"]])["InstanceCreditSpecifications"]
assert credits == {"InstanceId": made["InstanceId"], "CpuCredits": "standard"}, credits
(other,) = ec2.run_instances(**{**launch, "InstanceType": "m5.large"})["Instances"]
refused("UnsupportedOperation", ec2.describe_instance_credit_specifications, InstanceIds=[other["InstanceId"]], words="m5.large")
refused("InvalidParameterValue", ec2.run_instances, **launch, CreditSpecification={"CpuCredits": "some"}, words="standard or unlimited")
every = ec2.describe_instance_credit_specifications()["InstanceCreditSpecifications"]
assert other["InstanceId"] not in {it["InstanceId"] for it in every} and credits in every, every

# The account, and addresses that nobody has.
attributes = {it["AttributeName"]: it["AttributeValues"][0]["AttributeValue"] for it in ec2.describe_account_attributes()["AccountAttributes"]}
assert attributes["supported-platforms"] == "VPC" and attributes["default-vpc"] == vpc["VpcId"], attributes
assert len(ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]) == 1
refused("InvalidParameterValue", ec2.describe_account_attributes, AttributeNames=["colour"], words="colour")
assert ec2.describe_addresses()["Addresses"] == []
refused("InvalidAddress.NotFound", ec2.describe_addresses, PublicIps=["198.51.100.7"], words="198.51.100.7")
refused("InvalidAllocationID.NotFound", ec2.describe_addresses, AllocationIds=["eipalloc-0"], words="eipalloc-0")
