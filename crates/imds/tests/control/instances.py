"""The life of instances: states, waiters, pages, filters, protection, and what the metadata says."""

import re

from botocore import xform_name
from lab import ask, client, eventually, image, instance, metadata, refused, running, token

ec2 = client()
al2023 = image(ec2, "al2023-ami-*")
launch = {"ImageId": al2023, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
BY_USER = "Client.UserInitiatedShutdown"


def states(answer):
    """Before and after, of each instance."""
    return [(it["PreviousState"]["Name"], it["CurrentState"]["Name"]) for it in next(iter(answer.values()))]


def wait(until, *ids):
    ec2.get_waiter(until).wait(InstanceIds=list(ids), WaiterConfig={"Delay": 1})


def ids(**asked):
    pages = ec2.get_paginator("describe_instances").paginate(**asked)
    return [it["InstanceId"] for page in pages for r in page["Reservations"] for it in r["Instances"]]


(made,) = ec2.run_instances(PrivateIpAddress="172.31.0.20", **launch)["Instances"]
one = made["InstanceId"]
assert (made["State"], made["StateReason"]["Code"]) == ({"Code": 0, "Name": "pending"}, "pending"), made
wait("instance_running", one)
wait("instance_status_ok", one)
assert metadata("instance-id", "172.31.0.20") == one
first_token = token("172.31.0.20")

# Stopped: no answer, and nothing lost. What is changed meanwhile holds once it runs again.
assert states(ec2.start_instances(InstanceIds=[one])) == [("running", "running")]
refused("DryRunOperation", ec2.stop_instances, InstanceIds=[one], DryRun=True)
assert states(ec2.stop_instances(InstanceIds=[one], Force=True)) == [("running", "stopping")]
wait("instance_stopped", one)
stopped = instance(ec2, one)
assert stopped["StateReason"] == {"Code": BY_USER, "Message": f"{BY_USER}: User initiated shutdown"}, stopped
assert stopped["StateTransitionReason"].startswith("User initiated (20"), stopped
assert stopped["PrivateIpAddress"] == "172.31.0.20"
refused("IncorrectInstanceState", ec2.reboot_instances, InstanceIds=[one])
assert states(ec2.stop_instances(InstanceIds=[one])) == [("stopped", "stopped")]
ec2.modify_instance_metadata_options(InstanceId=one, HttpPutResponseHopLimit=5)
assert instance(ec2, one)["MetadataOptions"]["State"] == "pending", "nobody serves it yet"
try:
    answer = ask("GET", "/latest/meta-data/instance-id", {"X-aws-ec2-metadata-token": first_token}, "172.31.0.20")
    raise AssertionError(f"the address of a stopped instance is answered: {answer}")
except ConnectionError:
    pass
assert states(ec2.start_instances(InstanceIds=[one])) == [("stopped", "pending")]
again = running(ec2, one)
assert again["LaunchTime"] >= stopped["LaunchTime"] and again["StateTransitionReason"] == "", again
assert again["MetadataOptions"]["HttpPutResponseHopLimit"] == 5
eventually("it answers again", lambda: metadata("instance-id", "172.31.0.20") == one)
ec2.reboot_instances(InstanceIds=[one])
assert instance(ec2, one)["State"]["Name"] == "running"

# Protected from being stopped and terminated: all of a call or nothing of it.
(made,) = ec2.run_instances(DisableApiTermination=True, DisableApiStop=True, **launch)["Instances"]
safe = running(ec2, made["InstanceId"])["InstanceId"]
words = "may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
refused("OperationNotPermitted", ec2.terminate_instances, InstanceIds=[one, safe], words=words)
refused("OperationNotPermitted", ec2.stop_instances, InstanceIds=[one, safe], words="'disableApiStop'")
assert instance(ec2, one)["State"]["Name"] == "running"
ec2.modify_instance_attribute(InstanceId=safe, DisableApiTermination={"Value": False})
ec2.modify_instance_attribute(InstanceId=safe, DisableApiStop={"Value": False})

# A Spot Instance of a one-time request cannot be stopped; one of a persistent request can.
spot = {"MarketType": "spot"}
(made,) = ec2.run_instances(InstanceMarketOptions=spot, **launch)["Instances"]
assert made["InstanceLifecycle"] == "spot" and made["SpotInstanceRequestId"].startswith("sir-"), made
refused("UnsupportedOperation", ec2.stop_instances, InstanceIds=[made["InstanceId"]], words="one-time")
spot["SpotOptions"] = {"SpotInstanceType": "persistent"}
(kept,) = ec2.run_instances(InstanceMarketOptions=spot, **launch)["Instances"]
ec2.stop_instances(InstanceIds=[kept["InstanceId"]])

# Terminated: its address is free at once, and it is still shown.
assert states(ec2.terminate_instances(InstanceIds=[safe, one])) == [("running", "shutting-down")] * 2
wait("instance_terminated", one, safe)
gone = instance(ec2, one)
assert gone["StateReason"]["Code"] == BY_USER and gone["NetworkInterfaces"] == [], gone
assert "PrivateIpAddress" not in gone and "VpcId" not in gone, gone
assert states(ec2.terminate_instances(InstanceIds=[one])) == [("terminated", "terminated")]
for call in (ec2.start_instances, ec2.stop_instances, ec2.reboot_instances):
    refused("IncorrectInstanceState", call, InstanceIds=[one])
refused("IncorrectInstanceState", ec2.modify_instance_attribute, InstanceId=one, DisableApiStop={"Value": True})
(heir,) = ec2.run_instances(PrivateIpAddress="172.31.0.20", **launch)["Instances"]
running(ec2, heir["InstanceId"])
eventually("the heir answers", lambda: metadata("instance-id", "172.31.0.20") == heir["InstanceId"])
status, _ = ask("GET", "/latest/meta-data/instance-id", {"X-aws-ec2-metadata-token": first_token}, "172.31.0.20")
assert status == 401, "a token is worth nothing at another instance"

# Pages have each instance once, in whatever order others come and go.
ec2.run_instances(**{**launch, "MinCount": 12, "MaxCount": 12})
everything = ids()
assert len(everything) == len(set(everything)) and set(everything) == set(ids(PaginationConfig={"PageSize": 5}))
page = ec2.describe_instances(MaxResults=5)
seen = [it["InstanceId"] for r in page["Reservations"] for it in r["Instances"]]
ec2.run_instances(**launch)
while "NextToken" in page:
    page = ec2.describe_instances(MaxResults=5, NextToken=page["NextToken"])
    seen += [it["InstanceId"] for r in page["Reservations"] for it in r["Instances"]]
assert set(everything) <= set(seen) and len(seen) == len(set(seen)), "nothing is skipped or shown twice"
refused("InvalidParameterCombination", ec2.describe_instances, InstanceIds=[one], MaxResults=5)
refused("InvalidNextToken", ec2.describe_instances, NextToken="?")

# Ids that are not there are named in one fault; ids and filters go together.
missing = ["i-00000000000000001", heir["InstanceId"], "i-00000000000000002"]
words = "The instance IDs 'i-00000000000000001, i-00000000000000002' do not exist"
for call in (ec2.describe_instances, ec2.describe_instance_status, ec2.terminate_instances, ec2.stop_instances):
    refused("InvalidInstanceID.NotFound", call, InstanceIds=missing, words=words)
words = "The instance ID 'i-00000000000000001' does not exist"
refused("InvalidInstanceID.NotFound", ec2.start_instances, InstanceIds=missing[:1], words=words)
words = 'Invalid id: "web" (expecting "i-...")'
refused("InvalidInstanceID.Malformed", ec2.describe_instances, InstanceIds=["web"], words=words)
only = [{"Name": "instance-state-name", "Values": ["running"]}]
assert ids(InstanceIds=[one, heir["InstanceId"]], Filters=only) == [heir["InstanceId"]]

# Every filter that is documented here looks at something that is shown.
shown = running(ec2, heir["InstanceId"])
interface = shown["NetworkInterfaces"][0]
for name, value in {
    "architecture": "x86_64",
    "availability-zone": shown["Placement"]["AvailabilityZone"],
    "block-device-mapping.device-name": shown["RootDeviceName"],
    "image-id": al2023,
    "instance-state-code": "16",
    "instance-type": "t3.mi*",
    "instance.group-id": interface["Groups"][0]["GroupId"],
    "launch-time": shown["LaunchTime"].strftime("%Y-%m-%d*"),
    "metadata-options.http-put-response-hop-limit": "2",
    "metadata-options.http-tokens": "required",
    "metadata-options.state": "applied",
    "network-interface.addresses.private-ip-address": "172.31.0.20",
    "network-interface.attachment.device-index": "0",
    "network-interface.mac-address": interface["MacAddress"],
    "private-dns-name": shown["PrivateDnsName"],
    "reservation-id": "r-*",
    "root-device-type": "ebs",
    "subnet-id": shown["SubnetId"],
    "tenancy": "default",
    "capacity-reservation-specification.capacity-reservation-preference": "open",
    "current-instance-boot-mode": "legacy-bios",
    "enclave-options.enabled": "false",
    "hibernation-options.configured": "false",
    "maintenance-options.auto-recovery": "default",
    "network-interface.attachment.instance-id": heir["InstanceId"],
    "private-dns-name-options.hostname-type": "ip-name",
}.items():
    assert heir["InstanceId"] in ids(Filters=[{"Name": name, "Values": [value]}]), (name, value)
    assert ids(Filters=[{"Name": name, "Values": ["no such value"]}]) == [], name

# Every filter of the documentation is known, whether an instance has such a thing or not.
for action in ("DescribeInstances", "DescribeVolumes", "DescribeNetworkInterfaces", "DescribeAddresses"):
    filters = ec2.meta.service_model.operation_model(action).input_shape.members["Filters"]
    names = re.findall(r"<code>([a-z0-9.-]+)</code> -", filters.documentation)
    assert len(names) > 8, filters.documentation
    describe = getattr(ec2, xform_name(action))
    describe(Filters=[{"Name": name, "Values": ["no such value"]} for name in names])
refused("InvalidParameterValue", ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}], words="colour")

