"""Karpenter's calls in their order, from its start to the end of a node.

Source: karpenter-provider-aws, the commits 027ed241 (providers/instancetype), 09303f32 (providers/pricing), 01906578
(controllers/nodeclass: the checks of what it may do), 01156a80 (providers/launchtemplate) and 004b39bd
(providers/instance). Its calls to EKS, IAM, SSM, SQS and the price list are not part of EC2.
"""

import base64
import datetime

from lab import client, image, replay, running

CLUSTER = {"Key": "eks:eks-cluster-name", "Value": "cluster"}
TAGS = [
    {"Key": "Name", "Value": "default-abcde"},
    {"Key": "karpenter.sh/nodepool", "Value": "default"},
    {"Key": "karpenter.k8s.aws/ec2nodeclass", "Value": "default"},
    CLUSTER,
]
STATES = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped", "shutting-down"]}
OF_CLUSTER = {"Name": "tag:eks:eks-cluster-name", "Values": ["cluster"]}
LIST = [
    {"Name": "tag-key", "Values": ["karpenter.sh/nodepool"]},
    {"Name": "tag-key", "Values": ["karpenter.k8s.aws/ec2nodeclass"]},
    OF_CLUSTER,
    STATES,
]
TEMPLATE = "karpenter.k8s.aws/1234567890"
TYPES = ["t3.small", "t3.medium", "m5.large", "c5.large"]

ec2 = client()
x86, arm = image(ec2, "al2023-ami-*"), image(ec2, "al2023-ami-*", "arm64")


def named(*kinds):
    return [{"ResourceType": kind, "Tags": TAGS} for kind in kinds]


def template(found):
    """What a launch template is made with."""
    data = {
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 20, "VolumeType": "gp3"}}],
        "IamInstanceProfile": {"Name": "KarpenterNodeRole"},
        "Monitoring": {"Enabled": False},
        "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
        "ImageId": x86,
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "HttpPutResponseHopLimit": 1,
            "HttpTokens": "required",
        },
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [found["group"]]}],
        "TagSpecifications": named("network-interface"),
    }
    tags = [{"ResourceType": "launch-template", "Tags": TAGS}]
    return {"LaunchTemplateName": TEMPLATE, "LaunchTemplateData": data, "TagSpecifications": tags}


def fleet(overrides, capacity_type="on-demand", **template):
    strategy = {"AllocationStrategy": "price-capacity-optimized" if capacity_type == "spot" else "lowest-price"}
    return {
        "Type": "instant",
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": template, "Overrides": overrides}],
        "TargetCapacitySpecification": {"DefaultTargetCapacityType": capacity_type, "TotalTargetCapacity": 1},
        "TagSpecifications": named("instance", "volume", "fleet"),
        "SpotOptions" if capacity_type == "spot" else "OnDemandOptions": strategy,
    }


def mock_fleet(_):
    """Its check of what it may do: neither template nor subnets exist."""
    overrides = [
        {"InstanceType": "t3.micro", "SubnetId": "subnet-1234567890abcdef0"},
        {"InstanceType": "t3.small", "SubnetId": "subnet-1234567890abcdef1"},
    ]
    ids = {"LaunchTemplateName": "mock-lt-name", "LaunchTemplateId": "lt-1234567890abcdef0", "Version": "1"}
    return {**fleet(overrides, **ids), "DryRun": True}


def mock_launch(found):
    data = template(found)["LaunchTemplateData"]
    (interface,) = data["NetworkInterfaces"]
    return {
        **data,
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "t3.small",
        "NetworkInterfaces": [{**interface, "SubnetId": found["subnets"]["us-east-1a"]}],
        "TagSpecifications": named("network-interface", "instance", "volume"),
        "DryRun": True,
    }


def overrides(found, types=TYPES, ami=x86):
    """Each type in each zone."""
    return [
        {"InstanceType": kind, "SubnetId": subnet, "ImageId": ami, "AvailabilityZone": zone}
        for kind in types
        for zone, subnet in found["subnets"].items()
    ]


def real_fleet(found):
    return fleet(overrides(found), "spot", LaunchTemplateName=TEMPLATE, Version="$Latest")


def keep(found, answer):
    """What later calls need of an answer."""
    for subnet in answer.get("Subnets", []):
        if subnet["AvailabilityZone"] in ("us-east-1a", "us-east-1b"):
            found.setdefault("subnets", {})[subnet["AvailabilityZone"]] = subnet["SubnetId"]
    for group in answer.get("SecurityGroups", []):
        found["group"] = group["GroupId"]
    for launched in answer.get("Instances", []):
        (found["instance"],) = launched["InstanceIds"]
    for made in [answer.get("LaunchTemplate")] if "LaunchTemplate" in answer else []:
        found["template"] = made["LaunchTemplateId"]


