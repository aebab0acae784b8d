import requests


def outer():
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
    zone = requests.get("http://169.254.169.254/latest/meta-data/placement/availability-zone", headers={"X-aws-ec2-metadata-token": imds_token}).text

    def inner():
        imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
        return requests.get("http://169.254.169.254/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": imds_token}).text

    return zone, inner()


print(outer())
