"""`ModifyInstanceMetadataOptions`: each option by itself, and in force once it says `applied`."""

from lab import ask, client, eventually, image, instance, metadata, refused, running, token

ec2 = client()
al2 = image(ec2, "amzn2-ami-*")
launch = {"ImageId": al2, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
HERE = "172.31.0.50"
(made,) = ec2.run_instances(PrivateIpAddress=HERE, **launch)["Instances"]
assert made["MetadataOptions"]["State"] == "pending"
one = running(ec2, made["InstanceId"])["InstanceId"]
modify = ec2.modify_instance_metadata_options


def change(**stated):
    """Changes options, and gives what is answered at first and what is shown in the end."""
    answer = modify(InstanceId=one, **stated)
    assert answer["InstanceId"] == one
    return answer["InstanceMetadataOptions"], running(ec2, one)["MetadataOptions"]


def without_token(path="meta-data/instance-id"):
    return ask("GET", f"/latest/{path}", source=HERE)


# Nothing but the id: what is, as `pending`.
is_now = {
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 1,
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}
assert change() == ({**is_now, "State": "pending"}, {**is_now, "State": "applied"})

# Each option alone: it changes, and the others stay.
for option, value in [
    ("HttpTokens", "required"),
    ("HttpPutResponseHopLimit", 64),
    ("HttpProtocolIpv6", "enabled"),
    ("InstanceMetadataTags", "enabled"),
    ("HttpEndpoint", "disabled"),
]:
    is_now[option] = value
    pending, applied = change(**{option: value})
    assert pending == {**is_now, "State": "pending"}, pending
    assert applied == {**is_now, "State": "applied"}, applied

# Applied means that the next request meets it. While the endpoint is disabled the rest is kept.
assert without_token()[0] == 403
change(HttpEndpoint="enabled")
assert without_token()[0] == 401 and metadata("instance-id", HERE) == one
assert metadata("tags/", HERE) == "instance/"
held = token(HERE)
change(HttpTokens="optional", InstanceMetadataTags="disabled")
assert without_token() == (200, one) and metadata("tags/", HERE) is None
change(HttpTokens="required")
status, _ = ask("GET", "/latest/meta-data/instance-id", {"X-aws-ec2-metadata-token": held}, HERE)
assert status == 200, "a token outlives changes"
before = running(ec2, one)["MetadataOptions"]

# What cannot be, and changes nothing.
for code, words, asked in [
    ("InvalidParameterValue", "A value of '' is not valid for HttpEndpoint. Specify either 'enabled' or 'disabled' and try again.", {"HttpEndpoint": ""}),
    ("InvalidParameterValue", "A value of 'no' is not valid for HttpTokens. Specify either 'optional' or 'required'", {"HttpTokens": "no"}),
    ("InvalidParameterValue", "HttpProtocolIpv6", {"HttpProtocolIpv6": "yes"}),
    ("InvalidParameterValue", "InstanceMetadataTags", {"InstanceMetadataTags": "Enabled"}),
    ("InvalidParameterValue", "HttpPutResponseHopLimit", {"HttpPutResponseHopLimit": 0}),
    ("InvalidParameterValue", "HttpPutResponseHopLimit", {"HttpPutResponseHopLimit": 65}),
    ("InvalidParameterValue", "HttpPutResponseHopLimit", {"HttpPutResponseHopLimit": -1}),
    ("InvalidParameterValue", "HttpTokens", {"HttpPutResponseHopLimit": 2, "HttpTokens": ""}),
    ("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", {"HttpTokens": "optional", "DryRun": True}),
    ("InvalidParameterValue", "HttpTokens", {"HttpTokens": "no", "DryRun": True}),
]:
    refused(code, modify, words=words, InstanceId=one, **asked)
assert instance(ec2, one)["MetadataOptions"] == before
for code, given in [
    ("InvalidInstanceID.NotFound", "i-00000000000000000"),
    ("InvalidInstanceID.Malformed", "i-1"),
    ("InvalidInstanceID.Malformed", "web"),
    ("InvalidInstanceID.Malformed", ""),
]:
    refused(code, modify, InstanceId=given, HttpTokens="optional", words=given)
refused("InvalidInstanceID.NotFound", client("eu-west-1").modify_instance_metadata_options, InstanceId=one)

# Xen has no IPv6 endpoint.
(xen,) = ec2.run_instances(**{**launch, "InstanceType": "t2.micro"})["Instances"]
words = "The HttpProtocolIpv6 metadata option cannot be enabled for Xen-backed instance types."
refused("UnsupportedOperation", modify, InstanceId=xen["InstanceId"], HttpProtocolIpv6="enabled", words=words)
modify(InstanceId=xen["InstanceId"], HttpProtocolIpv6="disabled", HttpPutResponseHopLimit=2)

# Where the account enforces tokens nothing is turned back, and everything else may change.
ec2.modify_instance_metadata_defaults(HttpTokensEnforced="enabled")
words = "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account."
refused("UnsupportedOperation", modify, InstanceId=one, HttpTokens="optional", words=words)
modify(InstanceId=xen["InstanceId"], HttpPutResponseHopLimit=3)
modify(InstanceId=one, HttpTokens="required")
ec2.modify_instance_metadata_defaults(HttpTokensEnforced="disabled")

# Stopped: kept, and pending until it runs. Terminated: never again.
ec2.stop_instances(InstanceIds=[one])
eventually("it stopped", lambda: instance(ec2, one)["State"]["Name"] == "stopped")
assert modify(InstanceId=one, HttpTokens="optional")["InstanceMetadataOptions"]["State"] == "pending"
assert instance(ec2, one)["MetadataOptions"]["State"] == "pending"
ec2.start_instances(InstanceIds=[one])
assert running(ec2, one)["MetadataOptions"]["HttpTokens"] == "optional"
assert without_token() == (200, one)
ec2.terminate_instances(InstanceIds=[one])
refused("IncorrectInstanceState", modify, InstanceId=one, HttpTokens="required", words=one)
