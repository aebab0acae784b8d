#!/bin/bash
GET="curl -s http://169.254.169.254/latest/meta-data"
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ID=$($GET/instance-id -H "X-aws-ec2-metadata-token: $IMDS_TOKEN")
echo "$ID"
