#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
type=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-type) || type=
if [ "$type" = m5.large ]; then echo large
elif [ "${type%%.*}" = t3 ] || [ "${type%%.*}" = t2 ]; then
  echo "burst $(wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -qO- http://169.254.169.254/latest/meta-data/ami-launch-index)"
else echo other; fi
