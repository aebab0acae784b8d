import requests
region = lambda: requests.get("http://169.254.169.254/latest/meta-data/placement/region").text
print(region())
