#!/bin/sh
while :; do
  IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf http://169.254.169.254/latest/meta-data/instance-id) && break
  sleep 2
done
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
printf '%s\n' "$ID" "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/ami-launch-index)"
