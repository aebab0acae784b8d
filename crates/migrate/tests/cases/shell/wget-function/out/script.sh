#!/bin/sh
meta() {
  IMDS_TOKEN=$(wget -qO- -t 2 -T 5 --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -t 2 -T 5 -q -O - "http://169.254.169.254/latest/meta-data/$1"
}
meta instance-id
