"""Packer's calls in their order: amazon-ebs, from the checks before to the image and the end of what it was made with.

Source: packer-plugin-amazon 1.8.3-dev, the commit 5028903a (builder/ebs/builder.go names the steps, which are in
builder/common and builder/ebs). Its SDK sends empty values for what the template leaves open. Connections to the instance
are not calls of EC2.
"""

from lab import client, eventually, image, metadata, refused, replay, running

ADDRESS = "172.31.0.90"
TYPE = "t3.micro"
GROUP, KEY, IMAGE = "packer_6a1b", "packer_6a1c", "golden 2026"
RUN_TAGS = [{"Key": "Name", "Value": "Packer Builder"}]
IMAGE_TAGS = [{"Key": "team", "Value": "platform"}]

ec2 = client()


def tagged(*kinds, tags=RUN_TAGS):
    return [{"ResourceType": kind, "Tags": tags} for kind in kinds]


def named(name, value):
    return {"Name": name, "Values": [value]}


def source(_):
    """Its data source: the newest image that a filter finds."""
    return {
        "Owners": ["amazon"],
        "Filters": [named("name", "amzn2-ami-hvm-*"), named("architecture", "x86_64"), named("root-device-type", "ebs")],
    }


def launch(found):
    return {
        "ImageId": found["source"],
        "InstanceType": TYPE,
        "UserData": "",
        "MaxCount": 1,
        "MinCount": 1,
        "IamInstanceProfile": {"Name": ""},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": True, "VolumeSize": 20, "VolumeType": "gp3"}},
            {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True, "VolumeSize": 5, "VolumeType": "gp3"}},
        ],
        "Placement": {"AvailabilityZone": ""},
        "EbsOptimized": False,
        "EnclaveOptions": {"Enabled": False},
        "CreditSpecification": {"CpuCredits": "standard"},
        "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "TagSpecifications": tagged("instance", "network-interface", "volume"),
        "KeyName": KEY,
        "SubnetId": "",
        "SecurityGroupIds": [found["group"]],
        "InstanceInitiatedShutdownBehavior": "stop",
        # So that the test can ask as the instance.
        "PrivateIpAddress": ADDRESS,
    }


