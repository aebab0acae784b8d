#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
for url in http://169.254.169.254/latest/meta-data/instance-id http://169.254.169.254/latest/meta-data/ami-id; do
  curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$url"
done
