import sys
import requests

for path in sys.argv[1:]:
    print(requests.get("http://169.254.169.254/latest/meta-data/" + path).text)
for path in ("instance-id", "none"):
    if path == "none":
        continue
    print(requests.get("http://169.254.169.254/latest/meta-data/" + path).text)
