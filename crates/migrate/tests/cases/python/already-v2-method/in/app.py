import requests, urllib.request
BASE = "http://169.254.169.254/latest"
class C:
    def __init__(self):
        self.s = requests.Session()
        self.s.headers["X-aws-ec2-metadata-token"] = self.s.put(BASE + "/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).text
    def get(self, p):
        return self.s.get("{}/meta-data/{}".format(BASE, p)).text
    def two(self, p):
        h = self._headers()
        return requests.get(f"{BASE}/meta-data/{p}", headers=h).text
    def _headers(self):
        return {"X-aws-ec2-metadata-token": self.t}
def token():
    r = urllib.request.Request(BASE + "/api/token", method="PUT")
    r.add_header("X-aws-ec2-metadata-token-ttl-seconds", "60")
    return urllib.request.urlopen(r).read().decode()
def az():
    r = urllib.request.Request(BASE + "/meta-data/placement/availability-zone")
    r.add_header("X-aws-ec2-metadata-token", token())
    return urllib.request.urlopen(r).read()
