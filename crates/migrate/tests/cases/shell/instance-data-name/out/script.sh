#!/bin/sh
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://instance-data/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://instance-data/latest/meta-data/local-ipv4
