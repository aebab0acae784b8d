#!/bin/bash
IMDS_TOKEN=$(curl -sf --max-time 1 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
if curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf --max-time 1 http://169.254.169.254/latest/meta-data/ >/dev/null; then
    echo "on EC2"
elif [ -e /etc/other ]; then
    echo other
fi
