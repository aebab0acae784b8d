#!/bin/sh
IMDS_TOKEN=$(curl -sf -x "" -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- -e use_proxy=no --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s --tls-max 1.2 --expect100-timeout 1 -x "" http://169.254.169.254/latest/meta-data/instance-id
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -q -e use_proxy=no --compression none -O - http://169.254.169.254/latest/meta-data/ami-id
