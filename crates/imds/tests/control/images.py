"""Images: `ImdsSupport` decides what nobody else states, and cannot be taken back."""

from lab import client, image, refused, running

ec2 = client()
al2, al2023 = image(ec2, "amzn2-ami-*"), image(ec2, "al2023-ami-*")


def described(image_id):
    return ec2.describe_images(ImageIds=[image_id])["Images"][0]


def options(image_id):
    """The options of an instance of which nothing else is said."""
    (made,) = ec2.run_instances(ImageId=image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"]
    settled = running(ec2, made["InstanceId"])["MetadataOptions"]
    return settled["HttpTokens"], settled["HttpPutResponseHopLimit"]


assert described(al2023)["ImdsSupport"] == "v2.0" and "ImdsSupport" not in described(al2)
assert options(al2) == ("optional", 1) and options(al2023) == ("required", 2)

# An image of one's own: without support, then with it, for ever.
mine = ec2.register_image(Name="mine", RootDeviceName="/dev/xvda", Description="one")["ImageId"]
assert options(mine) == ("optional", 1)
assert "ImdsSupport" not in described(mine) and described(mine)["State"] == "available"
supported = ec2.describe_image_attribute(ImageId=mine, Attribute="imdsSupport")
assert supported.get("ImdsSupport", {}) == {}, supported
ec2.modify_image_attribute(ImageId=mine, ImdsSupport={"Value": "v2.0"})
supported = ec2.describe_image_attribute(ImageId=mine, Attribute="imdsSupport")
assert supported["ImdsSupport"] == {"Value": "v2.0"}, supported
assert options(mine) == ("required", 2)
refused("InvalidParameterValue", ec2.modify_image_attribute, ImageId=mine, ImdsSupport={"Value": ""})
ec2.modify_image_attribute(ImageId=mine, Attribute="description", Value="two")
assert ec2.describe_image_attribute(ImageId=mine, Attribute="description")["Description"] == {"Value": "two"}
# Of what was asked for, even an empty list is there.
shown = ec2.describe_image_attribute(ImageId=mine, Attribute="launchPermission")
assert shown["LaunchPermissions"] == [] and "ProductCodes" not in shown, shown
v2 = ec2.register_image(Name="mine-v2", RootDeviceName="/dev/xvda", ImdsSupport="v2.0")["ImageId"]
assert described(v2)["ImdsSupport"] == "v2.0"

# Whose they are, and how they are found.
owned = {it["ImageId"] for it in ec2.describe_images(Owners=["self"])["Images"]}
assert owned == {mine, v2}, owned
found = ec2.describe_images(Filters=[{"Name": "imds-support", "Values": ["v2.0"]}])["Images"]
arm = image(ec2, "al2023-ami-*", "arm64")
assert {it["ImageId"] for it in found} == {al2023, arm, mine, v2}, found
refused("InvalidAMIName.Duplicate", ec2.register_image, Name="mine", RootDeviceName="/dev/xvda")
refused("AuthFailure", ec2.modify_image_attribute, ImageId=al2, ImdsSupport={"Value": "v2.0"})
refused("AuthFailure", ec2.deregister_image, ImageId=al2)
refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=["ami-00000000000000000"])
refused("InvalidAMIID.Malformed", ec2.describe_images, ImageIds=["mine"])
refused("DryRunOperation", ec2.deregister_image, ImageId=mine, DryRun=True)
ec2.deregister_image(ImageId=mine)
refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[mine])
