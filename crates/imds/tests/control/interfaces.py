"""Network interfaces come and go, and the metadata follows."""

from lab import client, eventually, image, metadata, refused, running

PRIMARY, OTHER = "172.31.0.50", "172.31.0.60"

ec2 = client()
launch = {"ImageId": image(ec2, "al2023-ami-*"), "InstanceType": "t3.medium", "MinCount": 1, "MaxCount": 1}
(made,) = ec2.run_instances(PrivateIpAddress=PRIMARY, **launch)["Instances"]
one = running(ec2, made["InstanceId"])
instance_id, subnet = one["InstanceId"], one["SubnetId"]
primary = one["NetworkInterfaces"][0]["NetworkInterfaceId"]
primary_mac = one["NetworkInterfaces"][0]["MacAddress"]


def described(interface):
    return ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]


def macs():
    return sorted(mac.rstrip("/") for mac in metadata("network/interfaces/macs/", PRIMARY).split("\n"))


def of_mac(mac, leaf):
    return metadata(f"network/interfaces/macs/{mac}/{leaf}", PRIMARY)


# An interface of its own: available, with tags, and its address is nobody else's.
spec = [{"ResourceType": "network-interface", "Tags": [{"Key": "Name", "Value": "spare"}]}]
wanted = {
    "SubnetId": subnet,
    "PrivateIpAddress": OTHER,
    "Description": "a spare one",
    "TagSpecifications": spec,
    "ClientToken": "once",
}
refused("DryRunOperation", ec2.create_network_interface, DryRun=True, **{**wanted, "ClientToken": "dry"})
eni = ec2.create_network_interface(**wanted)["NetworkInterface"]
spare, mac = eni["NetworkInterfaceId"], eni["MacAddress"]
assert eni["Status"] == "pending" and eni["PrivateIpAddress"] == OTHER, eni
assert eni["TagSet"] == [{"Key": "Name", "Value": "spare"}] and eni["Description"] == "a spare one", eni
assert ec2.create_network_interface(**wanted)["NetworkInterface"]["NetworkInterfaceId"] == spare
refused("IdempotentParameterMismatch", ec2.create_network_interface, **{**wanted, "Description": "another"})
refused("InvalidIPAddress.InUse", ec2.create_network_interface, SubnetId=subnet, PrivateIpAddress=OTHER)
refused("InvalidIPAddress.InUse", ec2.run_instances, PrivateIpAddress=OTHER, **launch)
refused("InvalidSubnetID.NotFound", ec2.create_network_interface, SubnetId="subnet-00000000000000000")
refused("InvalidParameterValue", ec2.create_network_interface, SubnetId=subnet, PrivateIpAddress="10.0.0.1")
shown = described(spare)
assert shown["Status"] == "available" and "Attachment" not in shown, shown
by_status = [{"Name": "status", "Values": ["available"]}, {"Name": "tag:Name", "Values": ["spare"]}]
(found,) = ec2.describe_network_interfaces(Filters=by_status)["NetworkInterfaces"]
assert found["NetworkInterfaceId"] == spare
assert metadata("instance-id", OTHER) is None, "an address of no instance is nobody's"

# On the instance, the metadata has it.
at_one = {"NetworkInterfaceId": spare, "InstanceId": instance_id, "DeviceIndex": 1}
words = f"Instance '{instance_id}' already has an interface attached at device index '0'."
refused("InvalidParameterValue", ec2.attach_network_interface, words=words, **{**at_one, "DeviceIndex": 0})
refused("DryRunOperation", ec2.attach_network_interface, DryRun=True, **at_one)
attachment = ec2.attach_network_interface(**at_one)["AttachmentId"]
eventually("the metadata has both", lambda: macs() == sorted([primary_mac, mac]))
assert of_mac(mac, "local-ipv4s") == OTHER and of_mac(mac, "interface-id") == spare
assert of_mac(mac, "device-number") == "1"
eventually("its address is the instance's", lambda: metadata("instance-id", OTHER) == instance_id)
shown = described(spare)
assert shown["Status"] == "in-use" and shown["Attachment"]["InstanceId"] == instance_id, shown
assert shown["Attachment"]["AttachmentId"] == attachment and shown["Attachment"]["DeleteOnTermination"] is False, shown
assert shown["Description"] == "a spare one" and shown["MacAddress"] == mac, shown
refused("InvalidNetworkInterface.InUse", ec2.attach_network_interface, words="in use", **{**at_one, "DeviceIndex": 2})
refused("InvalidParameterValue", ec2.delete_network_interface, NetworkInterfaceId=spare, words="currently in use")