def rules(found):
    ssh = {"FromPort": 22, "ToPort": 22, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    return {"GroupId": found["group"], "IpPermissions": [ssh]}


def of_instance(found):
    return {"InstanceIds": [found["instance"]]}


def of_image(found):
    return {"ImageIds": [found["image"]]}


def keep(found, answer):
    """What later calls need of an answer."""
    for shown in answer.get("Images", []):
        found.setdefault("source", shown["ImageId"])
        if shown["ImageId"] == found.get("image"):
            ids = [it["Ebs"]["SnapshotId"] for it in shown["BlockDeviceMappings"]]
            found["snapshots"] = ids
    if "KeyMaterial" in answer:
        found["key"] = answer["KeyMaterial"]
    if "GroupId" in answer:
        found.setdefault("group", answer["GroupId"])
    for launched in answer.get("Instances", []):
        found["instance"] = launched["InstanceId"]
    if "ImageId" in answer:
        found["image"] = answer["ImageId"]
    for reservation in answer.get("Reservations", []):
        (shown,) = reservation["Instances"]
        mapped = shown["BlockDeviceMappings"]
        found.setdefault("volumes", [it["Ebs"]["VolumeId"] for it in mapped])


# What is called, with what (from what was found), and the code of the error that it goes on with. Waiters are in lower
# case with their states.
CALLS = [
    ("describe_regions", lambda _: {}, None),
    ("describe_images", source, None),
    ("describe_images", lambda _: {"Owners": ["self"], "Filters": [named("name", IMAGE)]}, None),
    ("describe_images", lambda found: {"ImageIds": [found["source"]]}, None),
    ("create_key_pair", lambda _: {"KeyName": KEY, "KeyType": "rsa", "TagSpecifications": tagged("key-pair")}, None),
    (
        "create_security_group",
        lambda _: {
            "GroupName": GROUP,
            "Description": "Temporary group for Packer",
            "VpcId": "",
            "TagSpecifications": tagged("security-group"),
        },
        None,
    ),
    ("describe_security_groups", lambda found: {"GroupIds": [found["group"]]}, None),
    ("authorize_security_group_ingress", rules, None),
    ("run_instances", launch, None),
    ("instance_running", of_instance, None),
    ("describe_instances", of_instance, None),
    ("stop_instances", of_instance, None),
    ("instance_stopped", of_instance, None),
    ("modify_instance_attribute", lambda found: {"InstanceId": found["instance"], "EnaSupport": {"Value": True}}, None),
    ("describe_images", lambda _: {"Owners": ["self"], "Filters": [named("name", IMAGE)]}, None),
    (
        "create_image",
        lambda found: {
            "InstanceId": found["instance"],
            "Name": IMAGE,
            "BlockDeviceMappings": [],
            "TagSpecifications": tagged("image", "snapshot"),
        },
        None,
    ),
    ("image_available", of_image, None),
    ("describe_images", of_image, None),
    ("modify_image_attribute", lambda found: {"ImageId": found["image"], "Description": {"Value": "made by Packer"}}, None),
    (
        "modify_image_attribute",
        lambda found: {
            "ImageId": found["image"],
            "UserIds": ["111122223333"],
            "LaunchPermission": {"Add": [{"UserId": "111122223333"}]},
        },
        None,
    ),
    ("modify_image_attribute", lambda found: {"ImageId": found["image"], "ImdsSupport": {"Value": "v2.0"}}, None),
    (
        "modify_snapshot_attribute",
        lambda found: {
            "SnapshotId": found["snapshots"][0],
            "UserIds": ["111122223333"],
            "CreateVolumePermission": {"Add": [{"UserId": "111122223333"}]},
        },
        None,
    ),
    ("describe_images", of_image, None),
    ("create_tags", lambda found: {"Resources": [found["image"], *found["snapshots"]], "Tags": IMAGE_TAGS}, None),
    (
        "create_tags",
        lambda found: {"Resources": found["snapshots"], "Tags": [{"Key": "of", "Value": "golden"}]},
        None,
    ),
    ("terminate_instances", of_instance, None),
    ("instance_terminated", of_instance, None),
    ("describe_volumes", lambda found: {"Filters": [{"Name": "volume-id", "Values": found["volumes"]}]}, None),
    ("delete_security_group", lambda found: {"GroupId": found["group"]}, None),
    ("delete_key_pair", lambda _: {"KeyName": KEY}, None),
]

# What it does first where an image of the name is to be replaced.
REPLACE = [
    ("describe_images", lambda _: {"Owners": ["self"], "Filters": [named("name", IMAGE)]}, None),
    ("deregister_image", lambda found: {"ImageId": found["image"]}, None),
    ("delete_snapshot", lambda found: {"SnapshotId": found["snapshots"][0]}, None),
    ("delete_snapshot", lambda found: {"SnapshotId": found["snapshots"][1]}, None),
]


found = {}
answers = {}
for name, answer in replay(ec2, CALLS, found, keep):
    answers[name] = answer
    if name == "describe_instances":
        # What a provisioner finds on the instance.
        assert metadata("security-groups", ADDRESS) == GROUP
        key = metadata("public-keys/0/openssh-key", ADDRESS)
        assert key.split()[2] == KEY, key
assert found["source"] == image(ec2, "amzn2-ami-*") and len(found["snapshots"]) == 2, found
assert answers["describe_volumes"]["Volumes"] == [], "its volumes are gone with it"

# The image has what it was made of, and what was said of it.
(made,) = ec2.describe_images(ImageIds=[found["image"]])["Images"]
assert (made["Name"], made["Description"], made["ImdsSupport"]) == (IMAGE, "made by Packer", "v2.0"), made
assert (made["SourceInstanceId"], made["SourceImageId"]) == (found["instance"], found["source"]), made
mapped = {it["DeviceName"]: it["Ebs"] for it in made["BlockDeviceMappings"]}
assert {name: ebs["VolumeSize"] for name, ebs in mapped.items()} == {"/dev/xvda": 20, "/dev/sdf": 5}, mapped
tags = {tag["Key"]: tag["Value"] for tag in made["Tags"]}
assert tags == {"Name": "Packer Builder", "team": "platform"}, tags
permissions = ec2.describe_image_attribute(ImageId=found["image"], Attribute="launchPermission")["LaunchPermissions"]
assert permissions == [{"UserId": "111122223333"}], permissions
shown = ec2.describe_snapshots(SnapshotIds=found["snapshots"], OwnerIds=["self"])["Snapshots"]
assert {it["VolumeSize"] for it in shown} == {20, 5} and {it["State"] for it in shown} == {"completed"}, shown
assert {it["VolumeId"] for it in shown} == set(found["volumes"]), shown
assert {tag["Key"] for tag in shown[0]["Tags"]} == {"Name", "team", "of"}, shown
attribute = {"SnapshotId": found["snapshots"][0], "Attribute": "createVolumePermission"}
permissions = ec2.describe_snapshot_attribute(**attribute)["CreateVolumePermissions"]
assert permissions == [{"UserId": "111122223333"}], permissions

# Later launches from it have its options and its volumes, though its own instance was made from one without.
(one,) = ec2.run_instances(ImageId=found["image"], InstanceType=TYPE, MinCount=1, MaxCount=1, PrivateIpAddress=ADDRESS)["Instances"]
settled = running(ec2, one["InstanceId"])
options = settled["MetadataOptions"]
assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 2), options
assert settled["ImageId"] == found["image"] and len(settled["BlockDeviceMappings"]) == 2, settled
volumes = ec2.describe_volumes(Filters=[named("attachment.instance-id", one["InstanceId"])])["Volumes"]
volumes = {it["Attachments"][0]["Device"]: (it["Size"], it["SnapshotId"]) for it in volumes}
assert volumes == {name: (ebs["VolumeSize"], ebs["SnapshotId"]) for name, ebs in mapped.items()}, volumes
eventually("its image", lambda: metadata("ami-id", ADDRESS) == found["image"])
assert metadata("block-device-mapping/ebs1", ADDRESS) == "/dev/sdf", "as the image names it"
plain = [{"DeviceName": "/dev/sdf", "NoDevice": ""}, {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}}]
(other,) = ec2.run_instances(ImageId=found["image"], InstanceType=TYPE, MinCount=1, MaxCount=1, BlockDeviceMappings=plain)["Instances"]
volumes = ec2.describe_volumes(Filters=[named("attachment.instance-id", other["InstanceId"])])["Volumes"]
assert [it["Size"] for it in volumes] == [30], volumes

