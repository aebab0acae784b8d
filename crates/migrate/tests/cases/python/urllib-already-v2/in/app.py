import urllib.request
req = urllib.request.Request("http://169.254.169.254/latest/api/token", method="PUT")
req.add_header("X-aws-ec2-metadata-token-ttl-seconds", "60")
token = urllib.request.urlopen(req).read().decode()
ask = urllib.request.Request("http://169.254.169.254/latest/meta-data/instance-id")
ask.add_header("X-aws-ec2-metadata-token", token)
print(urllib.request.urlopen(ask).read().decode())
