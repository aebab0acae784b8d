import requests
TOKEN_URL = "http://169.254.169.254/latest/api/token"
def token():
    return requests.put(TOKEN_URL, headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).text
def get(path):
    headers = {"X-aws-ec2-metadata-token": token()}
    return requests.get(f"http://169.254.169.254/latest/meta-data/{path}", headers=headers).text
