import requests

r = requests.get("http://169.254.169.254/latest/meta-data/instance-id", timeout=2)
print(r.text)
