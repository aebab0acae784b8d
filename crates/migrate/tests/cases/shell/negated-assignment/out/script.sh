#!/bin/bash
set -e
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
if ! ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf http://169.254.169.254/latest/meta-data/instance-id); then
  echo "not on EC2" >&2
  exit 3
fi
[[ $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf http://169.254.169.254/latest/meta-data/instance-type) == t[23].* ]] && echo "$ID is small"
