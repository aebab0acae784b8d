import boto3
import paramiko
import requests
from fabric import Connection

imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=2).text
AZ = requests.get("http://169.254.169.254/latest/meta-data/placement/availability-zone", headers={"X-aws-ec2-metadata-token": imds_token}, timeout=2).text


def remote(host, key):
    client = paramiko.SSHClient()
    client.connect(host, username="ec2-user", key_filename=key)
    _, out, _ = client.exec_command("curl -s http://169.254.169.254/latest/meta-data/instance-id")
    return out.read().decode()


def deployed(host):
    Connection(host).run("wget -qO- http://169.254.169.254/latest/meta-data/ami-id", hide=True)
    boto3.client("ssm").send_command(
        InstanceIds=[host],
        DocumentName="AWS-RunShellScript",
        Parameters={
            "commands": [
                "set -e",
                "ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)",
            ]
        },
    )


def boot(data):
    data.add_commands("yum install -y jq", "MAC=$(curl -s http://169.254.169.254/latest/meta-data/mac)")
    data.add_commands("docker exec web curl -s http://169.254.169.254/latest/meta-data/hostname")
