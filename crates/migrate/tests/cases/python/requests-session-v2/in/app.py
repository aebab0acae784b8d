import requests
s = requests.Session()
t = s.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).text
s.headers["X-aws-ec2-metadata-token"] = t
print(s.get("http://169.254.169.254/latest/meta-data/instance-id").text)
