import requests
keys = ["instance-id", "ami-id"]
values = {k: requests.get("http://169.254.169.254/latest/meta-data/" + k).text for k in keys}
print(values)
