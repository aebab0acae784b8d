#!/bin/bash
get() {
  local url=${1:-http://169.254.169.254/latest/meta-data/instance-id}
  IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$url" $2
}
get
get http://169.254.169.254/latest/meta-data/ami-id
