import requests
session = requests.Session()
session.trust_env = False
print(session.get("http://169.254.169.254/latest/meta-data/instance-id").text)
