"""Launch templates: versions, defaults, and what a launch makes of them."""

from lab import REGION, client, image, instance, refused, running

ec2 = client()
al2, al2023 = image(ec2, "amzn2-ami-*"), image(ec2, "al2023-ami-*")

# A template, and what is shown of it.
made = ec2.create_launch_template(
    LaunchTemplateName="web",
    VersionDescription="first",
    LaunchTemplateData={
        "ImageId": al2,
        "InstanceType": "t3.micro",
        "UserData": "IyEvYmluL3NoCg==",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
    },
    TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "team", "Value": "a"}]}],
)["LaunchTemplate"]
web = made["LaunchTemplateId"]
assert web.startswith("lt-") and made["DefaultVersionNumber"] == made["LatestVersionNumber"] == 1, made
assert made["Tags"] == [{"Key": "team", "Value": "a"}], made
(shown,) = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
data = shown["LaunchTemplateData"]
assert shown["DefaultVersion"] and shown["VersionDescription"] == "first", shown
assert data["ImageId"] == al2 and data["UserData"] == "IyEvYmluL3NoCg==", data
assert data["MetadataOptions"]["HttpTokens"] == "required", data
assert data["TagSpecifications"][0]["Tags"][0]["Value"] == "web", data

# A launch from it: the template's options, but for what the launch states, each by itself.
def launched(**parameters):
    (made,) = ec2.run_instances(MinCount=1, MaxCount=1, **parameters)["Instances"]
    return running(ec2, made["InstanceId"])


from_template = launched(LaunchTemplate={"LaunchTemplateName": "web"})
options = from_template["MetadataOptions"]
assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 2), options
assert from_template["ImageId"] == al2 and from_template["InstanceType"] == "t3.micro"
tags = {tag["Key"]: tag["Value"] for tag in from_template["Tags"]}
assert tags == {"Name": "web", "aws:ec2launchtemplate:id": web, "aws:ec2launchtemplate:version": "1"}, tags

overridden = launched(
    LaunchTemplate={"LaunchTemplateId": web, "Version": "1"},
    ImageId=al2023,
    MetadataOptions={"HttpPutResponseHopLimit": 5},
)
options = overridden["MetadataOptions"]
assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 5), options
assert overridden["ImageId"] == al2023, overridden

# Versions: from a source version, with another default, and deleted but for the default.
second = ec2.create_launch_template_version(
    LaunchTemplateId=web,
    SourceVersion="1",
    LaunchTemplateData={"MetadataOptions": {"HttpTokens": "optional"}},
)["LaunchTemplateVersion"]
data = second["LaunchTemplateData"]
assert second["VersionNumber"] == 2 and not second["DefaultVersion"], second
assert data["ImageId"] == al2, data
assert data["MetadataOptions"]["HttpTokens"] == "optional", data
assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 2, data
assert launched(LaunchTemplate={"LaunchTemplateId": web})["MetadataOptions"]["HttpTokens"] == "required"
latest = launched(LaunchTemplate={"LaunchTemplateId": web, "Version": "$Latest"})
assert latest["MetadataOptions"]["HttpTokens"] == "optional"
ec2.modify_launch_template(LaunchTemplateId=web, DefaultVersion="2")
default = ec2.describe_launch_template_versions(Versions=["$Default"])["LaunchTemplateVersions"]
assert [version["VersionNumber"] for version in default] == [2], default
gone = ec2.delete_launch_template_versions(LaunchTemplateId=web, Versions=["1", "2", "9"])
assert [it["VersionNumber"] for it in gone["SuccessfullyDeletedLaunchTemplateVersions"]] == [1], gone
failed = {it["VersionNumber"]: it["ResponseError"]["Code"] for it in gone["UnsuccessfullyDeletedLaunchTemplateVersions"]}
assert failed == {2: "operationNotPermitted", 9: "launchTemplateVersionDoesNotExist"}, failed

# Filters and pages.
for number in range(7):
    ec2.create_launch_template(LaunchTemplateName=f"page-{number}", LaunchTemplateData={"ImageId": al2})
pages = list(ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 3}))
names = [template["LaunchTemplateName"] for page in pages for template in page["LaunchTemplates"]]
assert len(pages) == 3 and sorted(names) == sorted(set(names)) and len(names) == 8, names
filtered = ec2.describe_launch_templates(Filters=[{"Name": "tag:team", "Values": ["a"]}])
assert [it["LaunchTemplateName"] for it in filtered["LaunchTemplates"]] == ["web"], filtered
required = ec2.describe_launch_template_versions(
    LaunchTemplateId=web, Filters=[{"Name": "http-tokens", "Values": ["required"]}]
)
assert required["LaunchTemplateVersions"] == [], required

