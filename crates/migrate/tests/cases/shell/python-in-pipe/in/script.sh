#!/bin/bash
ACCOUNT=$(curl -s http://169.254.169.254/latest/dynamic/instance-identity/document | python3 -c "import json,sys; print(json.load(sys.stdin)['accountId'])")
echo "$ACCOUNT"
