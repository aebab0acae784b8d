#!/bin/bash
MACS=http://169.254.169.254/latest/meta-data/network/interfaces/macs
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
for mac in $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s $MACS/); do
    echo "$mac $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$MACS/${mac}vpc-id")"
done
