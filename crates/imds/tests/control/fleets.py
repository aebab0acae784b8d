"""`CreateFleet`: pools in their order, errors for each override, capacity, and what it refuses."""

from lab import client, image, refused, running

ec2 = client()
x86, arm = image(ec2, "al2023-ami-*"), image(ec2, "al2023-ami-*", "arm64")
subnets = {it["AvailabilityZone"]: it["SubnetId"] for it in ec2.describe_subnets()["Subnets"]}
data = {"ImageId": x86, "InstanceType": "t3.micro", "MetadataOptions": {"HttpTokens": "required"}}
ec2.create_launch_template(LaunchTemplateName="node", LaunchTemplateData=data)


def fleet(*overrides, total=1, template="node", **asked):
    named = {"LaunchTemplateName": template, "Version": "$Latest"}
    return {
        "Type": "instant",
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": named, "Overrides": list(overrides)}],
        "TargetCapacitySpecification": {"TotalTargetCapacity": total, "DefaultTargetCapacityType": "on-demand"},
        **asked,
    }


def ids(made):
    return [id for launched in made["Instances"] for id in launched["InstanceIds"]]


# Without overrides, what the template says.
made = ec2.create_fleet(**fleet())
(one,) = ids(made)
shown = running(ec2, one)
assert (shown["InstanceType"], shown["MetadataOptions"]["HttpTokens"]) == ("t3.micro", "required"), shown
assert "InstanceLifecycle" not in shown and made["Instances"][0]["Lifecycle"] == "on-demand", made

# Overrides that cannot be launched are errors, each with EC2's code, and the next one is tried.
made = ec2.create_fleet(
    **fleet(
        {"InstanceType": "t9.micro", "Priority": 1},
        {"InstanceType": "t4g.micro", "Priority": 2},
        {"InstanceType": "t3.micro", "ImageId": "ami-00000000000000000", "Priority": 3},
        {"InstanceType": "t3.micro", "SubnetId": "subnet-00000000000000000", "Priority": 4},
        {"InstanceType": "m5.large", "SubnetId": subnets["us-east-1c"], "Priority": 5},
        {"InstanceType": "c5.large", "Priority": 6},
        OnDemandOptions={"AllocationStrategy": "prioritized"},
    )
)
codes = [(it["ErrorCode"], it["LaunchTemplateAndOverrides"]["Overrides"]["InstanceType"]) for it in made["Errors"]]
assert codes == [
    ("InvalidParameterValue", "t9.micro"),
    ("InvalidParameterValue", "t4g.micro"),
    ("InvalidAMIID.NotFound", "t3.micro"),
    ("InvalidSubnetID.NotFound", "t3.micro"),
], made
assert "architecture 'arm64'" in made["Errors"][1]["ErrorMessage"], made
assert all(it["Lifecycle"] == "on-demand" for it in made["Errors"])
(launched,) = made["Instances"]
assert launched["InstanceType"] == "m5.large", launched
assert running(ec2, launched["InstanceIds"][0])["Placement"]["AvailabilityZone"] == "us-east-1c"

# None that can is an answer too.
made = ec2.create_fleet(**fleet({"InstanceType": "t9.micro"}))
assert not made["Instances"] and len(made["Errors"]) == 1, made

# By the lowest price; an image of the other processors makes it possible.
made = ec2.create_fleet(**fleet({"InstanceType": "m5.large"}, {"InstanceType": "t4g.micro", "ImageId": arm}))
assert made["Instances"][0]["InstanceType"] == "t4g.micro", made
assert made["Instances"][0]["LaunchTemplateAndOverrides"]["Overrides"]["ImageId"] == arm, made

# Capacity: by weight, and of both markets.
made = ec2.create_fleet(**fleet({"InstanceType": "t3.small", "WeightedCapacity": 2.0}, total=5))
assert len(ids(made)) == 3, made
both = {"TotalTargetCapacity": 3, "OnDemandTargetCapacity": 1, "DefaultTargetCapacityType": "spot"}
made = ec2.create_fleet(**fleet(TargetCapacitySpecification=both))
assert [(it["Lifecycle"], len(it["InstanceIds"])) for it in made["Instances"]] == [("on-demand", 1), ("spot", 2)], made
assert running(ec2, made["Instances"][1]["InstanceIds"][0])["InstanceLifecycle"] == "spot"
spot = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"}
made = ec2.create_fleet(**fleet({"InstanceType": "m5.large", "MaxPrice": "0.001"}, TargetCapacitySpecification=spot))
assert [it["ErrorCode"] for it in made["Errors"]] == ["SpotMaxPriceTooLow"], made
assert "is lower than the minimum required Spot request fulfillment price of" in made["Errors"][0]["ErrorMessage"], made

