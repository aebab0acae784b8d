#!/bin/bash
python3 - <<'EOF'
import urllib.request
print(urllib.request.urlopen("http://169.254.169.254/latest/meta-data/instance-id").read().decode())
EOF
python -c 'import requests; print(requests.get("http://169.254.169.254/latest/meta-data/ami-id").text)'
