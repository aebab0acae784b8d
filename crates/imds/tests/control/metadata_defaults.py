"""The account's defaults: between the launch and the image, each option by itself, per Region."""

from lab import client, image, refused, running

ec2 = client()
elsewhere = client(region="eu-west-1")
al2, al2023 = image(ec2, "amzn2-ami-*"), image(ec2, "al2023-ami-*")


def settled(image_id, api=ec2, **stated):
    (made,) = api.run_instances(
        ImageId=image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1, MetadataOptions=stated
    )["Instances"]
    options = running(api, made["InstanceId"])["MetadataOptions"]
    return options["HttpTokens"], options["HttpPutResponseHopLimit"]


def account(**defaults):
    assert ec2.modify_instance_metadata_defaults(**defaults)["Return"] is True


def shown(api=ec2):
    return api.get_instance_metadata_defaults()["AccountLevel"]


# Nothing is stated at first, and what has no preference is left out.
assert set(shown()) <= {"ManagedBy"}, shown()
bystander = ec2.run_instances(ImageId=al2, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]

# The tables of the User Guide's page on the order of precedence.
account(HttpTokens="required")
assert settled(al2) == ("required", 1)
assert settled(al2, HttpTokens="optional") == ("optional", 1)
account(HttpTokens="optional")
assert settled(al2023) == ("optional", 2), "each option by itself: the hop limit is the image's"
account(HttpTokens="no-preference", HttpPutResponseHopLimit=1)
assert settled(al2023) == ("required", 1), "the account's 1 wins over the image's 2"
assert settled(al2023, HttpPutResponseHopLimit=7) == ("required", 7)
account(HttpPutResponseHopLimit=-1, HttpEndpoint="enabled", InstanceMetadataTags="enabled")
assert settled(al2023) == ("required", 2)
level = shown()
assert level["HttpEndpoint"] == level["InstanceMetadataTags"] == "enabled", level
assert "HttpTokens" not in level and "HttpPutResponseHopLimit" not in level, level
account(HttpEndpoint="no-preference", InstanceMetadataTags="no-preference")
assert set(shown()) <= {"ManagedBy"}, shown()

# Another Region is another account level, and instances that are there stay as they are.
assert set(shown(elsewhere)) <= {"ManagedBy"}
account(HttpTokens="required")
assert settled(image(elsewhere, "amzn2-ami-*"), elsewhere) == ("optional", 1)
assert running(ec2, bystander["InstanceId"])["MetadataOptions"]["HttpTokens"] == "optional"
account(HttpTokens="no-preference")

# Enforcement changes no value: it refuses what would allow IMDSv1, and turning it back.
account(HttpTokensEnforced="enabled")
assert shown()["HttpTokensEnforced"] == "enabled"
words = "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account."
launch = {"ImageId": al2, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
refused("UnsupportedOperation", ec2.run_instances, words=words, **launch)
assert settled(al2, HttpTokens="required") == ("required", 1)
assert settled(al2023) == ("required", 2)
change = ec2.modify_instance_metadata_options
refused("UnsupportedOperation", change, InstanceId=bystander["InstanceId"], HttpTokens="optional", words=words)
assert running(ec2, bystander["InstanceId"])["MetadataOptions"]["HttpTokens"] == "optional"
change(InstanceId=bystander["InstanceId"], HttpPutResponseHopLimit=3)
account(HttpTokensEnforced="no-preference")
assert settled(al2) == ("optional", 1)

# What cannot be.
defaults = ec2.modify_instance_metadata_defaults
refused("InvalidParameterValue", defaults, HttpPutResponseHopLimit=0)
refused("InvalidParameterValue", defaults, HttpPutResponseHopLimit=65)
refused("InvalidParameterValue", defaults, HttpTokens="maybe", words="HttpTokens")
refused("DryRunOperation", defaults, HttpTokens="required", DryRun=True)
assert set(shown()) <= {"ManagedBy"}, shown()
