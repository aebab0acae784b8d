"""`RunInstances`: what is asked for is what there is, in the API and in the metadata."""

from lab import client, eventually, image, instance, metadata, refused, running

ec2 = client()
al2, al2023 = image(ec2, "amzn2-ami-*"), image(ec2, "al2023-ami-*")
launch = {"ImageId": al2023, "InstanceType": "t3.large", "MinCount": 1, "MaxCount": 1}
subnets = {it["AvailabilityZone"]: it for it in ec2.describe_subnets()["Subnets"]}
here, there = subnets["us-east-1a"], subnets["us-east-1b"]


def run(**asked):
    (made,) = ec2.run_instances(**{**launch, **asked})["Instances"]
    return made


# Everything at once.
made = run(
    Placement={"AvailabilityZone": "us-east-1c", "GroupName": "cluster", "PartitionNumber": 2, "Tenancy": "dedicated"},
    Monitoring={"Enabled": True},
    IamInstanceProfile={"Arn": "arn:aws:iam::123456789012:instance-profile/path/app"},
    EbsOptimized=True,
    InstanceInitiatedShutdownBehavior="terminate",
    PrivateDnsNameOptions={"HostnameType": "resource-name"},
    BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8}}, {"DeviceName": "/dev/sdg", "VirtualName": "ephemeral0"}],
    UserData="#!/bin/sh\n",
    TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
    MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 3, "InstanceMetadataTags": "enabled"},
)
shown = running(ec2, made["InstanceId"])
assert shown["Placement"]["GroupName"] == "cluster" and shown["Placement"]["PartitionNumber"] == 2, shown
assert shown["Placement"]["Tenancy"] == "dedicated" and shown["Monitoring"] == {"State": "enabled"}
assert shown["IamInstanceProfile"]["Arn"] == "arn:aws:iam::123456789012:instance-profile/app", shown
assert shown["EbsOptimized"] and shown["PrivateDnsName"] == f"{made['InstanceId']}.ec2.internal"
assert [it["DeviceName"] for it in shown["BlockDeviceMappings"]] == ["/dev/xvda", "/dev/sdf"], shown
assert shown["Tags"] == [{"Key": "Name", "Value": "web"}]
options = {name: shown["MetadataOptions"][name] for name in ("HttpTokens", "HttpPutResponseHopLimit", "State")}
assert options == {"HttpTokens": "optional", "HttpPutResponseHopLimit": 3, "State": "applied"}, options

# Interfaces: each with its own addresses, and requests from any of them are the instance's.
made = run(
    NetworkInterfaces=[
        {"DeviceIndex": 0, "SubnetId": here["SubnetId"], "SecondaryPrivateIpAddressCount": 2},
        {
            "DeviceIndex": 1,
            "SubnetId": here["SubnetId"],
            "PrivateIpAddresses": [
                {"PrivateIpAddress": "172.31.0.90", "Primary": True},
                {"PrivateIpAddress": "172.31.0.91", "Primary": False},
            ],
            "Groups": [shown["SecurityGroups"][0]["GroupId"]],
        },
    ]
)
shown = running(ec2, made["InstanceId"])
first, second = shown["NetworkInterfaces"]
assert [it["Primary"] for it in first["PrivateIpAddresses"]] == [True, False, False], first
assert [it["PrivateIpAddress"] for it in second["PrivateIpAddresses"]] == ["172.31.0.90", "172.31.0.91"], second
assert (first["Attachment"]["DeviceIndex"], second["Attachment"]["DeviceIndex"]) == (0, 1)
all_of_it = [it["PrivateIpAddress"] for one in (first, second) for it in one["PrivateIpAddresses"]]
for source in all_of_it:
    assert metadata("instance-id", source) == made["InstanceId"], source
macs = metadata("network/interfaces/macs/", all_of_it[0]).split()
assert {mac.strip("/") for mac in macs} == {first["MacAddress"], second["MacAddress"]}, macs
refused("InvalidIPAddress.InUse", ec2.run_instances, PrivateIpAddress="172.31.0.91", **launch)

