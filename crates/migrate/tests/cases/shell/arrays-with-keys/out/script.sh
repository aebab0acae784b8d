#!/bin/bash
declare -A url=([id]=http://169.254.169.254/latest/meta-data/instance-id
  [mac]="http://169.254.169.254/latest/meta-data/mac")
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "${url[id]}"
for key in "${!url[@]}"; do curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "${url[$key]}"; done | sort
for each in "${url[@]}"; do curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$each"; done | sort
name=url_of_type
url_of_type=http://169.254.169.254/latest/meta-data/instance-type
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "${!name}"
