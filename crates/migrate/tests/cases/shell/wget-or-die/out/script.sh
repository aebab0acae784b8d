#!/bin/bash
set -euo pipefail
die() { echo "$*" >&2; exit 1; }
instance_id="`IMDS_TOKEN=$(wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || curl -sf -m 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -q -O - http://169.254.169.254/latest/meta-data/instance-id || die \"no instance-id: $?\"`"
test -n "$instance_id" || die 'no instance-id'
IMDS_TOKEN=$(curl -sf --retry 3 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
region=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" --silent --show-error --retry 3 http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region)
echo "$instance_id $region"
