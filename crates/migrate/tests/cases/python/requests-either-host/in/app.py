import os

import requests

host = "localhost:1338" if os.environ.get("TEST") else "169.254.169.254"
print(requests.get(f"http://{host}/latest/meta-data/ami-id").text)
region = "http://169.254.169.254/latest/meta-data/placement/region"
print(requests.get(region if os.environ.get("AWS") else None).text)
