"""`DescribeInstanceAttribute` and `ModifyInstanceAttribute`."""

import base64

from lab import ask, client, image, instance, metadata, refused, running, token

ec2 = client()
launch = {"ImageId": image(ec2, "al2023-ami-*"), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
(made,) = ec2.run_instances(PrivateIpAddress="172.31.0.30", UserData="before", **launch)["Instances"]
one = running(ec2, made["InstanceId"])["InstanceId"]


def shown(attribute):
    answer = ec2.describe_instance_attribute(InstanceId=one, Attribute=attribute)
    assert answer.pop("InstanceId") == one
    answer.pop("ResponseMetadata")
    (value,) = answer.values() or ({},)
    return value.get("Value") if isinstance(value, dict) else value


def modify(**change):
    ec2.modify_instance_attribute(InstanceId=one, **change)


def user_data():
    headers = {"X-aws-ec2-metadata-token": token("172.31.0.30")}
    return ask("GET", "/latest/user-data", headers, "172.31.0.30")[1]


# What can be read back, and changed at any time, by the attribute's own member or by its name.
for name, member, before, after in [
    ("disableApiTermination", "DisableApiTermination", False, True),
    ("disableApiStop", "DisableApiStop", False, True),
    ("sourceDestCheck", "SourceDestCheck", True, False),
    ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior", "stop", "terminate"),
]:
    assert shown(name) == before, name
    modify(**{member: {"Value": after}})
    assert shown(name) == after, name
    modify(Attribute=name, Value=str(before).lower())
    assert shown(name) == before, name
modify(SourceDestCheck={"Value": False})
assert instance(ec2, one)["SourceDestCheck"] is False
assert shown("rootDeviceName") == "/dev/xvda" and shown("instanceType") == "t3.micro"
assert [group["GroupName"] for group in shown("groupSet")] == ["default"]
modify(Groups=[shown("groupSet")[0]["GroupId"]])
assert shown("blockDeviceMapping")[0]["DeviceName"] == "/dev/xvda"
assert base64.b64decode(shown("userData")) == b"before" and user_data() == "before"
assert shown("enaSupport") is True and shown("kernel") is None

# What can be changed only while it is stopped.
for change in ({"InstanceType": {"Value": "t3.large"}}, {"UserData": {"Value": b"after"}}, {"EbsOptimized": {"Value": True}}):
    refused("IncorrectInstanceState", ec2.modify_instance_attribute, InstanceId=one, words="'stopped' state", **change)
ec2.stop_instances(InstanceIds=[one])
modify(InstanceType={"Value": "t3.large"})
modify(UserData={"Value": b"after"})
modify(EbsOptimized={"Value": True})
refused("InvalidParameterValue", ec2.modify_instance_attribute, InstanceId=one, InstanceType={"Value": "t4g.micro"}, words="architecture")
refused("InvalidParameterValue", ec2.modify_instance_attribute, InstanceId=one, InstanceType={"Value": "big"}, words="big")
ec2.start_instances(InstanceIds=[one])
assert running(ec2, one)["EbsOptimized"] is True
assert user_data() == "after" and metadata("instance-type", "172.31.0.30") == "t3.large"

# A Xen type has no IPv6 endpoint.
ec2.modify_instance_metadata_options(InstanceId=one, HttpProtocolIpv6="enabled")
ec2.stop_instances(InstanceIds=[one])
refused("UnsupportedOperation", ec2.modify_instance_attribute, InstanceId=one, InstanceType={"Value": "t2.micro"}, words="Xen-backed")
ec2.modify_instance_metadata_options(InstanceId=one, HttpProtocolIpv6="disabled")
modify(InstanceType={"Value": "t2.micro"})
modify(UserData={"Value": b""})
ec2.start_instances(InstanceIds=[one])
running(ec2, one)
assert metadata("system", "172.31.0.30") == "xen" and shown("userData") is None
assert "404" in user_data()

# What cannot be.
for code, words, asked in [
    ("MissingParameter", "attribute", {}),
    ("InvalidParameterCombination", "one attribute", {"DisableApiStop": {"Value": True}, "SourceDestCheck": {"Value": True}}),
    ("InvalidParameterValue", "stop or terminate", {"InstanceInitiatedShutdownBehavior": {"Value": "sleep"}}),
    ("InvalidGroup.NotFound", "sg-0", {"Groups": ["sg-00000000000000000"]}),
    ("InvalidParameterValue", "true or false", {"Attribute": "disableApiStop", "Value": "yes"}),
    ("DryRunOperation", "", {"DisableApiStop": {"Value": True}, "DryRun": True}),
]:
    refused(code, ec2.modify_instance_attribute, words=words, InstanceId=one, **asked)
assert shown("disableApiStop") is False
refused("InvalidParameterValue", ec2.describe_instance_attribute, InstanceId=one, Attribute="colour", words="colour")
refused("InvalidInstanceID.NotFound", ec2.describe_instance_attribute, InstanceId="i-00000000000000000", Attribute="userData")
