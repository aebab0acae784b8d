import requests

HOST = "http://169.254.169.254"


def read(version, tree, path):
    url = "{host}/{0}/{tree}/{path}".format(version, host=HOST, tree=tree, path=path)
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
    return requests.get(url, headers={"X-aws-ec2-metadata-token": imds_token}).text


print(read("latest", "meta-data", "instance-id"))
print(read("2021-03-23", path="instance-type", tree="meta-data"))
imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
print(requests.get("{}/latest/meta-data/{}".format(HOST, "placement/region"), headers={"X-aws-ec2-metadata-token": imds_token}).text)