# Status: of those that run, or of all.
statuses = ec2.describe_instance_status()["InstanceStatuses"]
assert {it["InstanceState"]["Name"] for it in statuses} == {"running"}, statuses
assert all(it["SystemStatus"]["Status"] == it["InstanceStatus"]["Status"] == "ok" for it in statuses)
pages = ec2.get_paginator("describe_instance_status").paginate(IncludeAllInstances=True, PaginationConfig={"PageSize": 5})
everyone = {it["InstanceId"]: it["InstanceState"]["Name"] for page in pages for it in page["InstanceStatuses"]}
assert everyone[one] == "terminated" and set(everyone) == set(ids()), everyone
of_one = [{"Name": "instance-status.status", "Values": ["ok"]}]
assert ec2.describe_instance_status(InstanceIds=[one], IncludeAllInstances=True, Filters=of_one)["InstanceStatuses"] == []

# Few among many: more than are read at once lie between them.
many = ec2.run_instances(**launch | {"MinCount": 300, "MaxCount": 300})["Instances"]
few = sorted(it["InstanceId"] for it in many)[::50]
ec2.create_tags(Resources=few, Tags=[{"Key": "few", "Value": "yes"}])
tagged = [{"Name": "tag:few", "Values": ["yes"]}]
assert sorted(ids(Filters=tagged)) == few
assert sorted(ids(Filters=tagged, PaginationConfig={"PageSize": 5})) == few
everything = ids(PaginationConfig={"PageSize": 150})
assert len(everything) == len(set(everything)) and set(everything) == set(ids())
