import requests


class Metadata(object):
    ROOT = "http://169.254.169.254/latest/meta-data/"

    def __init__(self):
        self.url = self.ROOT

    def get(self, path):
        if path:
            imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
            return requests.get(self.url + path, headers={"X-aws-ec2-metadata-token": imds_token}).text
        imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=3).text
        return requests.get(url=self.ROOT, headers={"X-aws-ec2-metadata-token": imds_token}, timeout=3).text