# Further addresses are beside the primary one, also where no subnet is named and it is elsewhere.
made = run(NetworkInterfaces=[{"DeviceIndex": 0, "PrivateIpAddress": "127.0.16.7", "SecondaryPrivateIpAddressCount": 2}])
(only,) = made["NetworkInterfaces"]
addresses = [it["PrivateIpAddress"] for it in only["PrivateIpAddresses"]]
assert addresses == ["127.0.16.7", "127.0.16.4", "127.0.16.5"], addresses
assert running(ec2, made["InstanceId"])["PrivateIpAddress"] == "127.0.16.7"

# Blocks that are delegated to an interface: its metadata has them, and their requests are the instance's.
prefixes = {"Ipv4Prefixes": [{"Ipv4Prefix": "172.31.1.16/28"}], "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:1::/80"}]}
delegated = running(ec2, run(NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": here["SubnetId"], **prefixes}])["InstanceId"])
its = delegated["NetworkInterfaces"][0]
assert (its["Ipv4Prefixes"], its["Ipv6Prefixes"]) == tuple(prefixes.values()), its
path = f"network/interfaces/macs/{its['MacAddress']}"
assert metadata(f"{path}/ipv4-prefix", "172.31.1.20") == "172.31.1.16/28"
assert metadata(f"{path}/ipv6-prefix", delegated["PrivateIpAddress"]) == "2001:db8:1::/80"

# A kernel that is named, as for paravirtual images.
old = running(ec2, run(KernelId="aki-5c21674b", RamdiskId="ari-2d211a3a")["InstanceId"])
assert (old["KernelId"], old["RamdiskId"]) == ("aki-5c21674b", "ari-2d211a3a"), old
assert metadata("kernel-id", old["PrivateIpAddress"]) == "aki-5c21674b"
assert metadata("ramdisk-id", old["PrivateIpAddress"]) == "ari-2d211a3a"

# A public address is lent while the instance runs.
public = [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]
lent = running(ec2, run(NetworkInterfaces=public)["InstanceId"])
assert lent["PublicDnsName"].startswith("ec2-198-1"), lent
assert metadata("public-ipv4", lent["PrivateIpAddress"]) == lent["PublicIpAddress"]
ec2.stop_instances(InstanceIds=[lent["InstanceId"]])
assert "PublicIpAddress" not in eventually("it stopped", lambda: (it := instance(ec2, lent["InstanceId"]))["State"]["Name"] == "stopped" and it)

# IPv6: as many addresses as are asked for.
six = running(ec2, run(Ipv6AddressCount=2)["InstanceId"])["NetworkInterfaces"][0]["Ipv6Addresses"]
assert len({it["Ipv6Address"] for it in six}) == 2, six
stated = run(Ipv6Addresses=[{"Ipv6Address": "2001:db8::7"}])
assert stated["Ipv6Address"] == "2001:db8::7", stated
refused("UnsupportedOperation", ec2.run_instances, words="Xen-backed", **{**launch, "InstanceType": "t2.micro"}, MetadataOptions={"HttpProtocolIpv6": "enabled"})

# Several at once share a reservation and count from 0.
several = ec2.run_instances(**{**launch, "MinCount": 2, "MaxCount": 3})
assert [it["AmiLaunchIndex"] for it in several["Instances"]] == [0, 1, 2]
assert len({it["PrivateIpAddress"] for it in several["Instances"]}) == 3

# The same token asks for the same instances; with other parameters it is a mistake.
token_of = {"ClientToken": "once", "UserData": "a"}
once, twice = run(**token_of), run(**token_of)
assert once["InstanceId"] == twice["InstanceId"]
assert instance(ec2, once["InstanceId"])["ClientToken"] == "once"
refused("IdempotentParameterMismatch", ec2.run_instances, **launch, ClientToken="once", UserData="b")
ec2.terminate_instances(InstanceIds=[once["InstanceId"]])
refused("IdempotentInstanceTerminated", ec2.run_instances, **launch, **token_of)
refused("InvalidParameterValue", ec2.run_instances, **launch, ClientToken="x" * 65)

# What cannot be.
nic = {"DeviceIndex": 0}
for code, words, asked in [
    ("DryRunOperation", "", {"DryRun": True}),
    ("MissingParameter", "ImageId", {"ImageId": None}),
    ("InvalidParameterValue", "Invalid value 't9.micro' for InstanceType.", {"InstanceType": "t9.micro"}),
    (
        "InvalidParameterValue",
        "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the "
        "specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use "
        "'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.",
        {"InstanceType": "t4g.micro"},
    ),
    ("InvalidAMIID.NotFound", "ami-0", {"ImageId": "ami-00000000000000000"}),
    ("InvalidAMIID.Malformed", "web", {"ImageId": "web"}),
    ("InvalidParameterValue", "InstanceType", {"InstanceType": "large"}),
    ("InvalidParameterValue", "MinCount", {"MinCount": 0}),
    ("InvalidParameterValue", "MinCount", {"MinCount": 2}),
    ("InstanceLimitExceeded", "1001", {"MinCount": 1001, "MaxCount": 1001}),
    ("InvalidSubnetID.NotFound", "subnet-0", {"SubnetId": "subnet-00000000000000000"}),
    ("InvalidGroup.NotFound", "sg-0", {"SecurityGroupIds": ["sg-00000000000000000"]}),
    ("InvalidGroup.NotFound", "vpc-", {"SecurityGroups": ["web"]}),
    ("InvalidKeyPair.NotFound", "me", {"KeyName": "me"}),
    ("InvalidParameterValue", "does not fall within", {"SubnetId": there["SubnetId"], "PrivateIpAddress": "172.31.0.99"}),
    ("InvalidParameterValue", "reserved", {"SubnetId": there["SubnetId"], "PrivateIpAddress": "172.31.16.1"}),
    ("InvalidParameterValue", "PrivateIpAddress", {"PrivateIpAddress": "here"}),
    ("InvalidParameterCombination", "more than one", {"PrivateIpAddress": "172.31.200.9", "MaxCount": 2}),
    ("InvalidParameterValue", "0.0.0.0", {"PrivateIpAddress": "0.0.0.0"}),
    ("InvalidParameterValue", "169.254.1.1", {"PrivateIpAddress": "169.254.1.1"}),
    ("InvalidParameterValue", "224.0.0.1", {"PrivateIpAddress": "224.0.0.1"}),
    ("InvalidParameterValue", "255.255.255.255", {"PrivateIpAddress": "255.255.255.255"}),
    ("InvalidParameterValue", "169.254.0.0/28", {"NetworkInterfaces": [{"DeviceIndex": 0, "Ipv4Prefixes": [{"Ipv4Prefix": "169.254.0.0/28"}]}]}),
    ("InvalidParameterValue", "::", {"Ipv6Addresses": [{"Ipv6Address": "::"}]}),
    ("InvalidParameterValue", "ff02::1", {"Ipv6Addresses": [{"Ipv6Address": "ff02::1"}]}),
    ("InvalidParameterValue", "fe80::1", {"Ipv6Addresses": [{"Ipv6Address": "fe80::1"}]}),
    ("InvalidParameterValue", "10.9.0.9 does not fall within", {"NetworkInterfaces": [{**nic, "PrivateIpAddresses": [{"PrivateIpAddress": "127.0.0.31", "Primary": True}, {"PrivateIpAddress": "10.9.0.9"}]}]}),
    ("InvalidParameterValue", "172.31.99.0/28 does not fall within", {"NetworkInterfaces": [{**nic, "SubnetId": here["SubnetId"], "Ipv4Prefixes": [{"Ipv4Prefix": "172.31.99.0/28"}]}]}),
    ("InvalidParameterValue", "availability zone", {"Placement": {"AvailabilityZone": "eu-west-1a"}}),
    ("InvalidParameterCombination", "subnet ID", {"SubnetId": there["SubnetId"], "NetworkInterfaces": [nic]}),
    ("InvalidParameterCombination", "security groups", {"SecurityGroups": ["default"], "NetworkInterfaces": [nic]}),
    ("InvalidIPAddress.InUse", "172.31.1.16/28", {"NetworkInterfaces": [{"DeviceIndex": 0, **prefixes}]}),
    ("InvalidIPAddress.InUse", "2001:db8:1::/80", {"NetworkInterfaces": [{"DeviceIndex": 0, "Ipv6Prefixes": prefixes["Ipv6Prefixes"]}]}),
    ("InvalidIPAddress.InUse", "2001:db8:1::7", {"NetworkInterfaces": [{"DeviceIndex": 0, "Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::7"}]}]}),
    ("InvalidParameterValue", "/28", {"NetworkInterfaces": [{"DeviceIndex": 0, "Ipv4Prefixes": [{"Ipv4Prefix": "172.31.1.0/24"}]}]}),
    ("UnsupportedOperation", "Prefixes are not chosen here", {"NetworkInterfaces": [{"DeviceIndex": 0, "Ipv4PrefixCount": 1}]}),
    ("InvalidParameterValue", "kernel", {"KernelId": "vmlinuz"}),
    ("InvalidParameterValue", "device index", {"NetworkInterfaces": [nic, nic]}),
    ("InvalidParameterValue", "requires a device index", {"NetworkInterfaces": [{"SubnetId": there["SubnetId"]}]}),
    ("InvalidParameterValue", "device index 0", {"NetworkInterfaces": [{"DeviceIndex": 1}]}),
    ("InvalidNetworkInterfaceID.NotFound", "eni-1", {"NetworkInterfaces": [{**nic, "NetworkInterfaceId": "eni-1"}]}),
    ("InvalidParameterValue", "is not in", {"NetworkInterfaces": [{**nic, "SubnetId": here["SubnetId"]}, {"DeviceIndex": 1, "SubnetId": there["SubnetId"]}]}),
    ("InvalidParameterValue", "spot", {"InstanceMarketOptions": {"MarketType": "cheap"}}),
    ("InvalidParameterValue", "stop or terminate", {"InstanceInitiatedShutdownBehavior": "sleep"}),
    ("InvalidParameterValue", "ephemeral0", {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "VirtualName": "floppy"}]}),
    ("InvalidParameterValue", "instance-profile", {"IamInstanceProfile": {"Arn": "arn:aws:iam::210987654321:instance-profile/app"}}),
    ("InvalidParameterCombination", "", {"IamInstanceProfile": {"Arn": "a", "Name": "b"}}),
    ("InvalidParameterValue", "16384", {"UserData": "x" * 16385}),
    ("InvalidParameterValue", "HttpEndpoint", {"MetadataOptions": {"HttpEndpoint": "on"}}),
]:
    asked = {name: value for name, value in {**launch, **asked}.items() if value is not None}
    refused(code, ec2.run_instances, words=words, **asked)

