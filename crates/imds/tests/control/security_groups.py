"""Security groups: kept, shown, and in the metadata of what is in them."""

from lab import client, eventually, image, metadata, refused, running

ADDRESS = "172.31.0.80"

ec2 = client()
(vpc,) = ec2.describe_vpcs()["Vpcs"]
(default,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
everywhere = [{"CidrIp": "0.0.0.0/0"}]
assert default["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == default["GroupId"], default
assert default["IpPermissionsEgress"][0]["IpRanges"] == everywhere, default

# A new one lets everything out, and nothing in.
spec = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": "web"}]}]
wanted = {"GroupName": "web", "Description": "for tests", "VpcId": vpc["VpcId"], "TagSpecifications": spec}
refused("DryRunOperation", ec2.create_security_group, DryRun=True, **wanted)
made = ec2.create_security_group(**wanted)
web = made["GroupId"]
assert made["Tags"] == spec[0]["Tags"] and made["SecurityGroupArn"].endswith(f":security-group/{web}"), made


def described(group=web):
    return ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]


shown = described()
assert (shown["GroupName"], shown["Description"], shown["VpcId"]) == ("web", "for tests", vpc["VpcId"]), shown
assert shown["IpPermissions"] == [] and shown["Tags"] == spec[0]["Tags"], shown
assert shown["IpPermissionsEgress"] == [
    {"IpProtocol": "-1", "UserIdGroupPairs": [], "IpRanges": everywhere, "Ipv6Ranges": [], "PrefixListIds": []}
], shown
for code, words, changes in [
    ("InvalidGroup.Duplicate", f"The security group 'web' already exists for VPC '{vpc['VpcId']}'", {}),
    ("InvalidGroup.Reserved", "reserved", {"GroupName": "default"}),
    ("InvalidParameterValue", "sg-*", {"GroupName": "sg-mine"}),
    ("InvalidParameterValue", "GroupDescription", {"GroupName": "x", "Description": "\u00e9"}),
    ("InvalidParameterValue", "Expecting 1 to 255", {"GroupName": "x" * 250_000}),
    ("InvalidParameterValue", "Expecting 1 to 255", {"Description": "x" * 250_000}),
    ("InvalidVpcID.NotFound", "' does not exist", {"GroupName": "x", "VpcId": "x" * 250_000}),
    ("InvalidVpcID.NotFound", "does not exist", {"GroupName": "x", "VpcId": "vpc-00000000000000000"}),
]:
    refused(code, ec2.create_security_group, words=words, **{**wanted, **changes})

# Rules.
ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
ranges = [{"CidrIp": "100.68.0.18/18", "Description": "office"}]
allowed = ec2.authorize_security_group_ingress(
    GroupId=web,
    IpPermissions=[{**ssh, "IpRanges": ranges, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}],
    TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [{"Key": "k", "Value": "v"}]}],
)["SecurityGroupRules"]
assert [rule.get("CidrIpv4") for rule in allowed] == ["100.68.0.0/18", None], allowed
assert allowed[0]["Description"] == "office" and allowed[0]["Tags"] == [{"Key": "k", "Value": "v"}], allowed
assert (allowed[0]["FromPort"], allowed[0]["IsEgress"], allowed[0]["GroupId"]) == (22, False, web), allowed
(permission,) = described()["IpPermissions"]
assert permission["IpRanges"] == [{"CidrIp": "100.68.0.0/18", "Description": "office"}], permission
assert permission["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}] and permission["ToPort"] == 22, permission
words = 'the specified rule "peer: 100.68.0.0/18, TCP, from port: 22, to port: 22, ALLOW" already exists'
again = {"GroupName": "web", "CidrIp": "100.68.0.0/18", **ssh}
refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, words=words, **again)
for code, words, permission in [
    ("InvalidParameterValue", "Unknown protocol", {**ssh, "IpProtocol": "ssh", "IpRanges": everywhere}),
    ("InvalidParameterValue", "Must specify both", {"IpProtocol": "tcp", "IpRanges": everywhere}),
    ("InvalidParameterValue", "portRange", {**ssh, "ToPort": 70000, "IpRanges": everywhere}),
    ("InvalidParameterValue", "CIDR block 10.0.0.0 is malformed", {**ssh, "IpRanges": [{"CidrIp": "10.0.0.0"}]}),
    ("MissingParameter", "Missing source specification", ssh),
    ("InvalidGroup.NotFound", "does not exist", {**ssh, "UserIdGroupPairs": [{"GroupId": "sg-00000000000000000"}]}),
]:
    refused(code, ec2.authorize_security_group_ingress, words=words, GroupId=web, IpPermissions=[permission])
