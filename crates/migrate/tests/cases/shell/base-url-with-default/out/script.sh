#!/bin/bash
: "${WAIT:=1}"
IMDS_TOKEN=$(curl -sfg -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "${IMDS_ENDPOINT:-http://169.254.169.254}/latest/api/token") || true
region=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "${IMDS_ENDPOINT:-http://169.254.169.254}/latest/meta-data/placement/region")
echo "$region"