# Where a zone's default subnet is nearly full, fewer than the most will do; then the next zone is taken.
many = [ec2.run_instances(**{**launch, "MaxCount": 1000})["Instances"] for _ in range(5)]
assert len(many[0]) == 1000 and 1 < len(many[4]) < 1000, len(many[4])
assert {it["Placement"]["AvailabilityZone"] for it in many[4]} == {"us-east-1a"}
assert run()["Placement"]["AvailabilityZone"] == "us-east-1b"
words = f"There are not enough free addresses in subnet '{here['SubnetId']}' to satisfy the requested number of instances."
refused("InsufficientFreeAddressesInSubnet", ec2.run_instances, words=words, **launch, SubnetId=here["SubnetId"])

# Of the other processors there is an image of its own.
arm = image(ec2, "al2023-ami-*", "arm64")
assert arm != al2023
made = run(ImageId=arm, InstanceType="t4g.micro")
assert running(ec2, made["InstanceId"])["Architecture"] == "arm64"
refused("InvalidParameterValue", ec2.run_instances, words="'x86_64'", **{**launch, "ImageId": arm})
old = ec2.register_image(Name="old", Architecture="i386")["ImageId"]
run(ImageId=old)

# A type that the settings name can be launched as those that are known.
made = run(InstanceType="x99.large")
assert running(ec2, made["InstanceId"])["InstanceType"] == "x99.large"
(shown,) = ec2.describe_instance_types(InstanceTypes=["x99.large"])["InstanceTypes"]
assert shown["Hypervisor"] == "nitro", shown
offered = ec2.describe_instance_type_offerings(Filters=[{"Name": "instance-type", "Values": ["x99.*"]}])
assert len(offered["InstanceTypeOfferings"]) == 1, offered
