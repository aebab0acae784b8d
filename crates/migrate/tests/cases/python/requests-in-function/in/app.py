import requests

BASE = "http://169.254.169.254/latest/meta-data/"


def metadata(path):
    """Reads one value."""
    response = requests.get(BASE + path, timeout=(1, 2))
    response.raise_for_status()
    return response.text


print(metadata("instance-id"))
