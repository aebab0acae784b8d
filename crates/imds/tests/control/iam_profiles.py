"""Instance profiles come, change and go, and the metadata's `iam/` with them."""

import json

from lab import client, eventually, image, instance, metadata, refused, running

ec2 = client()
launch = {"ImageId": image(ec2, "al2023-ami-*"), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
(made,) = ec2.run_instances(PrivateIpAddress="172.31.0.40", **launch)["Instances"]
one = running(ec2, made["InstanceId"])["InstanceId"]


def role():
    return metadata("iam/security-credentials/", "172.31.0.40")


def associations(**asked):
    return ec2.describe_iam_instance_profile_associations(**asked)["IamInstanceProfileAssociations"]


def associated(association_id):
    of_this = [{"Name": "instance-id", "Values": [one]}, {"Name": "state", "Values": ["associated"]}]
    (shown,) = eventually("it is associated", lambda: associations(Filters=of_this))
    assert shown["AssociationId"] == association_id, shown
    return shown


assert metadata("iam/", "172.31.0.40") is None and associations() == []
first = ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile={"Name": "app"})["IamInstanceProfileAssociation"]
assert first["State"] == "associating" and first["InstanceId"] == one, first
assert first["IamInstanceProfile"]["Arn"] == "arn:aws:iam::123456789012:instance-profile/app", first
associated(first["AssociationId"])
assert role() == "app", "once it says `associated`, it is served"
assert '"Code" : "Success"' in metadata("iam/security-credentials/app", "172.31.0.40")
assert instance(ec2, one)["IamInstanceProfile"] == first["IamInstanceProfile"]
words = f"There is an existing association for instance {one}"
refused("IncorrectState", ec2.associate_iam_instance_profile, InstanceId=one, IamInstanceProfile={"Name": "db"}, words=words)

# Replaced: another association, another role.
arn = {"Arn": "arn:aws:iam::123456789012:instance-profile/db"}
second = ec2.replace_iam_instance_profile_association(AssociationId=first["AssociationId"], IamInstanceProfile=arn)
second = second["IamInstanceProfileAssociation"]
assert second["AssociationId"] != first["AssociationId"] and second["State"] == "associating", second
associated(second["AssociationId"])
assert role() == "db" and metadata("iam/security-credentials/app", "172.31.0.40") is None
refused("NoSuchAssociation", ec2.disassociate_iam_instance_profile, AssociationId=first["AssociationId"], words=first["AssociationId"])
refused("NoSuchAssociation", ec2.describe_iam_instance_profile_associations, AssociationIds=[first["AssociationId"]])
assert [it["AssociationId"] for it in associations(AssociationIds=[second["AssociationId"]])] == [second["AssociationId"]]

# The id is the profile's: another one with another profile, and the same one when it comes back, there as here.
assert first["IamInstanceProfile"]["Id"] != second["IamInstanceProfile"]["Id"], second
info = json.loads(metadata("iam/info", "172.31.0.40"))
assert info["InstanceProfileId"] == second["IamInstanceProfile"]["Id"], info
assert info["LastUpdated"] == associations()[0]["Timestamp"].strftime("%Y-%m-%dT%H:%M:%SZ"), info
(other,) = ec2.run_instances(IamInstanceProfile={"Name": "app"}, **launch)["Instances"]
assert other["IamInstanceProfile"] == first["IamInstanceProfile"], other
ec2.terminate_instances(InstanceIds=[other["InstanceId"]])

# Gone.
ended = ec2.disassociate_iam_instance_profile(AssociationId=second["AssociationId"])["IamInstanceProfileAssociation"]
assert (ended["State"], ended["AssociationId"]) == ("disassociating", second["AssociationId"]), ended
eventually("iam/ is gone", lambda: metadata("iam/", "172.31.0.40") is None)
assert associations() == [] and "IamInstanceProfile" not in instance(ec2, one)

# At launch; and a terminated instance has none.
several = ec2.run_instances(IamInstanceProfile={"Name": "app"}, **{**launch, "MinCount": 7, "MaxCount": 7})["Instances"]
pages = ec2.get_paginator("describe_iam_instance_profile_associations").paginate(PaginationConfig={"PageSize": 5})
assert len({it["AssociationId"] for page in pages for it in page["IamInstanceProfileAssociations"]}) == 7
ec2.terminate_instances(InstanceIds=[it["InstanceId"] for it in several])
assert associations() == []
refused("IncorrectInstanceState", ec2.associate_iam_instance_profile, InstanceId=several[0]["InstanceId"], IamInstanceProfile={"Name": "db"})
for code, profile in [
    ("InvalidParameterValue", {"Name": "a/b"}),
    ("InvalidParameterValue", {"Arn": "arn:aws:iam::123456789012:role/app"}),
    ("InvalidParameterCombination", {**arn, "Name": "db"}),
    ("MissingParameter", {}),
]:
    refused(code, ec2.associate_iam_instance_profile, InstanceId=one, IamInstanceProfile=profile)
