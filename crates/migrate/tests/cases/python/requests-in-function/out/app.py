import requests

BASE = "http://169.254.169.254/latest/meta-data/"


def metadata(path):
    """Reads one value."""
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=(1, 2)).text
    response = requests.get(BASE + path, headers={"X-aws-ec2-metadata-token": imds_token}, timeout=(1, 2))
    response.raise_for_status()
    return response.text


print(metadata("instance-id"))
