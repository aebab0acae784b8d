import requests

identity = requests.get(
    "http://169.254.169.254/latest/dynamic/instance-identity/document",
    timeout=5,
).json()
print(identity)
