#!/bin/bash
CURL="curl -s --retry 2"
IMDS_TOKEN=$(curl -sf --retry 2 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ID=$($CURL -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" http://169.254.169.254/latest/meta-data/instance-id)
AMI=$($CURL -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" http://169.254.169.254/latest/meta-data/ami-id)
echo "$ID $AMI"
