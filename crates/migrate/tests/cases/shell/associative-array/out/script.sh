#!/bin/bash
set -euo pipefail
declare -A fact
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
fact[id]=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf http://169.254.169.254/latest/meta-data/instance-id)
fact["type"]="$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf http://169.254.169.254/latest/meta-data/instance-type)"
for key in id type; do
	echo "$key=${fact[$key]}"
done
