#!/bin/bash
IMDS_TOKEN=$(curl -sf --connect-timeout 2 -m 5 --retry 3 --retry-delay 1 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" --connect-timeout 2 -m 5 --retry 3 --retry-delay 1 -sf http://169.254.169.254/latest/meta-data/instance-id