# What an instance would need as a template.
of_instance = ec2.get_launch_template_data(InstanceId=from_template["InstanceId"])["LaunchTemplateData"]
assert of_instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 2, of_instance
assert of_instance["UserData"] == "IyEvYmluL3NoCg==", of_instance
assert instance(ec2, from_template["InstanceId"])["InstanceType"] == of_instance["InstanceType"]
# EC2's own tags are left out: no template could say them, and nobody takes them away.
assert of_instance["TagSpecifications"][0]["Tags"] == [{"Key": "Name", "Value": "web"}], of_instance
own = {"Key": "aws:ec2launchtemplate:id"}
refused("InvalidParameterValue", ec2.delete_tags, Resources=[from_template["InstanceId"]], Tags=[own], words="reserved")
stated = {
    "ImageId": al2023,
    "InstanceType": "t3.micro",
    "Monitoring": {"Enabled": True},
    "EbsOptimized": True,
    "DisableApiStop": True,
    "DisableApiTermination": True,
    "InstanceInitiatedShutdownBehavior": "terminate",
    "Placement": {"AvailabilityZone": f"{REGION}b", "GroupName": "racks", "PartitionNumber": 3, "Tenancy": "dedicated"},
    "PrivateDnsNameOptions": {"HostnameType": "resource-name"},
    "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "persistent"}},
}
full = ec2.get_launch_template_data(InstanceId=launched(**stated)["InstanceId"])["LaunchTemplateData"]
for name, value in stated.items():
    assert value == full[name] or value.items() <= full[name].items(), (name, full[name])
ec2.create_launch_template(LaunchTemplateName="like-it", LaunchTemplateData=full)
ec2.delete_launch_template(LaunchTemplateName="like-it")

# A request that is sent again does nothing again; another with its token is refused.
once = {"LaunchTemplateName": "once", "LaunchTemplateData": {"ImageId": al2}, "ClientToken": "made-once"}
once_made = ec2.create_launch_template(**once)["LaunchTemplate"]
assert ec2.create_launch_template(**once)["LaunchTemplate"] == once_made
refused("IdempotentParameterMismatch", ec2.create_launch_template, **once | {"LaunchTemplateName": "twice"})
more = {"LaunchTemplateName": "once", "LaunchTemplateData": {"ImageId": al2023}, "ClientToken": "versioned-once"}
more_made = ec2.create_launch_template_version(**more)["LaunchTemplateVersion"]
assert ec2.create_launch_template_version(**more)["LaunchTemplateVersion"] == more_made
refused("IdempotentParameterMismatch", ec2.create_launch_template_version, **more | {"VersionDescription": "else"})
(template,) = ec2.describe_launch_templates(LaunchTemplateNames=["once"])["LaunchTemplates"]
assert template["LatestVersionNumber"] == 2, template

# What is refused, in EC2's codes and words.
create = ec2.create_launch_template
refused("InvalidLaunchTemplateName.AlreadyExistsException", create, LaunchTemplateName="web", LaunchTemplateData={"ImageId": al2})
refused("InvalidLaunchTemplateName.MalformedException", create, LaunchTemplateName="a b!", LaunchTemplateData={"ImageId": al2})
refused(
    "InvalidParameterValue",
    create,
    LaunchTemplateName="bad",
    LaunchTemplateData={"MetadataOptions": {"HttpEndpoint": ""}},
    words="A value of ‘’ is not valid for http-endpoint. Valid values are ‘enabled’ or ‘disabled’.",
)
refused("DryRunOperation", create, LaunchTemplateName="dry", LaunchTemplateData={"ImageId": al2}, DryRun=True)
refused("InvalidLaunchTemplateName.NotFoundException", ec2.describe_launch_templates, LaunchTemplateNames=["dry"])
refused("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=["lt-00000000000000000"])
refused("InvalidLaunchTemplateId.VersionNotFound", ec2.run_instances, MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateId": web, "Version": "7"})
ec2.delete_launch_template(LaunchTemplateName="web")
refused("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_template_versions, LaunchTemplateId=web)

# User data that no launch could have is refused at once.
for text, words in [("#!/bin/sh", "Invalid BASE64 encoding"), ("AAAA" * 5462, "limited to 16384 bytes")]:
    data = {"UserData": text}
    made = {"LaunchTemplateName": "malformed", "LaunchTemplateData": data}
    refused("InvalidUserData.Malformed", ec2.create_launch_template, words=words, **made)
