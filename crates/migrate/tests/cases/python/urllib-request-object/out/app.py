import urllib.request
imds_token = urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, method="PUT")).read().decode()
req = urllib.request.Request("http://169.254.169.254/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token})
print(urllib.request.urlopen(req).read().decode())
