#!/bin/bash
set -e
IMDS_TOKEN=$(curl -sf -m 2 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ID=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sm 2 http://169.254.169.254/latest/meta-data/instance-id)
TYPE=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sSm2 http://169.254.169.254/latest/meta-data/instance-type)
echo "$ID $TYPE"
