#!/bin/sh
while IMDS_TOKEN=$(curl -sf --connect-timeout 1 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; ! curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s --connect-timeout 1 http://169.254.169.254/latest/meta-data/ > /dev/null; do sleep 2; done
