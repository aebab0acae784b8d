#!/bin/bash
IMDS_TOKEN=$(curl -sfg -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://[fd00:ec2::254]/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -g -s "http://[fd00:ec2::254]/latest/meta-data/instance-id"
