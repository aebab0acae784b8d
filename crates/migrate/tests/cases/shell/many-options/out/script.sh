#!/bin/bash
IMDS_TOKEN=$(curl -sf --retry 3 --retry-delay 0 --connect-timeout 2 --max-time 5 --noproxy '*' -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --timeout=2 --tries=1 --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sS --fail --location --retry 3 --retry-delay 0 --connect-timeout 2 --max-time 5 \
  --noproxy '*' "http://169.254.169.254/latest/meta-data/instance-id")
echo "$ID"
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" --quiet --timeout=2 --tries=1 --output-document=/tmp/zone \
  http://169.254.169.254/latest/meta-data/placement/availability-zone && cat /tmp/zone
