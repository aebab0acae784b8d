"""Packer itself: two builds of its `amazon-ebs`, the second in place of the first, and what they leave."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from lab import client, image, refused, running

PROGRAM = Path(os.environ["IMDS_TEST_PACKER"]) / "usr/bin/packer"
NAME = "golden 2026"
# What a provisioner of the build sees: as the instance, from its address.
PROVISIONER = """
address=$(aws ec2 describe-instances --instance-ids {{build `ID`}} --output text \\
    --query 'Reservations[].Instances[].PrivateIpAddress')
ask() { curl -sSf --interface "$address" "$@"; }
token=$(ask -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "http://$IMDS_ADDRESS/latest/api/token")
for path in instance-id ami-id security-groups public-keys/; do
    ask -H "X-aws-ec2-metadata-token: $token" "http://$IMDS_ADDRESS/latest/meta-data/$path"
    echo
done > seen
"""

ec2 = client()


def volume(device, size):
    return {
        "device_name": device,
        "volume_size": size,
        "volume_type": "gp3",
        "iops": 3000,
        "throughput": 125,
        "delete_on_termination": True,
    }


def template(**more):
    builder = {
        "type": "amazon-ebs",
        "region": os.environ["AWS_REGION"],
        "custom_endpoint_ec2": os.environ["AWS_ENDPOINT_URL_EC2"],
        "source_ami_filter": {
            "filters": {"name": "al2023-ami-*", "architecture": "x86_64", "root-device-type": "ebs"},
            "owners": ["amazon"],
            "most_recent": True,
        },
        "instance_type": "t3.micro",
        # What it would speak with by SSH is not there: an instance is metadata.
        "communicator": "none",
        "ami_name": NAME,
        "ami_description": "made by Packer",
        "ami_users": ["111122223333"],
        "snapshot_users": ["111122223333"],
        "launch_block_device_mappings": [volume("/dev/xvda", 20), volume("/dev/sdf", 5)],
        "run_tags": {"Name": "Packer Builder"},
        "run_volume_tags": {"of": "the build"},
        "tags": {"team": "platform", "base": "{{ .SourceAMIName }}"},
        "snapshot_tags": {"of": "golden"},
        "aws_polling": {"delay_seconds": 1, "max_attempts": 60},
        **more,
    }
    return {
        "builders": [builder],
        "provisioners": [{"type": "shell-local", "inline": [PROVISIONER]}],
        "post-processors": [{"type": "manifest", "output": "manifest.json"}],
    }


def build(home, name, **more):
    """Runs Packer; gives back the image that it names, and what its provisioner saw."""
    (home / f"{name}.json").write_text(json.dumps(template(**more)))
    own = {"HOME": str(home), "PACKER_CONFIG_DIR": str(home), "CHECKPOINT_DISABLE": "1", "TMPDIR": str(home)}
    done = subprocess.run(
        [PROGRAM, "build", "-color=false", f"{name}.json"],
        cwd=home,
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    last = json.loads((home / "manifest.json").read_text())["builds"][-1]
    region, image_id = last["artifact_id"].split(":")
    assert region == os.environ["AWS_REGION"], last
    return image_id, (home / "seen").read_text().split("\n")


def what_is_there():
    """The names of key pairs and groups, and the ids of live instances and volumes."""
    reservations = ec2.describe_instances()["Reservations"]
    instances = [it for reservation in reservations for it in reservation["Instances"]]
    return {
        "key pairs": [it["KeyName"] for it in ec2.describe_key_pairs()["KeyPairs"]],
        "groups": [it["GroupName"] for it in ec2.describe_security_groups()["SecurityGroups"]],
        "instances": [it["InstanceId"] for it in instances if it["State"]["Name"] != "terminated"],
        "volumes": [it["VolumeId"] for it in ec2.describe_volumes()["Volumes"]],
    }


def check(image_id):
    """The image is what its template says, and has what its base hands on; gives back its snapshots."""
    (made,) = ec2.describe_images(ImageIds=[image_id])["Images"]
    (base,) = ec2.describe_images(ImageIds=[al2023])["Images"]
    assert (made["Name"], made["Description"], made["ImdsSupport"]) == (NAME, "made by Packer", "v2.0"), made
    tags = {tag["Key"]: tag["Value"] for tag in made["Tags"]}
    assert tags == {"team": "platform", "base": base["Name"]}, tags
    mapped = {it["DeviceName"]: it["Ebs"] for it in made["BlockDeviceMappings"]}
    assert {name: ebs["VolumeSize"] for name, ebs in mapped.items()} == {"/dev/xvda": 20, "/dev/sdf": 5}, mapped
    permitted = ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
    assert permitted["LaunchPermissions"] == [{"UserId": "111122223333"}], permitted
    snapshots = [ebs["SnapshotId"] for ebs in mapped.values()]
    for shown in ec2.describe_snapshots(SnapshotIds=snapshots)["Snapshots"]:
        assert {tag["Key"]: tag["Value"] for tag in shown["Tags"]}["of"] == "golden", shown
        permitted = ec2.describe_snapshot_attribute(SnapshotId=shown["SnapshotId"], Attribute="createVolumePermission")
        assert permitted["CreateVolumePermissions"] == [{"UserId": "111122223333"}], permitted
    return snapshots


al2023 = image(ec2, "al2023-ami-*")
before = what_is_there()
with tempfile.TemporaryDirectory() as directory:
    home = Path(directory)
    first, seen = build(home, "first")
    snapshots = check(first)
    (made,) = ec2.describe_images(ImageIds=[first])["Images"]
    assert seen[:2] == [made["SourceInstanceId"], al2023], seen
    assert seen[2].startswith("packer_") and seen[3].startswith("0=packer_"), seen
    assert what_is_there() == before, "what it made for the build is gone"

    # Launches from it require tokens, as those from its base.
    (one,) = ec2.run_instances(ImageId=first, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"]
    options = running(ec2, one["InstanceId"])["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 2), options
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])

    second, _ = build(home, "second", force_deregister=True, force_delete_snapshot=True)
    assert second != first
    check(second)
    refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[first])
    refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=snapshots[:1])
    assert what_is_there() == before
