#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
code=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/iam/info)
if [ "$code" = 200 ]; then echo "has a role"; fi
