"""Key pairs that EC2 makes: OpenSSH and OpenSSL read them, and the metadata has the public half."""

import base64
import hashlib
import hmac
import os
import subprocess
import tempfile

from lab import client, eventually, image, metadata, refused, running

ec2 = client()


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout


def public_of(material):
    """The public key of a private key, as OpenSSH has it."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "key")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(material)
        return run("ssh-keygen", "-y", "-f", path).decode().split()[:2]


def shown(name):
    return ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"][0]


# RSA, unless it is said otherwise.
spec = [{"ResourceType": "key-pair", "Tags": [{"Key": "Name", "Value": "mine"}]}]
refused("DryRunOperation", ec2.create_key_pair, KeyName="rsa", DryRun=True)
rsa = ec2.create_key_pair(KeyName="rsa", TagSpecifications=spec)
assert rsa["KeyPairId"].startswith("key-") and rsa["Tags"] == spec[0]["Tags"], rsa["Tags"]
assert rsa["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----\n"), "the form that EC2 has"
described = shown("rsa")
assert (described["KeyType"], described["KeyFingerprint"]) == ("rsa", rsa["KeyFingerprint"]), described
assert described["PublicKey"].split() == [*public_of(rsa["KeyMaterial"]), "rsa"], described
assert described["Tags"] == spec[0]["Tags"], described
der = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER", stdin=rsa["KeyMaterial"].encode())
digest = hashlib.sha1(der).hexdigest()
assert rsa["KeyFingerprint"] == ":".join(digest[at : at + 2] for at in range(0, 40, 2)), rsa["KeyFingerprint"]

# ED25519.
ed25519 = ec2.create_key_pair(KeyName="ed", KeyType="ed25519")
public = public_of(ed25519["KeyMaterial"])
assert shown("ed")["PublicKey"].split() == [*public, "ed"] and public[0] == "ssh-ed25519", public
digest = base64.b64encode(hashlib.sha256(base64.b64decode(public[1])).digest()).decode()
assert ed25519["KeyFingerprint"] == digest, ed25519["KeyFingerprint"]

# For PuTTY: the lines that its manual names, and their MAC.
for name, kind in [("ppk-rsa", "rsa"), ("ppk-ed", "ed25519")]:
    made = ec2.create_key_pair(KeyName=name, KeyType=kind, KeyFormat="ppk")
    lines = made["KeyMaterial"].splitlines()
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    algorithm = fields["PuTTY-User-Key-File-3"]
    assert algorithm == f"ssh-{kind}" and fields["Encryption"] == "none", fields

    def block(of, lines=lines, fields=fields):
        begin = lines.index(f"{of}-Lines: {fields[f'{of}-Lines']}") + 1
        return base64.b64decode("".join(lines[begin : begin + int(fields[f"{of}-Lines"])]))

    parts = [algorithm.encode(), b"none", fields["Comment"].encode(), block("Public"), block("Private")]
    signed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    assert hmac.new(b"", signed, hashlib.sha256).hexdigest() == fields["Private-MAC"], fields
    assert base64.b64encode(block("Public")).decode() == shown(name)["PublicKey"].split()[1]

# What is refused.
refused("InvalidKeyPair.Duplicate", ec2.create_key_pair, KeyName="rsa")
refused("InvalidParameterValue", ec2.create_key_pair, KeyName="x", KeyType="dsa", words="rsa or ed25519")
refused("InvalidParameterValue", ec2.create_key_pair, KeyName="x", KeyFormat="der", words="pem or ppk")
refused("InvalidParameterValue", ec2.create_key_pair, KeyName="\u00e9")

# The metadata of what is launched with it.
launch = {"ImageId": image(ec2, "al2023-ami-*"), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
(made,) = ec2.run_instances(KeyName="rsa", PrivateIpAddress="172.31.0.78", **launch)["Instances"]
running(ec2, made["InstanceId"])
served = lambda: metadata("public-keys/0/openssh-key", "172.31.0.78")
key = eventually("the metadata has it", served)
assert key.strip() == described["PublicKey"] and metadata("public-keys/", "172.31.0.78") == "0=rsa", key

# It goes with its tags.
assert ec2.delete_key_pair(KeyPairId=rsa["KeyPairId"])["KeyPairId"] == rsa["KeyPairId"]
refused("InvalidKeyPair.NotFound", ec2.describe_key_pairs, KeyNames=["rsa"])
assert not ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [rsa["KeyPairId"]]}])["Tags"]
