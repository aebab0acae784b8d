import requests
def fetch(url):
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=2).text
    return requests.get(url, headers={"X-aws-ec2-metadata-token": imds_token}, timeout=2).text
print(fetch("http://169.254.169.254/latest/meta-data/instance-id"), fetch(url="http://169.254.169.254/latest/meta-data/ami-id"))