refused("MissingParameter", ec2.authorize_security_group_ingress, GroupId=web)
from_web = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": web}]}]
ec2.authorize_security_group_ingress(GroupId=default["GroupId"], IpPermissions=from_web)
out = [{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": everywhere}]
refused("DryRunOperation", ec2.authorize_security_group_egress, GroupId=web, IpPermissions=out, DryRun=True)
ec2.authorize_security_group_egress(GroupId=web, IpPermissions=out)

# They are found one by one and by what they allow.
by_group = [{"Name": "group-id", "Values": [web]}]
rules = ec2.describe_security_group_rules(Filters=by_group)["SecurityGroupRules"]
assert len(rules) == 4 and sum(rule["IsEgress"] for rule in rules) == 2, rules
pages = ec2.get_paginator("describe_security_group_rules").paginate(PaginationConfig={"PageSize": 5})
assert len(pages.build_full_result()["SecurityGroupRules"]) == 7
first = allowed[0]["SecurityGroupRuleId"]
(one,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[first])["SecurityGroupRules"]
assert one == {**allowed[0]}, one
for name, value, found in [
    ("ip-permission.cidr", "100.68.*", [web]),
    ("ip-permission.ipv6-cidr", "2001:db8::/32", [web]),
    ("ip-permission.from-port", "22", [web]),
    ("ip-permission.group-name", "web", [default["GroupId"]]),
    ("egress.ip-permission.protocol", "udp", [web]),
    ("description", "for *", [web]),
    ("tag:Name", "web", [web]),
    ("ip-permission.to-port", "23", []),
]:
    answer = ec2.describe_security_groups(Filters=[{"Name": name, "Values": [value]}])["SecurityGroups"]
    assert [it["GroupId"] for it in answer] == found, (name, answer)

# What is taken away: by id, or by what it allows; what is not there is told.
answer = ec2.revoke_security_group_ingress(GroupId=web, SecurityGroupRuleIds=[first])
assert [it["SecurityGroupRuleId"] for it in answer["RevokedSecurityGroupRules"]] == [first], answer
refused(
    "InvalidSecurityGroupRuleId.NotFound", ec2.revoke_security_group_ingress, GroupId=web, SecurityGroupRuleIds=[first]
)
assert not ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [first]}])["Tags"]
gone = [{**ssh, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}, {"CidrIpv6": "2001:db8:1::/48"}]}]
answer = ec2.revoke_security_group_ingress(GroupId=web, IpPermissions=gone)
assert [it["CidrIpv6"] for it in answer["RevokedSecurityGroupRules"]] == ["2001:db8::/32"], answer
assert answer["UnknownIpPermissions"][0]["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8:1::/48"}], answer
assert described()["IpPermissions"] == []
ec2.revoke_security_group_egress(GroupId=web, IpPermissions=out)

# What is launched into them has them in its metadata; so has what is moved.
launch = {"ImageId": image(ec2, "al2023-ami-*"), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
groups = {"SecurityGroupIds": [web], "SecurityGroups": ["default"]}
(made,) = ec2.run_instances(PrivateIpAddress=ADDRESS, **groups, **launch)["Instances"]
assert [it["GroupName"] for it in made["SecurityGroups"]] == ["web", "default"], made["SecurityGroups"]
one = running(ec2, made["InstanceId"])
mac = one["NetworkInterfaces"][0]["MacAddress"]


def in_metadata():
    ids = metadata(f"network/interfaces/macs/{mac}/security-group-ids", ADDRESS)
    return metadata("security-groups", ADDRESS), ids


eventually("its groups", lambda: in_metadata() == ("web\ndefault", f"{web}\n{default['GroupId']}"))
found = ec2.describe_instances(Filters=[{"Name": "instance.group-name", "Values": ["web"]}])["Reservations"]
assert found[0]["Instances"][0]["InstanceId"] == one["InstanceId"], found
words = f"resource {web} has a dependent object"
refused("DependencyViolation", ec2.delete_security_group, words=words, GroupId=web)
ec2.modify_instance_attribute(InstanceId=one["InstanceId"], Groups=[default["GroupId"]])
eventually("the default group", lambda: in_metadata() == ("default", default["GroupId"]))
eni = one["NetworkInterfaces"][0]["NetworkInterfaceId"]
ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[web])
eventually("the other group", lambda: in_metadata() == ("web", web))
free = ec2.create_network_interface(SubnetId=one["SubnetId"], Groups=[web])["NetworkInterface"]
assert free["Groups"] == [{"GroupId": web, "GroupName": "web"}], free
ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
refused("DependencyViolation", ec2.delete_security_group, words=words, GroupId=web)
ec2.delete_network_interface(NetworkInterfaceId=free["NetworkInterfaceId"])
refused("DependencyViolation", ec2.delete_security_group, words=words, GroupName="web")
ec2.revoke_security_group_ingress(GroupId=default["GroupId"], IpPermissions=from_web)
assert ec2.delete_security_group(GroupId=web)["GroupId"] == web
refused("InvalidGroup.NotFound", ec2.describe_security_groups, GroupIds=[web])
refused("InvalidGroup.NotFound", ec2.run_instances, SecurityGroupIds=[web], **launch)
refused("CannotDelete", ec2.delete_security_group, GroupName="default", words="cannot be deleted by a user")
