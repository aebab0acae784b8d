"""Images by parameters of Systems Manager, and images of the settings file."""

import json
import os
import subprocess

import boto3
from botocore.exceptions import ClientError
from lab import REGION, ask, client, image, instance, metadata, refused, running, token

LATEST = "/aws/service/ami-amazon-linux-latest"
GOLDEN, ARM, WINDOWS = "ami-0123456789abcdef0", "ami-0a0a0a0a0a0a0a0a0", "ami-0b0b0b0b0b0b0b0b0"

ec2 = client()
ssm = boto3.client("ssm", region_name=REGION)
al2, al2023 = image(ec2, "amzn2-ami-*"), image(ec2, "al2023-ami-*")
al2_arm, al2023_arm = image(ec2, "amzn2-ami-*", "arm64"), image(ec2, "al2023-ami-*", "arm64")


def value(name):
    return ssm.get_parameter(Name=name)["Parameter"]["Value"]


def launched(image_id, kind="t3.micro", **more):
    (made,) = ec2.run_instances(ImageId=image_id, InstanceType=kind, MinCount=1, MaxCount=1, **more)["Instances"]
    return running(ec2, made["InstanceId"])


# The public parameters, by name and by path.
for name, expected in {
    "al2023-ami-kernel-default-x86_64": al2023,
    "al2023-ami-kernel-6.1-x86_64": al2023,
    "al2023-ami-minimal-kernel-default-x86_64": al2023,
    "al2023-ami-kernel-default-arm64": al2023_arm,
    "al2023-ami-minimal-kernel-default-arm64": al2023_arm,
    "amzn2-ami-hvm-x86_64-gp2": al2,
    "amzn2-ami-kernel-5.10-hvm-x86_64-gp2": al2,
    "amzn2-ami-kernel-5.10-hvm-arm64-gp2": al2_arm,
}.items():
    assert value(f"{LATEST}/{name}") == expected, name
one = ssm.get_parameter(Name=f"{LATEST}/amzn2-ami-hvm-x86_64-gp2:1")["Parameter"]
assert one["Type"] == "String" and one["Version"] == 1 and one["Selector"] == ":1", one
assert one["ARN"] == f"arn:aws:ssm:{REGION}::parameter{LATEST}/amzn2-ami-hvm-x86_64-gp2", one
assert one["DataType"] == "aws:ec2:image" and one["LastModifiedDate"].year == 2025, one
assert value(one["ARN"]) == al2
pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path=LATEST))
public = [it["Name"] for page in pages for it in page["Parameters"]]
assert len(pages) == 2 and len(pages[0]["Parameters"]) == 10, pages
assert public == sorted(set(public)) and len(public) == 16, public
assert ssm.get_parameters_by_path(Path="/aws/service")["Parameters"] == []
below = ssm.get_parameters_by_path(Path="/aws/service", Recursive=True, MaxResults=3)
assert [it["Name"] for it in below["Parameters"]] == public[:3], below
elsewhere = boto3.client("ssm", region_name="eu-west-1").get_parameter(Name=public[0])["Parameter"]
assert elsewhere["Value"] != value(public[0]) and ":eu-west-1:" in elsewhere["ARN"], elsewhere

# Those of the settings file.
assert value("/golden/ami") == value("plain") == GOLDEN
assert ssm.get_parameter(Name="plain")["Parameter"]["ARN"] == f"arn:aws:ssm:{REGION}:123456789012:parameter/plain"
both = ssm.get_parameters(Names=["/golden/ami", "/golden/other", f"{LATEST}/none"], WithDecryption=True)
assert [it["Value"] for it in both["Parameters"]] == [GOLDEN], both
assert both["InvalidParameters"] == ["/golden/other", f"{LATEST}/none"], both
own = [it["Name"] for it in ssm.get_parameters_by_path(Path="/", Recursive=True)["Parameters"]]
assert own == ["/golden/ami", "/golden/x86_64/ami"], own
assert [it["Name"] for it in ssm.get_parameters_by_path(Path="/golden/")["Parameters"]] == ["/golden/ami"]
try:
    ssm.get_parameter(Name="/golden/none")
    raise AssertionError("found")