# A fleet that is asked for again is the same fleet.
again = fleet({"InstanceType": "t3.nano"}, total=2, ClientToken="once")
made = ec2.create_fleet(**again)
repeated = ec2.create_fleet(**again)
assert repeated["FleetId"] == made["FleetId"] and sorted(ids(repeated)) == sorted(ids(made)), (made, repeated)
refused("IdempotentParameterMismatch", ec2.create_fleet, **{**again, **fleet(total=3)})


def with_options(params, **_):
    """A member that is newer than the SDK."""
    for name, value in [("HttpTokens", "optional"), ("HttpPutResponseHopLimit", "3")]:
        params["body"][f"LaunchTemplateConfigs.1.Overrides.1.MetadataOptions.{name}"] = value


# Metadata options of an override, each by itself.
ec2.meta.events.register("before-call.ec2.CreateFleet", with_options)
made = ec2.create_fleet(**fleet({"InstanceType": "t3.micro"}))
ec2.meta.events.unregister("before-call.ec2.CreateFleet", with_options)
shown = running(ec2, ids(made)[0])
options = shown["MetadataOptions"]
assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("optional", 3), options

# What concerns the whole request is refused.
refused("UnsupportedOperation", ec2.create_fleet, words="type instant", **fleet(Type="maintain"))
refused("InvalidLaunchTemplateName.NotFoundException", ec2.create_fleet, **fleet(template="none"))
nothing = {"TotalTargetCapacity": 0, "DefaultTargetCapacityType": "spot"}
refused("InvalidParameterValue", ec2.create_fleet, **fleet(TargetCapacitySpecification=nothing))
blocks = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "capacity-block"}
refused("InvalidParameterValue", ec2.create_fleet, **fleet(TargetCapacitySpecification=blocks))
refused("InvalidParameterValue", ec2.create_fleet, **fleet(SpotOptions={"AllocationStrategy": "any"}, TargetCapacitySpecification=spot))
chosen = {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 1024}}
refused("UnsupportedOperation", ec2.create_fleet, words="InstanceRequirements", **fleet({"InstanceRequirements": chosen}))
refused("InvalidParameterValue", ec2.create_fleet, **fleet({"WeightedCapacity": 0.0}))
refused("DryRunOperation", ec2.create_fleet, DryRun=True, **fleet(template="none"))

# Offerings and prices: filters, places, pages.
offered = ec2.describe_instance_type_offerings
(region,) = offered(Filters=[{"Name": "instance-type", "Values": ["u7in-32tb.224xlarge"]}])["InstanceTypeOfferings"]
assert region == {"InstanceType": "u7in-32tb.224xlarge", "LocationType": "region", "Location": "us-east-1"}, region
by_id = {"LocationType": "availability-zone-id", "Filters": [{"Name": "location", "Values": ["use1-az2"]}]}
found = [it for page in ec2.get_paginator("describe_instance_type_offerings").paginate(**by_id) for it in page["InstanceTypeOfferings"]]
assert len({it["InstanceType"] for it in found}) == len(found) > 1000, len(found)
assert {it["Location"] for it in found} == {"use1-az2"}
assert not offered(LocationType="outpost")["InstanceTypeOfferings"]
refused("InvalidParameterValue", offered, LocationType="planet")
refused("InvalidParameterValue", offered, Filters=[{"Name": "x", "Values": ["y"]}])
refused("DryRunOperation", offered, DryRun=True)
history = ec2.describe_spot_price_history
asked = {"InstanceTypes": ["m5.large"], "ProductDescriptions": ["Windows"], "AvailabilityZone": "us-east-1b"}
(price,) = history(**asked)["SpotPriceHistory"]
linux = {**asked, "ProductDescriptions": ["Linux/UNIX"]}
(linux,) = history(**linux)["SpotPriceHistory"]
assert float(price["SpotPrice"]) > float(linux["SpotPrice"]) > 0 and price["AvailabilityZone"] == "us-east-1b", price
refused("InvalidParameterValue", history, InstanceTypes=["t9.micro"])
refused("DryRunOperation", history, DryRun=True)