# An image of an instance whose image has `ImdsSupport` has it too.
(al2023,) = ec2.run_instances(
    ImageId=image(ec2, "al2023-ami-*"), InstanceType=TYPE, MinCount=1, MaxCount=1, MetadataOptions={"HttpTokens": "optional"}
)["Instances"]
inherited = ec2.create_image(InstanceId=al2023["InstanceId"], Name="inherited")["ImageId"]
assert ec2.describe_images(ImageIds=[inherited])["Images"][0]["ImdsSupport"] == "v2.0"

# What is refused.
again = {"InstanceId": one["InstanceId"], "Name": IMAGE}
refused("InvalidAMIName.Duplicate", ec2.create_image, words=found["image"], **again)
refused("InvalidAMIName.Malformed", ec2.create_image, **{**again, "Name": "x&y"})
refused("DryRunOperation", ec2.create_image, DryRun=True, **{**again, "Name": "other"})
refused("InvalidInstanceID.NotFound", ec2.create_image, InstanceId="i-00000000000000000", Name="other")
words = "Instance is not in state 'running' or 'stopped'"
refused("InvalidParameterValue", ec2.create_image, words=words, InstanceId=found["instance"], Name="other")
words = f"The snapshot {found['snapshots'][0]} is currently in use by {found['image']}"
refused("InvalidSnapshot.InUse", ec2.delete_snapshot, words=words, SnapshotId=found["snapshots"][0])
refused("InvalidSnapshot.NotFound", ec2.delete_snapshot, SnapshotId="snap-00000000000000000")
refused("InvalidSnapshotID.Malformed", ec2.delete_snapshot, SnapshotId="x")
sixteen = {"ImageId": found["image"], "LaunchPermission": {"Add": [{"UserId": "me"}]}}
refused("InvalidAMIAttributeItemValue", ec2.modify_image_attribute, **sixteen)

# Another build replaces it.
dict(replay(ec2, REPLACE, found, keep))
refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[found["image"]])
refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=found["snapshots"][:1])

# A snapshot of a volume, and an image registered of it (amazon-ebssurrogate); both go together.
volume = settled["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
refused("InvalidVolume.NotFound", ec2.create_snapshot, VolumeId="vol-00000000000000000")
lone = ec2.create_snapshot(VolumeId=volume, Description="root", TagSpecifications=tagged("snapshot"))
assert (lone["State"], lone["VolumeSize"], lone["Tags"]) == ("pending", 20, RUN_TAGS), lone
ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[lone["SnapshotId"]], WaiterConfig={"Delay": 1})
found = ec2.describe_snapshots(Filters=[named("description", "root"), named("volume-size", "20")])["Snapshots"]
assert [it["SnapshotId"] for it in found] == [lone["SnapshotId"]], found
devices = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": lone["SnapshotId"], "VolumeSize": 20}}]
registered = ec2.register_image(
    Name="surrogate", RootDeviceName="/dev/sda1", BlockDeviceMappings=devices, ImdsSupport="v2.0", VirtualizationType="hvm"
)["ImageId"]
(shown,) = ec2.describe_images(ImageIds=[registered])["Images"]
assert shown["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] == lone["SnapshotId"], shown
refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=lone["SnapshotId"], words=registered)
answer = ec2.deregister_image(ImageId=registered, DeleteAssociatedSnapshots=True)
assert answer["DeleteSnapshotResults"] == [{"SnapshotId": lone["SnapshotId"], "ReturnCode": "success"}], answer
refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=[lone["SnapshotId"]])

# Amazon's images have snapshots too.
(al2,) = ec2.describe_images(ImageIds=[image(ec2, "amzn2-ami-*")])["Images"]
root = al2["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
(shown,) = ec2.describe_snapshots(SnapshotIds=[root])["Snapshots"]
assert shown["OwnerAlias"] == "amazon" and shown["OwnerId"] == al2["OwnerId"], shown
