#!/bin/bash
while sleep 5; do
  IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  HTTP_CODE=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -w '%{http_code}' -s -o /dev/null http://169.254.169.254/latest/meta-data/spot/termination-time)
  if [[ "$HTTP_CODE" -eq 200 ]]; then
    touch /run/draining
  fi
done
