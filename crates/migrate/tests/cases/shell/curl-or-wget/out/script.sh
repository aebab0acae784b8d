#!/bin/sh
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
if command -v curl >/dev/null; then
  ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)
else
  ID=$(wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -qO- http://169.254.169.254/latest/meta-data/instance-id)
fi
echo "$ID"
