import time
import requests
while requests.get("http://169.254.169.254/latest/meta-data/spot/instance-action", timeout=1).status_code == 404:
    time.sleep(5)
