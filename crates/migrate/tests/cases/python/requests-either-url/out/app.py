import sys

import requests

base = "http://169.254.169.254/latest"
url = base + "/meta-data/" if len(sys.argv) > 1 else base + "/user-data"
imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
print(requests.get(url, headers={"X-aws-ec2-metadata-token": imds_token}).text)
if (answer := requests.get((address := base + "/dynamic/instance-identity/document"), headers={"X-aws-ec2-metadata-token": imds_token})).ok:
    print(address, answer.json()["region"])
