import requests
region = lambda: requests.get("http://169.254.169.254/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text}).text
print(region())
