#!/bin/bash
IMDS_TOKEN=$(wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ID=$(wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -qO- http://169.254.169.254/latest/meta-data/instance-id)
AZ=`wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -q -O - http://169.254.169.254/latest/meta-data/placement/availability-zone`
echo "$ID $AZ"
