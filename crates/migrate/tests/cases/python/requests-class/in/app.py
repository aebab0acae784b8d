import requests


class Metadata(object):
    ROOT = "http://169.254.169.254/latest/meta-data/"

    def __init__(self):
        self.url = self.ROOT

    def get(self, path):
        if path:
            return requests.get(self.url + path).text
        return requests.get(url=self.ROOT, timeout=3).text