FILTERS = [
    {"Name": "supported-virtualization-type", "Values": ["hvm"]},
    {"Name": "processor-info.supported-architecture", "Values": ["x86_64", "arm64"]},
]
PRODUCTS = ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"]
NOW = datetime.datetime.now(datetime.timezone.utc)

# What is called, with what (from what was found), and the code of the error that it goes on with.
CALLS = [
    ("describe_instance_types", lambda _: {"Filters": FILTERS}, None),
    ("describe_instance_type_offerings", lambda _: {"LocationType": "availability-zone"}, None),
    (
        "describe_spot_price_history",
        lambda _: {"ProductDescriptions": PRODUCTS, "StartTime": NOW, "MaxResults": 2000},
        None,
    ),
    ("describe_subnets", lambda _: {"Filters": [{"Name": "subnet-id", "Values": ["subnet-*"]}]}, None),
    ("describe_security_groups", lambda _: {"Filters": [{"Name": "group-name", "Values": ["default"]}]}, None),
    ("describe_images", lambda _: {"ImageIds": [x86, arm]}, None),
    ("create_fleet", mock_fleet, "DryRunOperation"),
    ("create_launch_template", lambda found: {**template(found), "DryRun": True}, "DryRunOperation"),
    ("run_instances", mock_launch, "DryRunOperation"),
    ("describe_launch_templates", lambda _: {"Filters": [OF_CLUSTER], "MaxResults": 200}, None),
    (
        "describe_launch_templates",
        lambda _: {"LaunchTemplateNames": [TEMPLATE]},
        "InvalidLaunchTemplateName.NotFoundException",
    ),
    ("create_launch_template", template, None),
    ("create_fleet", real_fleet, None),
    ("describe_instances", lambda found: {"InstanceIds": [found["instance"]], "Filters": [STATES]}, None),
    ("describe_instances", lambda _: {"Filters": LIST}, None),
    (
        "create_tags",
        lambda found: {"Resources": [found["instance"]], "Tags": [{"Key": "karpenter.sh/nodeclaim", "Value": "default-abcde"}]},
        None,
    ),
]
END = [
    ("terminate_instances", lambda found: {"InstanceIds": [found["instance"]]}, None),
    ("describe_launch_templates", lambda _: {"Filters": [OF_CLUSTER], "MaxResults": 200}, None),
    ("delete_launch_template", lambda found: {"LaunchTemplateId": found["template"]}, None),
]


found = {}
answers = dict(replay(ec2, CALLS, found, keep))

# Every type has what the scheduler reckons with, an offering in each zone and a price.
types = answers["describe_instance_types"]["InstanceTypes"]
assert all(it["VCpuInfo"]["DefaultVCpus"] and it["MemoryInfo"]["SizeInMiB"] for it in types), types
pages = ec2.get_paginator("describe_instance_type_offerings").paginate(LocationType="availability-zone")
offered = {(it["InstanceType"], it["Location"]) for page in pages for it in page["InstanceTypeOfferings"]}
pages = ec2.get_paginator("describe_spot_price_history").paginate(ProductDescriptions=PRODUCTS)
prices = {(it["InstanceType"], it["AvailabilityZone"]): float(it["SpotPrice"]) for page in pages for it in page["SpotPriceHistory"]}
zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
places = {(it["InstanceType"], zone) for it in types for zone in zones}
assert places <= offered and places == set(prices), places ^ set(prices)

# The fleet launches one instance, the cheapest, with all that template and fleet say.
made = answers["create_fleet"]
(launched,) = made["Instances"]
assert made["FleetId"].startswith("fleet-") and not made["Errors"], made
assert launched["Lifecycle"] == "spot" and len(launched["InstanceIds"]) == 1, launched
chosen = launched["LaunchTemplateAndOverrides"]["Overrides"]
wanted = [(prices[(it["InstanceType"], it["AvailabilityZone"])], it["InstanceType"]) for it in overrides(found)]
assert (launched["InstanceType"], chosen["AvailabilityZone"]) == (min(wanted)[1], "us-east-1a"), (launched, wanted)
assert launched["LaunchTemplateAndOverrides"]["LaunchTemplateSpecification"]["LaunchTemplateId"] == found["template"]
shown = running(ec2, found["instance"])
assert shown["InstanceLifecycle"] == "spot" and shown["SubnetId"] == found["subnets"]["us-east-1a"], shown
options = shown["MetadataOptions"]
assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1), options
tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
assert tags["aws:ec2:fleet-id"] == made["FleetId"] and tags["karpenter.sh/nodepool"] == "default", tags
assert tags["aws:ec2launchtemplate:id"] == found["template"] and "karpenter.sh/nodeclaim" in tags, tags
volume = shown["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
(volume,) = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
assert CLUSTER in volume["Tags"] and volume["Size"] == 20, volume
(listed,) = answers["describe_instances"]["Reservations"]
assert listed["Instances"][0]["InstanceId"] == found["instance"]
dict(replay(ec2, END, found, keep))