# Addresses.
assigned = ec2.assign_private_ip_addresses(NetworkInterfaceId=spare, PrivateIpAddresses=["172.31.0.61"])
assert [it["PrivateIpAddress"] for it in assigned["AssignedPrivateIpAddresses"]] == ["172.31.0.61"], assigned
more = ec2.assign_private_ip_addresses(NetworkInterfaceId=spare, SecondaryPrivateIpAddressCount=1)
more = more["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
eventually("three addresses", lambda: of_mac(mac, "local-ipv4s") == f"{OTHER}\n172.31.0.61\n{more}")
eventually("one of them asks", lambda: metadata("instance-id", "172.31.0.61") == instance_id)
refused("InvalidIPAddress.InUse", ec2.assign_private_ip_addresses, NetworkInterfaceId=primary, PrivateIpAddresses=[more])
refused("InvalidParameterValue", ec2.unassign_private_ip_addresses, NetworkInterfaceId=spare, PrivateIpAddresses=[OTHER])
words = f"Some of [172.31.0.99] are not assigned to interface {spare}"
gone = {"NetworkInterfaceId": spare, "PrivateIpAddresses": ["172.31.0.99"]}
refused("InvalidParameterValue", ec2.unassign_private_ip_addresses, words=words, **gone)
ec2.unassign_private_ip_addresses(NetworkInterfaceId=spare, PrivateIpAddresses=["172.31.0.61", more])
eventually("one address", lambda: of_mac(mac, "local-ipv4s") == OTHER)
assert metadata("instance-id", "172.31.0.61") is None, "it was an instance's, and is nobody's"
prefix = ec2.assign_private_ip_addresses(NetworkInterfaceId=spare, Ipv4Prefixes=["172.31.1.0/28"])
assert prefix["AssignedIpv4Prefixes"] == [{"Ipv4Prefix": "172.31.1.0/28"}], prefix
eventually("a prefix", lambda: of_mac(mac, "ipv4-prefix") == "172.31.1.0/28")
ec2.unassign_private_ip_addresses(NetworkInterfaceId=spare, Ipv4Prefixes=["172.31.1.0/28"])
eventually("no prefix", lambda: of_mac(mac, "ipv4-prefix") is None)
refused("MissingParameter", ec2.assign_private_ip_addresses, NetworkInterfaceId=spare)

words = "Number of private addresses will exceed limit."
many = {"NetworkInterfaceId": spare, "SecondaryPrivateIpAddressCount": 6}
refused("PrivateIpAddressLimitExceeded", ec2.assign_private_ip_addresses, words=words, **many)

# Attributes.
ec2.modify_network_interface_attribute(NetworkInterfaceId=spare, Description={"Value": "changed"})
ec2.modify_network_interface_attribute(NetworkInterfaceId=spare, SourceDestCheck={"Value": False})
shown = described(spare)
assert shown["Description"] == "changed" and shown["SourceDestCheck"] is False, shown
assert described(primary)["SourceDestCheck"] is True
refused("InvalidParameterCombination", ec2.modify_network_interface_attribute, NetworkInterfaceId=spare)

# Off the instance again: the others keep their ids and names.
refused("OperationNotPermitted", ec2.detach_network_interface, AttachmentId=described(primary)["Attachment"]["AttachmentId"])
refused("InvalidAttachmentID.NotFound", ec2.detach_network_interface, AttachmentId="eni-attach-00000000000000000")
second = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
ec2.attach_network_interface(**{**at_one, "NetworkInterfaceId": second["NetworkInterfaceId"], "DeviceIndex": 2})
eventually("three interfaces", lambda: len(macs()) == 3)
third = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
words = "Interface count 4 exceeds the limit for t3.medium"
beyond = {**at_one, "NetworkInterfaceId": third, "DeviceIndex": 3}
refused("AttachmentLimitExceeded", ec2.attach_network_interface, words=words, **beyond)
ec2.detach_network_interface(AttachmentId=attachment)
eventually("it is gone", lambda: macs() == sorted([primary_mac, second["MacAddress"]]))
assert of_mac(second["MacAddress"], "interface-id") == second["NetworkInterfaceId"]
assert of_mac(primary_mac, "interface-id") == primary
assert described(spare)["Status"] == "available" and described(spare)["Description"] == "changed"
assert metadata("instance-id", OTHER) is None
ec2.delete_network_interface(NetworkInterfaceId=spare)
refused("InvalidNetworkInterfaceID.NotFound", ec2.delete_network_interface, NetworkInterfaceId=spare)
assert not ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [spare]}])["Tags"]

# What does not end with the instance is there afterwards.
attached = second["NetworkInterfaceId"]
ec2.terminate_instances(InstanceIds=[instance_id])
assert described(attached)["Status"] == "available"
refused("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, NetworkInterfaceIds=[primary])
ec2.delete_network_interface(NetworkInterfaceId=attached)

# A launch with interfaces that are there: their addresses, names and tags are the instance's from the start.
spec = [{"ResourceType": "network-interface", "Tags": [{"Key": "Name", "Value": "first"}]}]
wanted = {"SubnetId": subnet, "PrivateIpAddress": PRIMARY, "Description": "kept", "TagSpecifications": spec}
first = ec2.create_network_interface(**wanted)["NetworkInterface"]
second = ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=OTHER)["NetworkInterface"]
first_id, second_id = first["NetworkInterfaceId"], second["NetworkInterfaceId"]
at = {"DeviceIndex": 0, "NetworkInterfaceId": first_id}
for code, words, nic in [
    ("InvalidNetworkInterfaceID.NotFound", "does not exist", {**at, "NetworkInterfaceId": "eni-00000000000000000"}),
    ("InvalidParameterCombination", "ID and a subnet", {**at, "SubnetId": subnet}),
    ("InvalidParameterCombination", "ID and delete on termination as true", {**at, "DeleteOnTermination": True}),
    ("InvalidParameterCombination", "ID and private addresses", {**at, "SecondaryPrivateIpAddressCount": 1}),
]:
    refused(code, ec2.run_instances, words=words, NetworkInterfaces=[nic], **launch)
