#!/bin/bash
IMDS_TOKEN=$(\curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -q http://169.254.169.254/latest/meta-data/instance-id -O id.txt
\curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sSf http://169.254.169.254/latest/meta-data/instance-type
echo
\curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/placement/region | tr a-z A-Z
cat id.txt
