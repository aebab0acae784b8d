import sys

import requests

base = "http://169.254.169.254/latest"
url = base + "/meta-data/" if len(sys.argv) > 1 else base + "/user-data"
print(requests.get(url).text)
if (answer := requests.get((address := base + "/dynamic/instance-identity/document"))).ok:
    print(address, answer.json()["region"])
