#!/bin/sh
IMDS_TOKEN=$(curl -sfg -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "$IMDS/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$IMDS/latest/meta-data/instance-id"
