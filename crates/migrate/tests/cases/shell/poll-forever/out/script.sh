#!/bin/bash
while true; do
    IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
    if curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/spot/instance-action | grep -q terminate; then
        systemctl stop app
    fi
    sleep 5
done
