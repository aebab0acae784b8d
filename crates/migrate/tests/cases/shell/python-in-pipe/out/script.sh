#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ACCOUNT=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/dynamic/instance-identity/document | python3 -c "import json,sys; print(json.load(sys.stdin)['accountId'])")
echo "$ACCOUNT"
