import requests
from typing import Optional

_BASE = "http://169.254.169.254/latest"
_http = requests.Session()

class Page:
    def get_token():
        url = "http://169.254.169.254/latest/api/token"
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": "3600"}
        return requests.put(url, headers=headers).text

    def get_instance_metadata(token, endpoint):
        url = f"http://169.254.169.254/latest/meta-data/{endpoint}"
        headers = {"X-aws-ec2-metadata-token": token}
        response = requests.get(url, headers=headers)
        return response.text

def _get(path: str, token: str) -> Optional[str]:
    r = _http.get(f"{_BASE}/{path.lstrip('/')}", headers={"X-aws-ec2-metadata-token": token}, timeout=2)
    return r.text

def other(path):
    h = {}
    t = _token()
    if t:
        h["X-aws-ec2-metadata-token"] = t
    return requests.get(_BASE + path, headers=h)

def kw(path):
    kwargs = {"headers": {"X-aws-ec2-metadata-token": _token()}}
    return requests.get(_BASE + path, **kwargs)

def fallback(path):
    try:
        tok = requests.put(_BASE + "/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).text
        return requests.get(_BASE + path, headers={"X-aws-ec2-metadata-token": tok})
    except Exception:
        return requests.get(_BASE + path)
