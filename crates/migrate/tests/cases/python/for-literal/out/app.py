import requests

PATHS = ("instance-id", "instance-type")

imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=2).text
for path in PATHS:
    url = "http://169.254.169.254/latest/meta-data/" + path
    print(path, requests.get(url, headers={"X-aws-ec2-metadata-token": imds_token}, timeout=2).text)

for name, path in {"zone": "placement/availability-zone", "region": "placement/region"}.items():
    value = requests.get(f"http://169.254.169.254/latest/meta-data/{path}", headers={"X-aws-ec2-metadata-token": imds_token}).text
    print(name, value)
