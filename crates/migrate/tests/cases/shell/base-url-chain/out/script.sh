#!/bin/bash
HOST=169.254.169.254
ROOT="http://$HOST/latest"
META="$ROOT/meta-data"
DYN=${ROOT}/dynamic
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$META/ami-id"
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$DYN/instance-identity/document"
