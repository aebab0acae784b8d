import requests
r = requests.get("http://169.254.169.254/latest/meta-data/instance-id", headers={"Accept": "text/plain"}, timeout=2)
e = requests.get("http://169.254.169.254/latest/meta-data/ami-id", headers={})