except ssm.exceptions.ParameterNotFound:
    pass
refused("ParameterVersionNotFound", ssm.get_parameter, Name="/golden/ami:2")
refused("ParameterVersionNotFound", ssm.get_parameter, Name="/golden/ami:latest")
refused("ValidationException", ssm.get_parameters, Names=[f"/{number}" for number in range(11)])
refused("ValidationException", ssm.get_parameters_by_path, Path="golden")
refused("InvalidNextToken", ssm.get_parameters_by_path, Path="/", NextToken="none")
refused("UnknownOperationException", ssm.describe_parameters)
nobody = boto3.client("ssm", region_name=REGION, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
refused("UnrecognizedClientException", nobody.get_parameter, Name="plain")

# A launch by parameter: instance, metadata and identity document have the image's id.
made = launched("resolve:ssm:/golden/ami", PrivateIpAddress="172.31.0.31")
assert made["ImageId"] == GOLDEN and made["MetadataOptions"]["HttpTokens"] == "required", made
assert made["MetadataOptions"]["HttpPutResponseHopLimit"] == 2, made
refused("SsmInvalidParameter", launched, image_id="resolve:ssm:/golden/none", words="/golden/none")
refused("SsmInvalidParameter", launched, image_id="resolve:ssm:/golden/ami:9")
refused("InvalidAMIID.Malformed", launched, image_id="resolve:x")
assert launched(f"resolve:ssm:{LATEST}/amzn2-ami-hvm-x86_64-gp2")["ImageId"] == al2
arm = f"resolve:ssm:{LATEST}/al2023-ami-kernel-default-arm64"
refused("InvalidParameterValue", launched, image_id=arm, words="architecture")
assert launched(arm, "t4g.micro")["ImageId"] == al2023_arm

# In a launch template the name stays, unless it is asked for otherwise.
data = {"ImageId": "resolve:ssm:/golden/ami:1", "InstanceType": "t3.micro"}
ec2.create_launch_template(LaunchTemplateName="golden", LaunchTemplateData=data)


def template_image(**more):
    found = ec2.describe_launch_template_versions(LaunchTemplateName="golden", **more)
    return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"]


assert template_image() == data["ImageId"] and template_image(ResolveAlias=True) == GOLDEN
(from_template,) = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "golden"}, MinCount=1, MaxCount=1)["Instances"]
assert from_template["ImageId"] == GOLDEN, from_template
fleet = ec2.create_fleet(
    Type="instant",
    LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateName": "golden", "Version": "1"}}],
    TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
)
assert fleet["Errors"] == [], fleet
assert instance(ec2, fleet["Instances"][0]["InstanceIds"][0])["ImageId"] == GOLDEN

# Images of the settings file are the account's, and no call changes them.
(golden,) = ec2.describe_images(ImageIds=[GOLDEN])["Images"]
assert golden["Name"] == "golden" and golden["ImdsSupport"] == "v2.0" and golden["OwnerId"] == "123456789012", golden
owned = {it["ImageId"]: it for it in ec2.describe_images(Owners=["self"])["Images"]}
assert set(owned) == {GOLDEN, ARM, WINDOWS}, owned
assert owned[ARM]["Architecture"] == "arm64" and owned[ARM]["RootDeviceName"] == "/dev/sda1", owned[ARM]
assert owned[ARM]["Name"] == ARM and "ImdsSupport" not in owned[ARM], owned[ARM]
assert client("eu-west-1").describe_images(ImageIds=[GOLDEN])["Images"][0]["Name"] == "golden"
refused("OperationNotPermitted", ec2.deregister_image, ImageId=GOLDEN)
refused("OperationNotPermitted", ec2.modify_image_attribute, ImageId=GOLDEN, Description={"Value": "x"})
refused("InvalidAMIName.Duplicate", ec2.register_image, Name="golden", RootDeviceName="/dev/xvda")
ec2.create_tags(Resources=[GOLDEN], Tags=[{"Key": "stage", "Value": "test"}])
tagged = ec2.describe_images(Filters=[{"Name": "tag:stage", "Values": ["test"]}])["Images"]
assert [it["ImageId"] for it in tagged] == [GOLDEN], tagged
refused("InvalidParameterValue", launched, image_id=ARM, words="architecture")
settled = launched(ARM, "t4g.micro")
assert settled["RootDeviceName"] == "/dev/sda1" and settled["MetadataOptions"]["HttpTokens"] == "optional", settled

