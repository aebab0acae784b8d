import time
import requests
print(requests.get("http://169.254.169.254/latest/meta-data/instance-id").text)
while True:
    r = requests.get("http://169.254.169.254/latest/meta-data/spot/instance-action")
    if r.status_code == 200:
        break
    time.sleep(5)
