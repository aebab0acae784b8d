import requests

HOST = "http://169.254.169.254"


def read(version, tree, path):
    url = "{host}/{0}/{tree}/{path}".format(version, host=HOST, tree=tree, path=path)
    return requests.get(url).text


print(read("latest", "meta-data", "instance-id"))
print(read("2021-03-23", path="instance-type", tree="meta-data"))
print(requests.get("{}/latest/meta-data/{}".format(HOST, "placement/region")).text)
