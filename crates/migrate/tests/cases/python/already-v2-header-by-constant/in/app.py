import urllib.request

HOST = "169.254.169.254"
HEADER = "X-aws-ec2-metadata-token"


def token():
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    ask = urllib.request.Request(f"http://{HOST}/latest/api/token", method="PUT", headers=ttl)
    return urllib.request.urlopen(ask).read().decode()


def read(path):
    url = f"http://{HOST}/latest/{path}"
    return urllib.request.urlopen(urllib.request.Request(url, headers={HEADER: token()})).read()


print(read("meta-data/instance-id").decode())
