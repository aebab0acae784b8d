import requests
HOST = "169.254.169.254"
def get(key):
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
    return requests.get(f"http://{HOST}/latest/meta-data/{key}", headers={"X-aws-ec2-metadata-token": imds_token}).text
print(get("ami-id"))
