#!/bin/bash
METADATA="http://169.254.169.254/latest/meta-data"
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
id=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s $METADATA/instance-id)
type=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s ${METADATA}/instance-type)
echo "$id $type"
