#!/bin/bash
IMDS_TOKEN=$(wget -qO- -T 2 -t 1 --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -q -T 2 -t 1 http://169.254.169.254/latest/meta-data/instance-id -O /etc/id
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" --quiet --tries=3 --output-document=/etc/ami http://169.254.169.254/latest/meta-data/ami-id
