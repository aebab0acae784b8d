import requests

PATHS = ("instance-id", "instance-type")

for path in PATHS:
    url = "http://169.254.169.254/latest/meta-data/" + path
    print(path, requests.get(url, timeout=2).text)

for name, path in {"zone": "placement/availability-zone", "region": "placement/region"}.items():
    value = requests.get(f"http://169.254.169.254/latest/meta-data/{path}").text
    print(name, value)
