#!/bin/bash
python3 - <<'EOF'
import urllib.request
imds_token = urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, method="PUT")).read().decode()
print(urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token})).read().decode())
EOF
python -c 'import requests; print(requests.get("http://169.254.169.254/latest/meta-data/ami-id", headers={"X-aws-ec2-metadata-token": requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text}).text)'
