"""Two functions, each with a token of its own."""
import json
import urllib.request

BASE = "http://169.254.169.254/latest"


def region():
    imds_token = urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, method="PUT")).read().decode()
    document = urllib.request.urlopen(urllib.request.Request(BASE + "/dynamic/instance-identity/document", headers={"X-aws-ec2-metadata-token": imds_token})).read()
    return json.loads(document)["region"]


def names():
    imds_token = urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, method="PUT")).read().decode()
    first = urllib.request.urlopen(urllib.request.Request(BASE + "/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token})).read().decode()
    try:
        second = urllib.request.urlopen(urllib.request.Request(BASE + "/meta-data/nothing", headers={"X-aws-ec2-metadata-token": imds_token})).read().decode()
    except OSError as error:
        second = str(error)
    return first, second


print(region(), *names())