refused("InvalidParameterCombination", ec2.run_instances, NetworkInterfaces=[at], **{**launch, "MaxCount": 2})
twice = [at, {**at, "DeviceIndex": 1}]
refused("InvalidNetworkInterface.InUse", ec2.run_instances, NetworkInterfaces=twice, **launch)
zones = {it["AvailabilityZone"]: it["SubnetId"] for it in ec2.describe_subnets()["Subnets"]}
elsewhere = next(it for zone, it in zones.items() if it != subnet)
apart = [at, {"DeviceIndex": 1, "SubnetId": elsewhere}]
refused("InvalidParameterValue", ec2.run_instances, words="is not in", NetworkInterfaces=apart, **launch)
both = [at, {"DeviceIndex": 1, "NetworkInterfaceId": second_id}]
refused("DryRunOperation", ec2.run_instances, DryRun=True, NetworkInterfaces=both, **launch)
assert described(first_id)["Status"] == "available", "nothing is taken by what is refused"
tags = [{"ResourceType": "network-interface", "Tags": [{"Key": "Name", "Value": "other"}]}]
(made,) = ec2.run_instances(NetworkInterfaces=both, TagSpecifications=tags, **launch)["Instances"]
kept = running(ec2, made["InstanceId"])
assert [it["NetworkInterfaceId"] for it in kept["NetworkInterfaces"]] == [first_id, second_id], kept
assert kept["PrivateIpAddress"] == PRIMARY and kept["NetworkInterfaces"][0]["MacAddress"] == first["MacAddress"], kept
eventually("its address is the instance's", lambda: metadata("instance-id", PRIMARY) == kept["InstanceId"])
assert metadata("mac", PRIMARY) == first["MacAddress"] and of_mac(first["MacAddress"], "interface-id") == first_id
assert metadata("instance-id", OTHER) == kept["InstanceId"]
shown = described(first_id)
assert shown["Status"] == "in-use" and shown["Description"] == "kept", shown
assert shown["TagSet"] == [{"Key": "Name", "Value": "first"}], shown
assert shown["Attachment"]["DeleteOnTermination"] is False, shown
refused("InvalidNetworkInterface.InUse", ec2.run_instances, NetworkInterfaces=[at], **launch)
ec2.terminate_instances(InstanceIds=[kept["InstanceId"]])
assert described(first_id)["Status"] == described(second_id)["Status"] == "available"
eventually("nobody has its address", lambda: metadata("instance-id", PRIMARY) is None)

# The next instance has them at once.
(made,) = ec2.run_instances(NetworkInterfaces=[at], **launch)["Instances"]
eventually("its address is the next one's", lambda: metadata("instance-id", PRIMARY) == made["InstanceId"])
ec2.terminate_instances(InstanceIds=[made["InstanceId"]])

# What a launch asks of an interface is kept, also by the primary one: it outlives the instance if it is to.
first = {"DeviceIndex": 0, "PrivateIpAddress": "172.31.0.62", "Description": "outlives", "DeleteOnTermination": False}
second = {"DeviceIndex": 1, "SubnetId": subnet, "Description": "ends", "DeleteOnTermination": True}
first["SubnetId"] = subnet
(made,) = ec2.run_instances(NetworkInterfaces=[first, second], **launch)["Instances"]
shown = [(it["Description"], it["Attachment"]["DeleteOnTermination"]) for it in made["NetworkInterfaces"]]
assert shown == [("outlives", False), ("ends", True)], shown
outlives, ends = (it["NetworkInterfaceId"] for it in made["NetworkInterfaces"])
at_two = described(ends)["Attachment"]["AttachmentId"]
stays = {"AttachmentId": at_two, "DeleteOnTermination": False}
words = f"The networkInterface attachment ID '{at_two}' does not exist"
change = ec2.modify_network_interface_attribute
refused("InvalidAttachmentID.NotFound", change, words=words, NetworkInterfaceId=outlives, Attachment=stays)
change(NetworkInterfaceId=ends, Attachment=stays)
change(NetworkInterfaceId=ends, Attachment={**stays, "DeleteOnTermination": True})
ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
left = described(outlives)
assert (left["Status"], left["PrivateIpAddress"], left["Description"]) == ("available", "172.31.0.62", "outlives"), left
refused("InvalidNetworkInterfaceID.NotFound", ec2.describe_network_interfaces, NetworkInterfaceIds=[ends])
refused("InvalidIPAddress.InUse", ec2.run_instances, PrivateIpAddress="172.31.0.62", **launch)
ec2.delete_network_interface(NetworkInterfaceId=outlives)
