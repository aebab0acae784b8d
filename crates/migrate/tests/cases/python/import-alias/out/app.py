import requests as r
import urllib.request as u
from urllib import request as q

imds_token = r.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=2).text
print(r.get("http://169.254.169.254/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token}, timeout=2).text)
print(u.urlopen(u.Request("http://169.254.169.254/latest/meta-data/instance-type", headers={"X-aws-ec2-metadata-token": imds_token})).read().decode())
print(q.urlopen(q.Request("http://169.254.169.254/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": imds_token})).read().decode())
