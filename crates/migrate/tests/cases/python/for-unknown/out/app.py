import sys
import requests

for path in sys.argv[1:]:
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
    print(requests.get("http://169.254.169.254/latest/meta-data/" + path, headers={"X-aws-ec2-metadata-token": imds_token}).text)
for path in ("instance-id", "none"):
    if path == "none":
        continue
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
    print(requests.get("http://169.254.169.254/latest/meta-data/" + path, headers={"X-aws-ec2-metadata-token": imds_token}).text)
