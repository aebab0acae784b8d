import requests
keys = ["instance-id", "ami-id"]
values = {k: requests.get("http://169.254.169.254/latest/meta-data/" + k, headers={"X-aws-ec2-metadata-token": requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text}).text for k in keys}
print(values)
