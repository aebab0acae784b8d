from urllib.request import urlopen, Request

imds_token = urlopen(Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, method="PUT"), timeout=2).read().decode()
with urlopen(Request("http://169.254.169.254/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token}), timeout=2) as answer:
    print(answer.read().decode())
