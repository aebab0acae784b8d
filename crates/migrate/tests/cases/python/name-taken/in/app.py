import requests
imds_token = "x"
print(requests.get("http://169.254.169.254/latest/meta-data/instance-id").text)
