"""Role credentials sign calls, and policies decide what they may do: by how they were fetched, among others."""

import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from lab import REGION, ask, client, image, metadata, refused, running, token

ADDRESS = "172.31.0.40"
ACCOUNT = "123456789012"

ec2 = client()
sts = boto3.client("sts", region_name=REGION)
# Sends what the SDK would not.
unchecked = boto3.client("sts", region_name=REGION, config=Config(parameter_validation=False))
ami = image(ec2, "al2023-ami-*")
launch = {"ImageId": ami, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
optional = {"HttpTokens": "optional"}


def launched(profile, address):
    profile = {"Name": profile}
    (made,) = ec2.run_instances(
        PrivateIpAddress=address, IamInstanceProfile=profile, MetadataOptions=optional, **launch
    )["Instances"]
    return running(ec2, made["InstanceId"])["InstanceId"]


def credentials(name, address=ADDRESS, *, version=2, path="iam/security-credentials"):
    headers = {"X-aws-ec2-metadata-token": token(address)} if version == 2 else {}
    status, text = ask("GET", f"/latest/meta-data/{path}/{name}", headers, address)
    assert status == 200, (status, text)
    return json.loads(text)


def session(served):
    return {
        "aws_access_key_id": served["AccessKeyId"],
        "aws_secret_access_key": served.get("SecretAccessKey"),
        "aws_session_token": served.get("Token") or served.get("SessionToken"),
    }


def ec2_with(served):
    return client(**session(served))


def sts_with(served):
    return boto3.client("sts", region_name=REGION, **session(served))


# The owner of the key.
key = os.environ["AWS_ACCESS_KEY_ID"]
me = sts.get_caller_identity()
assert me["Account"] == ACCOUNT and me["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{key}", me
assert me["UserId"].startswith("AIDA"), me

# What the metadata serves is the role's, and says how it was fetched.
one = launched("app", ADDRESS)
v1, v2 = credentials("app", version=1), credentials("app")
assert v2 == credentials("app") and v1 == credentials("app", version=1), "the same for an hour"
assert v1["AccessKeyId"] != v2["AccessKeyId"] and v1["Token"] != v2["Token"]
for served in (v1, v2):
    who = sts_with(served).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/app/{one}", who
    assert who["UserId"].startswith("AROA") and who["UserId"].endswith(f":{one}"), who
    assert sts.get_access_key_info(AccessKeyId=served["AccessKeyId"])["Account"] == ACCOUNT

# Another service, by the same policies.
metrics = "cloudwatch:GetMetricData"
for action, role, code in [(metrics, "app", "AccessDenied"), (metrics, "everything", "ValidationError")]:
    assumed = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    made = sts.assume_role(RoleArn=assumed, RoleSessionName="me")["Credentials"]
    made = session({**made, "Token": made["SessionToken"]})
    cloudwatch = boto3.client("cloudwatch", region_name=REGION, **made)
    asked = {"MetricDataQueries": [{"Id": "q", "Expression": "1"}], "StartTime": 60, "EndTime": 120}
    refused(code, cloudwatch.get_metric_data, words=action if code == "AccessDenied" else "", **asked)

# The policy: IMDSv1's credentials are refused whatever they ask for.
assert ec2_with(v2).describe_instances(InstanceIds=[one])["Reservations"]
denied = "is not authorized to perform: ec2:DescribeInstances with an explicit deny in an identity-based policy"
refused("UnauthorizedOperation", ec2_with(v1).describe_instances, words=denied)
refused("UnauthorizedOperation", ec2_with(v1).describe_instances, words=denied, DryRun=True)
words = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/app/{one} is not authorized to perform: ec2:TerminateInstances"
words = refused("UnauthorizedOperation", ec2_with(v2).terminate_instances, words=words, InstanceIds=[one])
assert "because no identity-based policy allows the ec2:TerminateInstances action" in words["Error"]["Message"]
assert f"on resource: arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{one}" in words["Error"]["Message"]
ec2_with(v2).create_tags(Resources=[one], Tags=[{"Key": "state", "Value": "ready"}])
refused("UnauthorizedOperation", ec2_with(v2).create_tags, Resources=[one], Tags=[{"Key": "owner", "Value": "me"}])

# A role without a policy is known, and may do nothing; nor may EC2's own role of the instance.
two = launched("db", "172.31.0.41")
plain = credentials("db", "172.31.0.41")
assert sts_with(plain).get_caller_identity()["Arn"].endswith(f":assumed-role/db/{two}")
refused("UnauthorizedOperation", ec2_with(plain).describe_instances)
own = credentials("ec2-instance", path="identity-credentials/ec2/security-credentials")
assert sts_with(own).get_caller_identity()["Arn"].endswith(f":assumed-role/aws:ec2-instance/{one}")
refused("UnauthorizedOperation", ec2_with(own).describe_instances)

# What is not issued here is refused, and so is half of it.
unknown = {**v2, "Token": v2["Token"][:-8] + "AAAAAAA="}
for spoilt in (unknown, {**v2, "Token": None}, {**v2, "Token": v1["Token"]}, {**v2, "SecretAccessKey": "x" * 40}):
    refused("AuthFailure", ec2_with(spoilt).describe_instances)
    refused("InvalidClientTokenId", sts_with(spoilt).get_caller_identity)

# A role assumes another one, if it may; its session lives for an hour at most.
chained = f"arn:aws:iam::{ACCOUNT}:role/chained"
assumed = sts_with(v2).assume_role(RoleArn=chained, RoleSessionName="me@work")
assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/chained/me@work", assumed
assert ec2_with(assumed["Credentials"]).describe_instances()["Reservations"]
refused("UnauthorizedOperation", ec2_with(assumed["Credentials"]).describe_volumes)
refused("AccessDenied", sts_with(v1).assume_role, RoleArn=chained, RoleSessionName="me")
other = f"arn:aws:iam::{ACCOUNT}:role/launcher"
words = f"is not authorized to perform: sts:AssumeRole on resource: {other}"
refused("AccessDenied", sts_with(v2).assume_role, RoleArn=other, RoleSessionName="me", words=words)
longer = {"RoleArn": chained, "RoleSessionName": "me", "DurationSeconds": 3601}
refused("ValidationError", sts_with(v2).assume_role, words="role chaining", **longer)
refused("AccessDenied", sts.assume_role, RoleArn="arn:aws:iam::210987654321:role/chained", RoleSessionName="me")
for parameters, words in [
    ({"RoleArn": "arn:aws:iam::123456789012:user/x"}, "is invalid"),
    ({"RoleSessionName": "a b"}, "'roleSessionName' failed to satisfy constraint"),
    ({"DurationSeconds": 899}, "greater than or equal to 900"),
    ({"DurationSeconds": 43201}, "less than or equal to 43200"),
    ({"SerialNumber": "arn:aws:iam::123456789012:mfa/x"}, "SerialNumber"),
]:
    asked = {"RoleArn": chained, "RoleSessionName": "me", **parameters}
    refused("ValidationError", unchecked.assume_role, words=words, **asked)
refused("MalformedPolicyDocument", sts.assume_role, RoleArn=chained, RoleSessionName="me", Policy="{}")

# A session's own policy only restricts.
only_tags = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*Tags", "Resource": "*"}}
restricted = sts.assume_role(RoleArn=chained, RoleSessionName="me", Policy=json.dumps(only_tags))
assert 0 < restricted["PackedPolicySize"] <= 100, restricted
ec2_with(restricted["Credentials"]).describe_tags()
refused("UnauthorizedOperation", ec2_with(restricted["Credentials"]).describe_instances)
tag = {"Resources": [one], "Tags": [{"Key": "a", "Value": "b"}]}
refused("UnauthorizedOperation", ec2_with(restricted["Credentials"]).create_tags, **tag)

# Launches by their metadata options, also by those of a template.
launcher = ec2_with(sts.assume_role(RoleArn=other, RoleSessionName="ci")["Credentials"])
required = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
for options, is_allowed in [
    (required, True),
    ({"HttpTokens": "required"}, True),
    ({}, False),
    (optional, False),
    ({**required, "HttpPutResponseHopLimit": 2}, False),
]:
    code = "DryRunOperation" if is_allowed else "UnauthorizedOperation"
    refused(code, launcher.run_instances, DryRun=True, MetadataOptions=options, **launch)
data = {"ImageId": ami, "InstanceType": "t3.micro", "MetadataOptions": required}
template = ec2.create_launch_template(LaunchTemplateName="good", LaunchTemplateData=data)["LaunchTemplate"]
named = {"LaunchTemplate": {"LaunchTemplateName": "good"}, "MinCount": 1, "MaxCount": 1, "DryRun": True}
refused("DryRunOperation", launcher.run_instances, **named)
refused("UnauthorizedOperation", launcher.run_instances, MetadataOptions={"HttpPutResponseHopLimit": 9}, **named)
for profile, code in [("web", "DryRunOperation"), ("app", "UnauthorizedOperation")]:
    asked = {"IamInstanceProfile": {"Name": profile}, "MetadataOptions": required, "DryRun": True, **launch}
    refused(code, launcher.run_instances, words="" if profile == "web" else "iam:PassRole", **asked)

# Changes by the tags of the instance, and by what is changed to what.
change = {"InstanceId": two, "HttpPutResponseHopLimit": 3}
refused("UnauthorizedOperation", launcher.modify_instance_metadata_options, **change)
ec2.create_tags(Resources=[two], Tags=[{"Key": "owner", "Value": "me"}])
launcher.modify_instance_metadata_options(**change)
launcher.modify_instance_metadata_options(InstanceId=two, HttpTokens="required")
refused("UnauthorizedOperation", launcher.modify_instance_metadata_options, InstanceId=two, HttpTokens="optional")

# What each call is an action on: all may be done but what a session's own policy denies.
everything = f"arn:aws:iam::{ACCOUNT}:role/everything"
resource = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"


def all_but(action, resource, **condition):
    """A client that may do all but `action` on `resource`."""
    deny = {"Effect": "Deny", "Action": action, "Resource": resource, "Condition": condition}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
    return ec2_with(sts.assume_role(RoleArn=everything, RoleSessionName="me", Policy=policy)["Credentials"])


KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0ebdXS9OxoS+CrGK6hSqtvMZaGzNk5N0iMtZNdjqX3 e@h"
pair = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=KEY)["KeyPairId"]
subnet = running(ec2, two)["SubnetId"]
(group,) = ec2.describe_security_groups()["SecurityGroups"]
web = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
rule = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [web]}])["SecurityGroupRules"][0]
rule = rule["SecurityGroupRuleId"]
volume = running(ec2, two)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
mine = ec2.register_image(Name="mine", RootDeviceName="/dev/xvda")["ImageId"]
free = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
attached = ec2.attach_network_interface(NetworkInterfaceId=free, InstanceId=two, DeviceIndex=1)["AttachmentId"]
(association,) = ec2.describe_iam_instance_profile_associations(
    Filters=[{"Name": "instance-id", "Values": [two]}]
)["IamInstanceProfileAssociations"]
association = {"AssociationId": association["AssociationId"]}
tagged = [{"ResourceType": "instance", "Tags": [{"Key": "cost", "Value": "9"}]}]
looks_like_one = {"Resources": [one], "Tags": [{"Key": "parent", "Value": two}]}
good = template["LaunchTemplateId"]
fleet = {
    "Type": "instant",
    "LaunchTemplateConfigs": [
        {
            "LaunchTemplateSpecification": {"LaunchTemplateName": "good", "Version": "$Latest"},
            "Overrides": [{"InstanceType": "t3.nano", "SubnetId": subnet}],
        }
    ],
    "TargetCapacitySpecification": {"TotalTargetCapacity": 1},
}
is_nano, is_large = ({"StringEquals": {"ec2:InstanceType": kind}} for kind in ("t3.nano", "t3.large"))
is_launch = {"StringEquals": {"ec2:CreateAction": "RunInstances"}}
of_images = f"arn:aws:ec2:{REGION}::"
ping = {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "CidrIp": "0.0.0.0/0"}
out = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
share = {"Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]}
has_cost = {"StringEquals": {"aws:RequestTag/cost": "9"}}
for call, parameters, denied, is_denied in [
    # A launch is one on what it makes and uses, also on what it does not name; and it tags what it makes.
    ("run_instances", launch, ("ec2:RunInstances", f"{resource}volume/*"), True),
    ("run_instances", launch, ("ec2:RunInstances", f"{resource}security-group/{group['GroupId']}"), True),
    ("run_instances", launch, ("ec2:RunInstances", f"{resource}subnet/*"), False),
    ("run_instances", {**launch, "SubnetId": subnet}, ("ec2:RunInstances", f"{resource}subnet/{subnet}"), True),
    ("run_instances", {**launch, "KeyName": "mine"}, ("ec2:RunInstances", f"{resource}key-pair/mine"), True),
    ("run_instances", launch, ("ec2:RunInstances", f"arn:aws:ec2:{REGION}::image/{ami}"), True),
    ("run_instances", launch, ("ec2:CreateTags", "*"), False),
    ("run_instances", {**launch, "TagSpecifications": tagged}, ("ec2:CreateTags", f"{resource}instance/*"), True),
    ("run_instances", {**launch, "TagSpecifications": tagged}, ("ec2:CreateTags", f"{resource}volume/*"), False),
    ("run_instances", {**launch, "TagSpecifications": tagged}, ("ec2:CreateTags", "*", is_launch), True),
    ("run_instances", {**launch, "TagSpecifications": tagged}, ("ec2:RunInstances", "*", has_cost), True),
    # A fleet is one on itself and what it names, and launches as a launch does.
    ("create_fleet", fleet, ("ec2:CreateFleet", f"{resource}fleet/*"), True),
    ("create_fleet", fleet, ("ec2:CreateFleet", f"{resource}launch-template/{good}"), True),
    ("create_fleet", fleet, ("ec2:CreateFleet", f"{resource}subnet/{subnet}"), True),
    ("create_fleet", fleet, ("ec2:RunInstances", f"{resource}instance/*", is_nano), True),
    ("create_fleet", fleet, ("ec2:RunInstances", f"{resource}instance/*", is_large), False),
    ("create_fleet", {**fleet, "TagSpecifications": tagged}, ("ec2:CreateTags", f"{resource}instance/*"), True),
    # Other calls are on what they name: by id, by name, or by what ties it to an instance.
    ("delete_key_pair", {"KeyName": "mine"}, ("ec2:DeleteKeyPair", f"{resource}key-pair/mine"), True),
    ("delete_key_pair", {"KeyPairId": pair}, ("ec2:DeleteKeyPair", f"{resource}key-pair/mine"), True),
    ("delete_key_pair", {"KeyName": "other"}, ("ec2:DeleteKeyPair", f"{resource}key-pair/mine"), False),
    ("detach_network_interface", {"AttachmentId": attached}, ("ec2:Detach*", f"{resource}instance/{two}"), True),
    ("detach_network_interface", {"AttachmentId": attached}, ("ec2:Detach*", f"{resource}*/{free}"), True),
    ("create_network_interface", {"SubnetId": subnet}, ("ec2:Create*", f"{resource}subnet/{subnet}"), True),
    ("create_network_interface", {"SubnetId": subnet}, ("ec2:Create*", f"{resource}network-interface/*"), True),
    # Of what Packer makes and uses.
    ("create_key_pair", {"KeyName": "new"}, ("ec2:CreateKeyPair", f"{resource}key-pair/new"), True),
    ("create_key_pair", {"KeyName": "new"}, ("ec2:CreateKeyPair", f"{resource}key-pair/mine"), False),
    (
        "create_security_group",
        {"GroupName": "new", "Description": "new"},
        ("ec2:CreateSecurityGroup", f"{resource}security-group/*"),
        True,
    ),
    ("delete_security_group", {"GroupId": web}, ("ec2:Delete*", f"{resource}security-group/{web}"), True),
    ("delete_security_group", {"GroupName": "web"}, ("ec2:Delete*", f"{resource}security-group/{web}"), True),
    ("delete_security_group", {"GroupName": "web"}, ("ec2:Delete*", f"{resource}*/{group['GroupId']}"), False),
    (
        "authorize_security_group_ingress",
        {"GroupName": "web", **ping},
        ("ec2:Authorize*", f"{resource}security-group/{web}"),
        True,
    ),
    ("authorize_security_group_ingress", {"GroupId": web, **ping}, ("ec2:Authorize*", f"{resource}*-rule/*"), True),
    (
        "authorize_security_group_egress",
        {"GroupId": web, "IpPermissions": [{**out[0], "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}]},
        ("ec2:AuthorizeSecurityGroupEgress", f"{resource}security-group/{web}"),
        True,
    ),
    ("revoke_security_group_ingress", {"GroupName": "web", **ping}, ("ec2:Revoke*", f"{resource}*/{web}"), True),
    (
        "revoke_security_group_egress",
        {"GroupId": web, "SecurityGroupRuleIds": [rule]},
        ("ec2:RevokeSecurityGroupEgress", f"{resource}security-group-rule/{rule}"),
        True,
    ),
    ("run_instances", {**launch, "SecurityGroups": ["web"]}, ("ec2:Run*", f"{resource}security-group/{web}"), True),
    ("run_instances", {**launch, "SecurityGroups": ["web"]}, ("ec2:Run*", f"{resource}*/{group['GroupId']}"), False),
    ("create_image", {"InstanceId": two, "Name": "x-1"}, ("ec2:CreateImage", f"{resource}instance/{two}"), True),
    ("create_image", {"InstanceId": two, "Name": "x-1"}, ("ec2:CreateImage", f"{of_images}image/*"), True),
    ("create_image", {"InstanceId": two, "Name": "x-1"}, ("ec2:CreateImage", f"{of_images}snapshot/*"), True),
    ("deregister_image", {"ImageId": mine}, ("ec2:DeregisterImage", f"{of_images}image/{mine}"), True),
    ("create_snapshot", {"VolumeId": volume}, ("ec2:CreateSnapshot", f"{resource}volume/{volume}"), True),
    ("create_snapshot", {"VolumeId": volume}, ("ec2:CreateSnapshot", f"{of_images}snapshot/*"), True),
    ("delete_snapshot", {"SnapshotId": snapshot}, ("ec2:DeleteSnapshot", f"{of_images}snapshot/{snapshot}"), True),
    ("modify_snapshot_attribute", {"SnapshotId": snapshot, **share}, ("ec2:Modify*", f"{of_images}*/{snapshot}"), True),
    (
        "describe_snapshot_attribute",
        {"SnapshotId": snapshot, "Attribute": "createVolumePermission"},
        ("ec2:DescribeSnapshotAttribute", f"{of_images}snapshot/{snapshot}"),
        True,
    ),
    ("describe_snapshots", {}, ("ec2:DescribeSnapshots", "*"), True),
    ("describe_security_group_rules", {}, ("ec2:DescribeSecurityGroupRules", "*"), True),
    # The value of a tag is no resource.
    ("create_tags", looks_like_one, ("ec2:CreateTags", f"{resource}instance/{two}"), False),
    # By both forms of the attribute.
    (
        "modify_instance_attribute",
        {"InstanceId": two, "Attribute": "instanceType", "Value": "t3.nano"},
        ("*", "*", {"StringEquals": {"ec2:Attribute/InstanceType": "t3.nano"}}),
        True,
    ),
    (
        "modify_instance_attribute",
        {"InstanceId": two, "InstanceType": {"Value": "t3.nano"}},
        ("*", "*", {"StringEquals": {"ec2:Attribute/InstanceType": "t3.nano"}}),
        True,
    ),
]:
    action, on, *condition = denied
    limited = all_but(action, on, **(condition[0] if condition else {}))
    code = "UnauthorizedOperation" if is_denied else "DryRunOperation"
    refused(code, getattr(limited, call), DryRun=True, **parameters)
# This call has no dry run. Passing a role is an action on the role.
profile = {"IamInstanceProfile": {"Name": "app"}}
limited = all_but("ec2:DisassociateIamInstanceProfile", f"{resource}instance/{two}")
refused("UnauthorizedOperation", limited.disassociate_iam_instance_profile, **association)
limited = all_but("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app")
replace = limited.replace_iam_instance_profile_association
refused("UnauthorizedOperation", replace, words="iam:PassRole on resource", **association, **profile)
limited = all_but("iam:PassRole", "*", StringNotEquals={"iam:PassedToService": "ec2.amazonaws.com"})
limited.replace_iam_instance_profile_association(**association, **profile)

# Temporary credentials of a key.
temporary = sts.get_session_token(DurationSeconds=900)["Credentials"]
assert sts_with(temporary).get_caller_identity()["Arn"] == me["Arn"]
assert ec2_with(temporary).describe_instances()["Reservations"]
words = "Cannot call GetSessionToken with session credentials"
refused("AccessDenied", sts_with(temporary).get_session_token, words=words)
refused("AccessDenied", sts_with(v2).get_session_token)
refused("ValidationError", sts.get_access_key_info, AccessKeyId="x" * 20)
assert sts.get_access_key_info(AccessKeyId=key)["Account"] == ACCOUNT

# As authenticators of Kubernetes do it: presigned, and answered in JSON.
url = sts_with(v2).generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
asked = urllib.request.Request(url, headers={"Accept": "application/json"})
with urllib.request.urlopen(asked) as answer:
    found = json.load(answer)["GetCallerIdentityResponse"]
assert found["GetCallerIdentityResult"]["Arn"].endswith(f":assumed-role/app/{one}"), found
assert found["ResponseMetadata"]["RequestId"], found
try:
    urllib.request.urlopen(url.replace("Signature=", "Signature=0"))
    raise AssertionError("a spoilt signature was not refused")
except urllib.error.HTTPError as error:
    assert error.code == 403 and b"<Code>InvalidClientTokenId</Code>" in error.read()

# Credentials outlive their profile, as on EC2, and the metadata has none any more.
(association,) = [
    it
    for it in ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    if it["InstanceId"] == one
]
ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
assert ec2_with(v2).describe_instances(InstanceIds=[one])["Reservations"]
