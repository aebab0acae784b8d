import requests
h = {"Accept": "text/plain"}
r = requests.get("http://169.254.169.254/latest/meta-data/instance-id", headers=h)
