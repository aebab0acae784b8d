import os

import requests

url = "http://169.254.169.254/latest/meta-data/instance-id"
name = os.environ.get("NAME") or requests.get(url, timeout=2).text
zone = "here" if os.environ.get("ZONE") else requests.get("http://169.254.169.254/latest/meta-data/placement/availability-zone", timeout=2).text
if name == "x":
    pass
elif requests.get("http://169.254.169.254/latest/meta-data/mac", timeout=2).ok:
    print(name, zone)
