import requests
from unittest import mock

with mock.patch("requests.get") as fake:
    fake.return_value.text = "i-0123456789abcdef0"
    print(requests.get("http://169.254.169.254/latest/meta-data/instance-id", timeout=1).text)
