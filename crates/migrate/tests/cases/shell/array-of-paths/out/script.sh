#!/bin/bash
declare -r BASE=http://169.254.169.254/latest/meta-data
paths=(instance-id ami-launch-index placement/region)
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
for p in "${paths[@]}"; do
  printf '%s: ' "$p"
  curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$BASE/$p"
  echo
done
