#!/bin/bash
function fetch {
  IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  command -v curl >/dev/null && curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -fs "$1" || wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -qO- "$1"
}
ip=$(fetch http://169.254.169.254/latest/meta-data/local-ipv4)
echo "ip-${ip//./-}"