# Windows, and the password of its administrator, which the private key alone reads.
(shown,) = ec2.describe_images(Filters=[{"Name": "platform", "Values": ["windows"]}])["Images"]
assert (shown["ImageId"], shown["PlatformDetails"], shown["UsageOperation"]) == (WINDOWS, "Windows", "RunInstances:0002"), shown
for kind in "rsa", "ed25519":
    with open(f"{os.environ['XDG_STATE_HOME']}/{kind}.pem", "w") as file:
        file.write(ec2.create_key_pair(KeyName=kind, KeyType=kind)["KeyMaterial"])
with_key = launched(WINDOWS, KeyName="rsa")
assert (with_key["Platform"], with_key["PlatformDetails"]) == ("windows", "Windows"), with_key
assert with_key["UsageOperation"] == "RunInstances:0002", with_key
found = ec2.describe_instances(Filters=[{"Name": "platform", "Values": ["windows"]}])["Reservations"]
assert [it["InstanceId"] for one in found for it in one["Instances"]] == [with_key["InstanceId"]], found
ec2.get_waiter("password_data_available").wait(InstanceId=with_key["InstanceId"], WaiterConfig={"Delay": 1})
encrypted = ec2.get_password_data(InstanceId=with_key["InstanceId"])["PasswordData"]
assert len(encrypted) == 344 and encrypted == ec2.get_password_data(InstanceId=with_key["InstanceId"])["PasswordData"]
decrypt = ["aws", "ec2", "get-password-data", "--query", "PasswordData", "--output", "text"]
decrypt += ["--priv-launch-key", f"{os.environ['XDG_STATE_HOME']}/rsa.pem", "--instance-id"]
passwords = set()
for one in with_key, launched(WINDOWS, KeyName="rsa"):
    told = subprocess.run([*decrypt, one["InstanceId"]], check=True, capture_output=True, text=True)
    passwords.add(told.stdout.strip())
assert len(passwords) == 2 and all(len(it) == 32 for it in passwords), "not two passwords"
windows = {"ImageId": WINDOWS, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
words = "ED25519 key pairs are not supported with Windows AMIs. Choose a different key pair type and try again."
refused("Unsupported", ec2.run_instances, KeyName="ed25519", words=words, **windows)
for none in launched(WINDOWS), launched(al2, KeyName="rsa"):
    assert ec2.get_password_data(InstanceId=none["InstanceId"])["PasswordData"] == "", none
made = ec2.create_image(InstanceId=with_key["InstanceId"], Name="windows-too")["ImageId"]
assert ec2.describe_images(ImageIds=[made])["Images"][0]["Platform"] == "windows"

# The default instance, whose image a flag names.
default = instance(ec2, "i-1234567890abcdef0")
document = json.loads(ask("GET", "/latest/dynamic/instance-identity/document", {"X-aws-ec2-metadata-token": token()})[1])
assert default["ImageId"] == metadata("ami-id") == document["imageId"] == GOLDEN, (default, document)
assert ask("GET", "/latest/meta-data/ami-id")[0] == 401

# The same with the AWS CLI.
assert os.environ["AWS_ENDPOINT_URL_SSM"] == os.environ["AWS_ENDPOINT_URL_EC2"]
cli = ["aws", "ssm", "get-parameters", "--names", "/golden/ami", "--query", "Parameters[0].Value", "--output", "text"]
assert subprocess.run(cli, check=True, capture_output=True, text=True).stdout.strip() == GOLDEN
cli = ["aws", "ec2", "run-instances", "--image-id", "resolve:ssm:/golden/ami", "--instance-type", "t3.micro"]
cli += ["--query", "Instances[0].ImageId", "--output", "text"]
assert subprocess.run(cli, check=True, capture_output=True, text=True).stdout.strip() == GOLDEN

# What is not allowed says so.
try:
    nobody.get_parameters(Names=["plain"])
    raise AssertionError("nobody may")
except ClientError as error:
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
