#!/bin/bash
IMDS_TOKEN=$(curl -sf --retry 3 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" \
    --silent \
    --show-error \
    --retry 3 \
    http://169.254.169.254/latest/meta-data/instance-id
