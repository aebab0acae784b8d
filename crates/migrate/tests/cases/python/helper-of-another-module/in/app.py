from urllib.parse import urlparse

from lib.web import http_get

URL = "http://169.254.169.254/latest/meta-data/instance-id"
print(urlparse(URL).netloc)
print(http_get(URL, timeout=2))
